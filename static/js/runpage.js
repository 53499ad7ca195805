/* Finding a row in a table while typing. Enter asks the server, as it does without this script. */
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

  // All rows are here already: to ask the server would only move the page.
  document.addEventListener("submit", (event) => {
    const field = event.target.querySelector("[data-narrow]");
    if (field && !field.hasAttribute("data-narrow-server")) event.preventDefault();
  });
})();
