/*
 * Metric comparison: the charts of the ticked runs below the run list, or of the first eight of it
 * when none is. Plotly comes in with the first chart. js/chartboard.js keeps what is changed of them.
 */
(() => {
  "use strict";

  const TOP = 8;
  const MOST = 40;
  const find = (id) => document.getElementById(id);
  const stored = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* Kept as long as the page. */ } },
  };
  let shown = "";
  let isClosed = false;
  let isAsked = false;
  let waiting = 0;

  function tickedRuns() {
    const form = find("selection");
    if (!form) return [];
    const here = [...form.querySelectorAll('[name="run"]:checked')].map((box) => box.value);
    const unticked = new Set([...form.querySelectorAll('[name="run"]:not(:checked)')].map((box) => box.value));
    const elsewhere = [...form.querySelectorAll(".picked button")].map((button) => button.value.split(":")[1]);
    return [...new Set([...here, ...elsewhere.filter((id) => id && !unticked.has(id))])].slice(0, MOST);
  }

  const firstRuns = () => [...document.querySelectorAll("#selection tr[data-run]")].slice(0, TOP).map((row) => row.dataset.run);
  // What the address of the list says of charts: runs.charts.address reads it.
  const CHART_KEYS = ["chart", "front", "x", "xs", "ys", "sm", "out"];
  const said = () => [...new URLSearchParams(location.search)].filter(([key]) => CHART_KEYS.includes(key));

  function query(runs) {
    const parts = new URLSearchParams([["runs", runs.join(",")], ...said()]);
    return `?${parts.toString().replaceAll("%2C", ",")}`;
  }

  /* Scripts run in the order in which they stand here. */
  function loadCharts(pane) {
    if (find("comparison-plotly") || document.querySelector('script[src*="plotly.min"]')) return;
    for (const [id, source] of [["comparison-plotly", pane.dataset.plotly], ["comparison-charts", pane.dataset.charts]]) {
      const script = document.createElement("script");
      Object.assign(script, { id, src: source, async: false });
      Object.assign(script.dataset, { light: pane.dataset.light, dark: pane.dataset.dark });
      document.head.append(script);
    }
  }

  async function show({ force = false } = {}) {
    const pane = find("comparison");
    if (!pane) return;
    const ticked = tickedRuns();
    const isTop = ticked.length < 2;
    const runs = isTop ? firstRuns() : ticked;
    const isOpen = runs.length > 0 && (isAsked || (!isTop && !isClosed));
    find("comparison-open")?.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) {
      pane.hidden = true;
      shown = "";
      return;
    }
    const asked = query(runs);
    if (asked === shown && !pane.hidden && !force) return;
    shown = asked;
    pane.hidden = false;
    size(pane, Number(stored.get("comparison-height")) || 40);
    find("comparison-page").href = `${pane.dataset.page}${asked}`;
    const count = `${runs.length} ${runs.length === 1 ? "run" : "runs"}`;
    find("comparison-runs").textContent = isTop ? `The first ${count} of the list: tick runs to choose` : count;
    loadCharts(pane);
    // What fails is said in one line: a page of its own has no place in the pane.
    const body = find("comparison-body");
    body.addEventListener("htmx:beforeSwap", refuse, { once: true });
    await htmx.ajax("GET", `${pane.dataset.url}${asked}`, { target: "#comparison-body", swap: "innerHTML" });
  }

  function refuse(event) {
    if (event.detail.xhr.status < 400) return;
    event.detail.shouldSwap = false;
    const words = document.createElement("p");
    words.className = "notice";
    words.textContent = "The charts could not be read. Tick a run anew to try again.";
    event.target.replaceChildren(words);
    shown = "";
  }

  function later() {
    clearTimeout(waiting);
    waiting = setTimeout(show, 250);
  }

  document.addEventListener("selectionchange", later);
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target?.id === "comparison-body") return;
    // The list was filtered, or another page of it came in.
    later();
  });

  document.addEventListener("boardchange", () => show({ force: true }));

  document.addEventListener("click", (event) => {
    const pane = find("comparison");
    if (!pane) return;
    const open = event.target.closest("#comparison-open");
    if (open) {
      event.preventDefault();
      isAsked = pane.hidden;
      isClosed = !isAsked;
      show();
      return;
    }
    if (event.target.closest("#comparison-close")) {
      isAsked = false;
      isClosed = true;
      show();
      find("comparison-open")?.focus();
      return;
    }
  });

  /* Its height, in hundredths of the window. */

  function size(pane, share) {
    const kept = Math.min(80, Math.max(15, Math.round(share)));
    pane.style.setProperty("--pane-height", `${kept}vh`);
    pane.querySelector('[role="separator"]').setAttribute("aria-valuenow", kept);
    stored.set("comparison-height", kept);
  }

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(".comparison-handle")) return;
    const step = { ArrowUp: 5, ArrowDown: -5, Home: -100, End: 100 }[event.key];
    if (!step) return;
    event.preventDefault();
    size(find("comparison"), Number(event.target.getAttribute("aria-valuenow")) + step);
  });

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.(".comparison-handle");
    if (!handle) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const pane = find("comparison");
    const move = (moved) => size(pane, ((pane.getBoundingClientRect().bottom - moved.clientY) / innerHeight) * 100);
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), { once: true });
  });

  later();
})();
