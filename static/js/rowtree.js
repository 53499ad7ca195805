/*
 * Rows that open below another row. htmx brings them the first time; from then on they are hidden
 * and shown where they stand, so that no tick is lost. Without this script the openers are links.
 */
(() => {
  "use strict";

  const level = (row) => Number(row.dataset.level || 0);

  /** The rows below `row`, whatever their depth. */
  function below(row) {
    const found = [];
    for (let next = row.nextElementSibling; next && level(next) > level(row); next = next.nextElementSibling) found.push(next);
    return found;
  }

  function toggle(opener, opens) {
    const row = opener.closest("tr");
    opener.setAttribute("aria-expanded", String(opens));
    let closedAt = Infinity;
    for (const each of below(row)) {
      if (level(each) <= closedAt) closedAt = Infinity;
      each.hidden = !opens || level(each) > closedAt;
      if (each.querySelector('.opener[aria-expanded="false"]') && level(each) < closedAt) closedAt = level(each);
    }
  }

  // Before htmx hears of it: what was brought once is not asked for again.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest(".opener");
    if (!opener || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!below(opener.closest("tr")).length) return;
    event.preventDefault();
    event.stopPropagation();
    toggle(opener, opener.getAttribute("aria-expanded") !== "true");
  }, true);

  document.addEventListener("keydown", (event) => {
    const ownOpener = event.target.closest(".opener");
    const opener = ownOpener ?? event.target.closest("tr:has(.opener) .row-name, tr:has(.opener) .group-name")?.closest("tr").querySelector(".opener");
    if (!opener || ![...(ownOpener ? [" "] : []), "ArrowRight", "ArrowLeft"].includes(event.key)) return;
    const isOpen = opener.getAttribute("aria-expanded") === "true";
    event.preventDefault();
    if (event.key === " " || isOpen === (event.key === "ArrowLeft")) opener.click();
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const opener = event.detail.requestConfig?.elt;
    if (opener?.matches?.(".opener") && !event.detail.isError) opener.setAttribute("aria-expanded", "true");
  });
})();
