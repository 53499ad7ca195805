/*
 * Charts that stand on a page of runs, in its [data-charts-here]: what is changed of them stands in
 * the address of that page, though the page of the comparison makes the change.
 */
(() => {
  "use strict";

  const KEYS = ["chart", "front"];
  const place = () => document.querySelector("[data-charts-here]");

  function keep(address) {
    const here = new URL(location.href);
    const there = new URL(address, location.href).searchParams;
    for (const key of KEYS) {
      here.searchParams.delete(key);
      for (const text of there.getAll(key)) here.searchParams.append(key, text);
    }
    history.replaceState(history.state, "", here);
    place().dispatchEvent(new CustomEvent("boardchange", { bubbles: true }));
  }

  // What keeps the address in a saved view keeps these changes, too, of which the server knows nothing.
  document.addEventListener("click", (event) => {
    const keeper = event.target.closest?.("[data-keeps-address]");
    if (keeper) {
      const holder = keeper.form ?? keeper;
      const name = keeper.form ? "action" : "href";
      holder.setAttribute(name, holder.getAttribute(name).replace(/(\?.*)?$/, location.search));
    }
    const change = event.target.closest?.("[data-charts-here] a[data-board]");
    if (change && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      keep(change.href);
    }
  });

  /* What the server has not seen of the address goes on with the filter and with other addresses of the list. */

  const KEPT = [...KEYS, "pane", "runs"];
  const pathOf = (path) => path.replace(/charts\/$/, "");

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "run-filter") return;
    const here = new URLSearchParams(location.search);
    for (const key of KEPT) {
      if (here.has(key)) event.detail.parameters[key] = here.getAll(key);
      else delete event.detail.parameters[key];
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("#content a[href]");
    const there = link && new URL(link.href);
    if (!there || there.origin !== location.origin || pathOf(there.pathname) !== pathOf(location.pathname)) return;
    if (link.matches("[data-board]") || there.searchParams.has("view")) return;
    const here = new URLSearchParams(location.search);
    for (const key of KEPT) {
      there.searchParams.delete(key);
      for (const text of here.getAll(key)) there.searchParams.append(key, text);
    }
    link.href = there;
  }, true);

  document.addEventListener("submit", async (event) => {
    const dialog = event.target.closest("#chart-editor");
    if (!dialog || !place()) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(event.target, event.submitter));
    const response = await fetch(`${event.target.getAttribute("action")}?${fields}`, { headers: { "HX-Request": "true" } });
    if (response.redirected) {
      dialog.close();
      keep(response.url);
    } else {
      dialog.innerHTML = await response.text();
      htmx.process(dialog);
      dialog.querySelector('[role="alert"]')?.scrollIntoView();
    }
  });

  /* The charts of an experiment are drawn anew when one of them, or what is ticked, is another. */

  const picked = () => [...document.querySelectorAll('.slim-runs [name="run"]:checked, .slim-runs .picked button')].map((each) => each.value).join();
  let shown = picked();
  let waiting = 0;

  function draw() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (picked() !== shown) {
        // Ticks take the place of the runs that a link brought along.
        const here = new URL(location.href);
        here.searchParams.delete("runs");
        history.replaceState(history.state, "", here);
      }
      shown = picked();
      htmx.ajax("GET", location.href, { target: "#charts-main", select: "#charts-main", swap: "outerHTML" }).then(color);
    }, 200);
  }

  /* The runs beside the charts have the colors that they have there. */
  function color() {
    for (const row of document.querySelectorAll(".slim-runs tr[data-run]")) {
      row.querySelector(".swatch")?.remove();
      const swatch = document.querySelector(`[data-charted="${row.dataset.run}"] .swatch`);
      if (swatch) row.querySelector(".tick-box").after(swatch.cloneNode(true));
    }
  }

  document.addEventListener("boardchange", (event) => {
    if (event.target.id === "charts-main") draw();
  });
  // selection.js says so once the server has kept the ticks.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target === document && document.querySelector(".slim-runs") && picked() !== shown) draw();
  });
})();
