/*
 * Metric comparison: the charts of the ticked runs beside or below the run list, or of the first
 * eight of it when none is. Plotly comes in with the first chart. js/chartboard.js keeps what is
 * changed of them; pane=right, bottom or off in the address says where the pane is, and runs= which
 * runs it charts, so that whoever has the link sees the same.
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
  // In hundredths of the window, which is what a separator says of itself.
  const SIZES = {
    right: { least: 22, most: 65, usual: 38, more: "ArrowLeft", less: "ArrowRight", property: "--pane-width", unit: "vw", word: "Width", orientation: "vertical" },
    bottom: { least: 15, most: 80, usual: 40, more: "ArrowUp", less: "ArrowDown", property: "--pane-height", unit: "vh", word: "Height", orientation: "horizontal" },
  };
  const address = new URLSearchParams(location.search);
  const asked = address.get("pane");
  // A phone has room for one of both: there the pane lies over the list, and only if asked for.
  const phone = matchMedia("(max-width: 899px)");
  const wide = matchMedia("(min-width: 1280px)");
  let wanted = asked in SIZES ? asked : stored.get("comparison-dock");
  let shown = "";
  let isClosed = asked === "off";
  // What a link brought along holds until somebody ticks.
  let linked = (address.get("runs") ?? "").split(",").filter(Boolean).slice(0, MOST);
  let isAsked = asked in SIZES || (phone.matches && linked.length > 1 && !isClosed);
  let waiting = 0;

  const dock = () => (wide.matches && wanted !== "bottom" ? "right" : "bottom");

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

  function say(key, text) {
    const here = new URL(location.href);
    if (text) here.searchParams.set(key, text);
    else here.searchParams.delete(key);
    here.search = here.search.replaceAll("%2C", ",");
    history.replaceState(history.state, "", here);
  }

  /* Scripts run in the order in which they stand here. */
  function loadCharts(pane) {
    if (find("comparison-plotly") || document.querySelector('script[src*="plotly.min"]')) return;
    for (const source of [pane.dataset.plotly, ...pane.dataset.charts.split(" ")]) {
      const script = document.createElement("script");
      Object.assign(script, { src: source, async: false });
      Object.assign(script.dataset, { light: pane.dataset.light, dark: pane.dataset.dark });
      if (source === pane.dataset.plotly) script.id = "comparison-plotly";
      document.head.append(script);
    }
  }

  async function show({ force = false } = {}) {
    const pane = find("comparison");
    if (!pane) return;
    const ticked = tickedRuns();
    const chosen = linked.length > 1 ? linked : ticked;
    const isTop = chosen.length < 2;
    const runs = isTop ? firstRuns() : chosen;
    const isOpen = runs.length > 0 && (isAsked || (!isTop && !isClosed && !phone.matches));
    find("comparison-open")?.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) {
      pane.hidden = true;
      shown = "";
      return;
    }
    const question = query(runs);
    if (question === shown && !pane.hidden && !force) return;
    shown = question;
    pane.hidden = false;
    place(pane);
    find("comparison-page").href = `${pane.dataset.page}${question}`;
    const count = `${runs.length} ${runs.length === 1 ? "run" : "runs"}`;
    find("comparison-runs").textContent = isTop ? `The first ${count} of the list: tick runs to choose` : count;
    loadCharts(pane);
    // What fails is said in one line: a page of its own has no place in the pane.
    const body = find("comparison-body");
    body.addEventListener("htmx:beforeSwap", refuse, { once: true });
    await htmx.ajax("GET", `${pane.dataset.url}${question}`, { target: "#comparison-body", swap: "innerHTML" });
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

  document.addEventListener("selectionchange", (event) => {
    // A field says so, too, when text in it is marked.
    if (event.target.id !== "selection") return;
    linked = [];
    const ticked = tickedRuns();
    say("runs", ticked.length > 1 ? ticked.join() : "");
    later();
  });
  document.addEventListener("boardchange", () => show({ force: true }));
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target?.id === "comparison-body") return;
    // The list was filtered, or another page of it came in.
    later();
  });

  function open() {
    isAsked = true;
    isClosed = false;
    say("pane", dock());
    show();
    if (phone.matches) find("comparison-close").focus();
  }

  function close() {
    isAsked = false;
    isClosed = true;
    say("pane", "off");
    show();
    find("comparison-open")?.focus();
  }

  document.addEventListener("click", (event) => {
    const pane = find("comparison");
    if (!pane) return;
    if (event.target.closest("#comparison-open, [data-comparison]")) {
      event.preventDefault();
      if (pane.hidden) open();
      else close();
      return;
    }
    if (event.target.closest("#comparison-close")) close();
    const choice = event.target.closest("[data-dock]")?.dataset.dock;
    if (choice && choice !== pane.dataset.dock) {
      wanted = choice;
      stored.set("comparison-dock", choice);
      say("pane", choice);
      place(pane);
    }
    const step = event.target.closest("[data-pane-step]");
    if (step) size(pane, sizeOf(pane) + Number(step.dataset.paneStep));
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && phone.matches && isAsked && !document.querySelector("details.menu[open], dialog[open]")) close();
  });

  /* Where it is, and how large. */

  const handleOf = (pane) => pane.querySelector('[role="separator"]');
  const sizeOf = (pane) => Number(handleOf(pane).getAttribute("aria-valuenow"));

  function place(pane) {
    const side = dock();
    pane.dataset.dock = side;
    const { least, most, usual, word, orientation } = SIZES[side];
    const handle = handleOf(pane);
    handle.setAttribute("aria-orientation", orientation);
    handle.setAttribute("aria-valuemin", least);
    handle.setAttribute("aria-valuemax", most);
    handle.setAttribute("aria-label", `${word} of the comparison: arrow keys change it`);
    for (const button of pane.querySelectorAll("button[data-dock]")) button.setAttribute("aria-pressed", String(button.dataset.dock === side));
    size(pane, Number(stored.get(`comparison-${side}`)) || usual);
  }

  function size(pane, share) {
    const side = SIZES[pane.dataset.dock];
    const kept = Math.min(side.most, Math.max(side.least, Math.round(share)));
    pane.style.setProperty(side.property, `${kept}${side.unit}`);
    handleOf(pane).setAttribute("aria-valuenow", kept);
    stored.set(`comparison-${pane.dataset.dock}`, kept);
  }

  wide.addEventListener("change", () => {
    const pane = find("comparison");
    if (pane && !pane.hidden) place(pane);
  });

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.(".comparison-handle")) return;
    const pane = find("comparison");
    const { more, less } = SIZES[pane.dataset.dock];
    const step = { [more]: 5, [less]: -5, Home: -100, End: 100 }[event.key];
    if (!step) return;
    event.preventDefault();
    size(pane, sizeOf(pane) + step);
  });

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest?.(".comparison-handle");
    if (!handle) return;
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    const pane = find("comparison");
    const move = (moved) => {
      const edge = pane.getBoundingClientRect();
      size(pane, pane.dataset.dock === "right" ? ((edge.right - moved.clientX) / innerWidth) * 100 : ((edge.bottom - moved.clientY) / innerHeight) * 100);
    };
    handle.addEventListener("pointermove", move);
    handle.addEventListener("lostpointercapture", () => handle.removeEventListener("pointermove", move), { once: true });
  });

  later();
})();
