/* Keys of a comparison: b, d, t press the link that carries them; n and p go from difference to
 * difference. 1 to 7 are the tabs, as on every page with tabs (app.js). */
(() => {
  "use strict";

  const all = (selector) => [...document.querySelectorAll(selector)];
  const typing = (element) =>
    element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio])");

  function step(by) {
    const found = all("[data-difference]").filter((each) => each.getClientRects().length);
    if (!found.length) return false;
    const here = found.findIndex((each) => each.matches("[data-at]"));
    const next = found[here < 0 ? (by > 0 ? 0 : found.length - 1) : (here + by + found.length) % found.length];
    for (const each of found) each.removeAttribute("data-at");
    next.dataset.at = "";
    const target = next.querySelector("th, summary, a") || next;
    if (!target.matches("a, summary")) target.tabIndex = -1;
    target.focus();
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
    return true;
  }

  /* Names as a tree: a beginning hides what stands below it, and shows all of that again. */

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-branch]");
    if (!button) return;
    const open = button.getAttribute("aria-expanded") !== "true";
    const row = button.closest("tr");
    button.setAttribute("aria-expanded", open);
    for (let next = row.nextElementSibling; next && +next.dataset.depth > +row.dataset.depth; next = next.nextElementSibling) {
      next.hidden = !open;
      next.querySelector("[data-branch]")?.setAttribute("aria-expanded", open);
    }
  });

  /* Pictures: one size for all, and what is scrolled in one is scrolled in all. */

  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-size]");
    const images = choice && document.querySelector("[data-images]");
    if (!images || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    images.dataset.images = choice.dataset.size;
    for (const each of all("[data-size]")) each.removeAttribute("aria-current");
    choice.setAttribute("aria-current", "true");
    history.replaceState(null, "", choice.href);
  });

  /* The step of pictures, and how much of two of them is seen. */
  document.addEventListener("input", (event) => {
    const range = event.target;
    if (range.matches("[data-steps]")) range.form.elements.at.selectedIndex = range.value;
    if (range.matches("[data-swipe]")) document.querySelector(".compare-pair").style.setProperty("--at", `${range.value}%`);
  });
  document.addEventListener("change", (event) => {
    const range = event.target.name === "at" && event.target.form.querySelector("[data-steps]");
    if (range) range.value = event.target.selectedIndex;
  });

  let leader = null;
  document.addEventListener("scroll", (event) => {
    const image = event.target;
    if (!image.matches?.(".compare-image") || (leader && leader !== image)) return;
    leader = image;
    for (const other of all(".compare-image")) {
      if (other !== image) other.scrollTo(image.scrollLeft, image.scrollTop);
    }
    requestAnimationFrame(() => requestAnimationFrame(() => (leader = null)));
  }, true);

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]") || event.defaultPrevented) return;
    if (event.key === "n" || event.key === "p") {
      if (step(event.key === "n" ? 1 : -1)) event.preventDefault();
      return;
    }
    const link = /^[a-z]$/.test(event.key) && document.querySelector(`[data-press="${event.key}"]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  });
})();
