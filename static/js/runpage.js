/* The page of one run: rows are found while one types, forms are ready once they open, and the
   keys e and t open those of the note and of a new tag. */
"use strict";

(() => {
  function narrow(field) {
    const sought = field.value.trim().toLowerCase();
    const panel = field.closest(".panel");
    let found = 0;
    for (const row of panel.querySelectorAll("tbody tr[data-text]")) {
      row.hidden = !row.dataset.text.toLowerCase().includes(sought);
      if (!row.hidden) found += 1;
    }
    for (const heading of panel.querySelectorAll("tr.section")) heading.hidden = sought !== "";
    const none = panel.querySelector(".narrow-none");
    if (none) none.hidden = found > 0;
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-narrow]")) narrow(event.target);
  });

  // Rows that came again are narrowed again.
  document.addEventListener("htmx:afterSettle", () => {
    for (const field of document.querySelectorAll("[data-narrow]")) if (field.value) narrow(field);
  });

  // What opens a form is followed by writing in it. The event does not bubble.
  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.open && event.target.matches(".panel-edit, .tag-row, .menu:has(.rename)")) {
        event.target.querySelector("input:not([type=hidden]), textarea")?.focus();
      }
    },
    true,
  );

  const KEYS = { e: "#notes .panel-edit > summary", t: "#tags .panel-edit > summary" };

  document.addEventListener("keydown", (event) => {
    const summary = Object.hasOwn(KEYS, event.key) && document.querySelector(KEYS[event.key]);
    const typing = event.target.matches("textarea, select, input:not([type=checkbox], [type=radio])");
    if (!summary || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    summary.click();
  });

  // All rows are here already: to ask the server would only move the page.
  document.addEventListener("submit", (event) => {
    const field = event.target.querySelector("[data-narrow]");
    if (field && !field.hasAttribute("data-narrow-server")) event.preventDefault();
  });
})();
