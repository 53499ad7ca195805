/*
 * What all keys have in common: that those of a single letter can be switched off, that one row of a
 * table takes part in tabbing while the arrows go from row to row, and the list of all keys.
 */
(() => {
  "use strict";

  const typing = (element) =>
    element.isContentEditable || element.matches?.("textarea, select, input:not([type=checkbox], [type=radio])");

  function areOff() {
    try {
      return localStorage.getItem("shortcuts") === "off";
    } catch {
      return false;
    }
  }

  // Before all others; arrows, Space, Enter, Esc and Ctrl K stay.
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !/^\S$/.test(event.key)) return;
    if (areOff() && !typing(event.target) && !event.target.closest?.("dialog")) event.stopImmediatePropagation();
  }, true);

  const show = () => document.querySelectorAll("[data-shortcuts]").forEach((box) => (box.checked = !areOff()));

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-shortcuts]")) return;
    try {
      localStorage.setItem("shortcuts", event.target.checked ? "on" : "off");
    } catch { /* Nothing is kept where nothing may be. */ }
    show();
  });

  /* Of the rows of a table one takes part in tabbing: that which had the focus last, or the first. */

  const currents = new WeakMap();
  const controlsOf = (row) => row.querySelectorAll("a[href], button, input, summary");

  function rove(table) {
    const rows = [...table.querySelectorAll("tbody tr")].filter((row) => !row.hidden && row.querySelector("th[scope=row] a"));
    const current = rows.includes(currents.get(table)) ? currents.get(table) : rows[0];
    currents.set(table, current);
    for (const row of rows) {
      const index = row === current ? 0 : -1;
      for (const control of controlsOf(row)) if (control.tabIndex !== index) control.tabIndex = index;
    }
  }

  const roveAll = () => document.querySelectorAll("table[data-rows]").forEach(rove);

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("table[data-rows] tbody tr");
    const table = row?.closest("table");
    if (!row || currents.get(table) === row) return;
    currents.set(table, row);
    rove(table);
  });
  document.addEventListener("htmx:afterSettle", roveAll);

  /* The list of all keys, over the page that asks for it. */

  document.addEventListener("click", async (event) => {
    const link = event.target.closest?.("[data-help]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || document.getElementById("shortcuts")) return;
    event.preventDefault();
    const answer = await fetch(link.href).catch(() => null);
    const page = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = page && page.getElementById("shortcuts");
    if (!list) {
      location.assign(link.href);
      return;
    }
    const dialog = document.createElement("dialog");
    dialog.setAttribute("aria-labelledby", "shortcuts-title");
    dialog.className = "dialog-wide";
    dialog.append(list);
    const close = document.createElement("button");
    Object.assign(close, { className: "button button-small button-quiet", textContent: "Close" });
    close.dataset.close = "";
    list.querySelector(".panel-header").append(close);
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    show();
    dialog.showModal();
  });

  show();
  roveAll();
})();
