/*
 * Customize columns, beyond the form that it is: lines that can be dragged, and a tick for all names
 * that begin alike.
 */
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  /* The form sends its lines in the order in which they stand. */

  let dragged = null;

  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-line]") ?? null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", "");
    dragged.classList.add("is-dragged");
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && event.target.closest?.("[data-line]");
    if (!over || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    if (over === dragged) return;
    const { top, height } = over.getBoundingClientRect();
    if (event.clientY < top + height / 2) over.before(dragged);
    else over.after(dragged);
  });
  document.addEventListener("drop", (event) => {
    if (dragged) event.preventDefault();
  });
  document.addEventListener("dragend", () => {
    dragged?.classList.remove("is-dragged");
    dragged = null;
  });

  /* One tick for the names below it: some, all or none. */

  const membersOf = (box) => all("input", box.closest("label").nextElementSibling);

  function showFamilies() {
    for (const box of all("[data-family]")) {
      const ticked = membersOf(box).filter((member) => member.checked).length;
      box.checked = ticked > 0 && ticked === membersOf(box).length;
      box.indeterminate = ticked > 0 && !box.checked;
    }
  }

  function prepare() {
    for (const line of all("[data-line]")) line.draggable = true;
    showFamilies();
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-family]")) {
      for (const member of membersOf(event.target)) member.checked = event.target.checked;
    } else if (event.target.closest("[data-families]")) showFamilies();
    // What is ticked while an answer is under way is not in it: ask again.
    const asking = event.target.closest(".column-form")?.querySelector("[name=find].htmx-request");
    if (asking) htmx.trigger(asking, "again");
  });
  document.addEventListener("htmx:afterSettle", prepare);
  addEventListener("pageshow", prepare);
})();
