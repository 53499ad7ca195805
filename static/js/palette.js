/*
 * The search of a workspace in a dialog: Ctrl or ⌘ and K, or the button at the top. Without it the
 * button leads to the page of the search.
 */
(() => {
  "use strict";

  const dialog = document.getElementById("palette");
  if (!dialog) return;
  const field = dialog.querySelector("input");
  const results = dialog.querySelector(".palette-results");
  const links = () => [...results.querySelectorAll("a")];
  let asked = 0;
  let waiting = 0;

  async function ask() {
    const number = (asked += 1);
    const form = field.form;
    try {
      const answer = await fetch(`${form.action}?q=${encodeURIComponent(field.value)}`, { headers: { "HX-Request": "true" } });
      if (number !== asked) return;
      const html = answer.ok ? await answer.text() : "";
      // An answer that comes late keeps the place of who has gone on to a result.
      const here = links().indexOf(document.activeElement);
      const href = here < 0 ? "" : document.activeElement.href;
      results.innerHTML = html;
      if (here >= 0) (links().find((link) => link.href === href) ?? links()[0] ?? field).focus();
    } catch {
      document.dispatchEvent(new CustomEvent("htmx:sendError"));
    }
  }

  function open() {
    if (document.querySelector("dialog[open]")) return;
    dialog.showModal();
    field.select();
    ask();
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 150);
  });

  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const list = links();
    if (step) {
      event.preventDefault();
      const place = list.indexOf(document.activeElement) + step;
      (place < 0 ? field : list[Math.min(place, list.length - 1)])?.focus();
    } else if (event.key === "Enter" && document.activeElement === field && list.length) {
      event.preventDefault();
      list[0].click();
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      field.focus();
    }
  });

  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
    }
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-search]");
    if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
})();
