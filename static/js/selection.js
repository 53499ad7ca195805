/*
 * Keeps the ticks of a run list on the server as they are made, so that another page of the list,
 * or a run and the way back, finds them again. Without it every button of the bar keeps them.
 */
(() => {
  "use strict";

  let form = null;
  let bar = null;
  let known = new Set();
  let sending = Promise.resolve();
  let changes = 0;
  // What the server has not been told yet: whether a run is ticked, by its id.
  const unsent = new Map();
  const boxes = () => [...form.querySelectorAll('[name="run"]')];
  const ticked = () => boxes().filter((box) => box.checked);
  const values = (list) => list.map((box) => box.value);

  // A filter brings the list in anew, with its form.
  function attach() {
    const here = document.getElementById("selection");
    if (here === form) return;
    form = here?.querySelector(".selection-bar") ? here : null;
    bar = form?.querySelector(".selection-bar");
    if (!form) return;
    known = new Set(values(ticked()));
    form.addEventListener("selectionchange", keep);
    form.addEventListener("click", unpick);
    form.addEventListener("change", pickGroup);
    for (const box of form.querySelectorAll("[data-some]")) box.indeterminate = true;
  }

  function show(html, here, isNews) {
    if (!form) return;
    const list = new DOMParser().parseFromString(html, "text/html").getElementById("selection-list");
    if (!list) return;
    // What was ticked since it was asked is on its way.
    if (list.dataset.ticked !== undefined && isNews) {
      const kept = list.dataset.ticked.split(",");
      for (const box of boxes()) box.checked = kept.includes(box.value);
      known = new Set(values(ticked()));
      here = known.size;
    }
    form.dataset.elsewhere = Math.max(list.dataset.count - here, 0);
    bar.toggleAttribute("data-kept", form.dataset.elsewhere > 0);
    document.getElementById("selection-list").replaceWith(list);
    document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  }

  // One after another, so that the last answer is of the last tick; also while the page is left.
  // Resolves to whether the server took it.
  function send(fields) {
    const here = ticked().length;
    const before = changes;
    const body = new URLSearchParams(fields);
    body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    sending = sending.then(async () => {
      try {
        const answer = await fetch(form.action, {
          method: "POST",
          body,
          headers: { "HX-Request": "true" },
          keepalive: true,
        });
        if (answer.ok) {
          show(await answer.text(), here, changes === before);
          return true;
        }
      } catch {
        // Said like every other failure.
      }
      document.dispatchEvent(new CustomEvent("htmx:sendError"));
      return false;
    });
    return sending;
  }

  function keep() {
    const now = new Set(values(ticked()));
    const changed = values(boxes()).filter((id) => now.has(id) !== known.has(id));
    known = now;
    changes += 1;
    for (const id of changed) unsent.set(id, now.has(id));
    tell();
  }

  async function tell() {
    if (!unsent.size) return;
    const told = [...unsent];
    unsent.clear();
    const runs = told.filter(([, isTicked]) => isTicked).map(([id]) => ["run", id]);
    if (await send([["shown", told.map(([id]) => id).join(",")], ...runs])) return;
    // Once more with what is sent next.
    for (const [id, isTicked] of told) if (!unsent.has(id)) unsent.set(id, isTicked);
  }

  function compare() {
    if (!form) return;
    tell();
    send([["page", values(boxes()).join(",")]]);
  }

  // Rows that open below another one come without their ticks.
  document.addEventListener("htmx:afterSwap", () => {
    attach();
    compare();
  });

  // Ticks of a page that the browser kept in its memory may have been changed elsewhere since.
  addEventListener("pageshow", (event) => {
    const [navigation] = performance.getEntriesByType("navigation");
    if (event.persisted || navigation?.type === "back_forward") compare();
  });

  // The box of a group stands for its runs, of which some may be open below it.
  async function pickGroup({ target }) {
    if (target.name !== "group") return;
    await send([[target.checked ? "group" : "was", target.value]]);
    // A button that is pressed before that says it once more.
    target.nextElementSibling.disabled = !target.checked;
    compare();
  }

  async function unpick(event) {
    const button = event.target.closest("[data-quiet]");
    if (!button) return;
    event.preventDefault();
    const id = button.value.split(":")[1];
    const items = [...form.querySelectorAll(".picked button")];
    const place = items.indexOf(button);
    for (const box of boxes()) if (!id || box.value === id) box.checked = false;
    known = new Set(values(ticked()));
    await send([["do", button.value]]);
    // What held the focus is gone now.
    const next = form.querySelectorAll(".picked button");
    (id && next.length ? next[Math.min(place, next.length - 1)] : boxes()[0])?.focus();
  }

  attach();
})();
