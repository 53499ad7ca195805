/*
 * Keeps the first page of a run list true: cells change where they stand, and new runs wait behind
 * a button, so that nothing moves under the pointer and no tick, focus or place is lost.
 */
(() => {
  "use strict";

  const shown = () => document.querySelector("form[data-live]");
  const rowsOf = (form) => new Map([...form.querySelectorAll("tr[data-run]")].map((row) => [row.dataset.run, row]));
  const FAILURES = 5;
  let failures = 0;

  // A time says itself anew as it passes, and so does what has lasted so far: neither is news.
  const news = (cell) => (cell.querySelector("time") || "ticking" in cell.dataset ? "" : cell.textContent.trim());

  function updateRow(row, fresh) {
    const cells = [...row.querySelectorAll("td")];
    const freshCells = [...fresh.querySelectorAll("td")];
    // Columns come and go with the names that runs log; those wait for a new page, too.
    if (cells.length !== freshCells.length) return;
    cells.forEach((cell, index) => {
      const freshCell = freshCells[index];
      if (cell.contains(document.activeElement) || cell.isEqualNode(freshCell)) return;
      if (news(cell) !== news(freshCell)) freshCell.classList.add("flash");
      cell.replaceWith(freshCell);
    });
  }

  function update(form, fresh) {
    const rows = rowsOf(form);
    const freshRows = rowsOf(fresh);
    for (const [id, row] of rows) {
      if (freshRows.has(id)) updateRow(row, freshRows.get(id));
    }
    const added = [...freshRows.keys()].filter((id) => !rows.has(id)).length;
    const button = form.querySelector("#new-runs");
    button.hidden = added === 0;
    button.querySelector("span").textContent = added === 1 ? "1 new run" : `${added} new runs`;
    form.dataset.seconds = fresh.dataset.seconds;
    form.querySelector("#run-summary")?.replaceWith(fresh.querySelector("#run-summary") ?? "");
    const total = document.getElementById("run-total");
    if (total) total.textContent = fresh.dataset.total;
    document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  }

  async function ask(form) {
    const response = await fetch(form.dataset.live, { headers: { "HX-Request": "true" } });
    if (!response.ok) throw new Error(response.statusText);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("form[data-live]");
    if (fresh) update(form, fresh);
  }

  function wait() {
    const form = shown();
    if (!form) return;
    setTimeout(async () => {
      // Who has stopped the updates has taken the line away that says them.
      if (!document.getElementById("live")) return;
      if (!document.hidden) {
        try {
          await ask(form);
          failures = 0;
        } catch {
          failures += 1;
        }
      }
      if (failures < FAILURES) wait();
      else document.getElementById("live").textContent = "The server does not answer. Reload to try again.";
    }, Number(form.dataset.seconds) * 1000);
  }

  wait();
})();
