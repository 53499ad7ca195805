/*
 * Quick look: the panel beside a run list is filled anew for another run, and the list stays as it
 * is. The address says which run it is, so without this script every button is a link to the page.
 */
(() => {
  "use strict";

  const panel = () => document.getElementById("quick-look");
  const isOpen = () => Boolean(panel()) && !panel().hidden;
  const rows = () => [...document.querySelectorAll("#selection tr[data-run]")].filter((row) => !row.hidden);
  const rowOf = (id) => rows().find((row) => row.dataset.run === id);
  const lookOf = (row) => row?.querySelector(".row-look")?.href;
  const runIn = (address) => new URL(address, location.href).searchParams.get("look") ?? "";
  // Over the whole page, the way back closes it.
  const isSheet = matchMedia("(max-width: 599px)");
  let shown = runIn(location.href);
  let asked = 0;
  let waiting = 0;

  function mark() {
    const all = rows();
    const place = all.findIndex((row) => row.dataset.run === shown);
    for (const row of all) row.toggleAttribute("data-looked", isOpen() && row.dataset.run === shown);
    for (const [name, row] of [["up", place > 0 && all[place - 1]], ["down", place >= 0 && all[place + 1]]]) {
      const link = panel()?.querySelector(`[data-look="${name}"]`);
      if (!link) continue;
      link.toggleAttribute("aria-disabled", !row);
      if (row) link.href = lookOf(row);
      else link.setAttribute("aria-disabled", "true");
    }
  }

  /** Fill the panel with what `address` opens. The focus goes to its heading if `takesFocus`. */
  async function open(address, takesFocus) {
    const mine = ++asked;
    panel().setAttribute("aria-busy", "true");
    let text = "";
    try {
      const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Target": "quick-look" } });
      text = answer.ok ? await answer.text() : "";
    } catch { /* The page says what is wrong. */ }
    if (mine !== asked) return;
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("quick-look");
    if (!fresh) {
      location.assign(address);
      return;
    }
    const had = panel().contains(document.activeElement) && document.activeElement.dataset.look;
    const wasOpen = isOpen();
    panel().replaceWith(fresh);
    shown = runIn(address);
    if (runIn(location.href) !== shown) {
      if (!wasOpen && isSheet.matches) history.pushState({ look: true }, "", address);
      else history.replaceState(history.state, "", address);
    }
    mark();
    rowOf(shown)?.scrollIntoView({ block: "nearest" });
    const again = had && had !== "run" && fresh.querySelector(`[data-look="${had}"]:not([aria-disabled])`);
    if (again) again.focus();
    else if (takesFocus) document.getElementById("quick-look-title").focus();
    document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  }

  function close() {
    const row = rowOf(shown);
    const rest = panel().querySelector('[data-look="close"]')?.href ?? location.pathname;
    asked += 1;
    panel().hidden = true;
    if (history.state?.look) history.back();
    else history.replaceState(history.state, "", rest);
    mark();
    shown = "";
    const link = row?.querySelector("th .row-name, .row-look") ?? document.getElementById("runs");
    link?.focus();
  }

  function step(by) {
    const all = rows();
    const next = all[all.findIndex((row) => row.dataset.run === shown) + by];
    if (next) open(lookOf(next), true);
  }

  // What htmx has put into the history it takes back itself.
  addEventListener("popstate", () => {
    if (!panel() || history.state?.htmx) return;
    const run = runIn(location.href);
    if (run && run !== shown) open(location.href, true);
    else if (!run && isOpen()) {
      const row = rowOf(shown);
      const hadFocus = panel().contains(document.activeElement);
      panel().hidden = true;
      shown = "";
      mark();
      if (hadFocus) row?.querySelector(".row-name")?.focus();
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".row-look, [data-look]");
    if (!link || !panel() || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    if (link.getAttribute("aria-disabled") === "true") return;
    if (link.dataset.look === "close" || (link.matches(".row-look") && isOpen() && runIn(link.href) === shown)) close();
    else open(link.href, true);
  });

  // Where the focus goes in the list, the open panel follows.
  document.addEventListener("focusin", (event) => {
    const row = isOpen() && event.target.matches(".row-name") && event.target.closest("tr[data-run]");
    clearTimeout(waiting);
    if (row && row.dataset.run !== shown) waiting = setTimeout(() => isOpen() && open(lookOf(row), false), 120);
  });

  // Before app.js, for which j and k are those of the list.
  document.addEventListener("keydown", (event) => {
    if (!panel() || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open], details.menu[open]")) return;
    const row = event.target.matches(".row-name") && event.target.closest("tr[data-run]");
    const isInside = panel().contains(event.target);
    const by = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
    if (event.key === " " && row) {
      if (isOpen() && row.dataset.run === shown) close();
      else open(lookOf(row), true);
    } else if (event.key === "Escape" && isOpen() && (isInside || row || event.target === document.body)) close();
    else if (by && isInside) step(by);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  // The list was drawn anew, or rows opened in it.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!event.detail?.target) return;
    if (event.detail.target.id === "content") shown = isOpen() ? runIn(location.href) : "";
    mark();
  });
})();
