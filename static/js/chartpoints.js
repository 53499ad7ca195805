/*
 * What can be done with a drawn chart beside looking at it: its points by keyboard, its full size,
 * the rest of its legend, and the link that leads to it.
 */
(() => {
  "use strict";

  const STEP = 10;
  // By canvas: the trace and the point that were said last.
  const places = new WeakMap();

  const voice = document.createElement("p");
  voice.className = "sr-only";
  voice.setAttribute("aria-live", "polite");
  document.body.append(voice);

  /* A chart that can be walked through is more than an image. */

  function prepare(root) {
    for (const plot of root.querySelectorAll("[data-points]")) {
      plot.tabIndex = 0;
      plot.setAttribute("role", "application");
      plot.setAttribute("aria-roledescription", "chart: arrow keys go through its points");
    }
  }

  const numbers = (values) => (values ? Array.from(values, Number) : []);

  /* The lines and bars of a chart, each with its points, those among them that are no numbers. */
  function linesOf(canvas) {
    const lines = new Map();
    canvas._fullData.forEach((trace, curve) => {
      if (trace.visible !== true || trace.hoverinfo === "skip" || trace.opacity < 0.3) return;
      const [x, y] = [numbers(trace.x), numbers(trace.y)];
      const name = `${trace.legendgroup} ${trace.name}`;
      if (!lines.has(name)) lines.set(name, []);
      x.forEach((_, point) => {
        if (Number.isFinite(x[point]) && Number.isFinite(y[point])) lines.get(name).push({ trace, curve, point, x: x[point], y: y[point] });
      });
    });
    for (const line of lines.values()) line.sort((one, other) => one.x - other.x);
    return [...lines.values()].filter((line) => line.length);
  }

  function nearest(line, x) {
    return line.reduce((best, each, place) => (Math.abs(each.x - x) < Math.abs(line[best].x - x) ? place : best), 0);
  }

  function axisText(axis, value) {
    const ticks = axis.tickvals ? Array.from(axis.tickvals, Number).indexOf(value) : -1;
    if (ticks >= 0 && axis.ticktext) return plain(axis.ticktext[ticks]);
    if (axis.type === "date") return new Date(value).toISOString().slice(0, 19).replace("T", " ");
    return value.toLocaleString("en-US", { maximumSignificantDigits: 6 });
  }

  function plain(text) {
    const holder = document.createElement("textarea");
    holder.innerHTML = String(text).replaceAll("<br>", " ");
    return holder.value;
  }

  function wordsOf(canvas, { trace, point, x, y }) {
    const layout = canvas._fullLayout;
    const odd = trace.customdata?.[point] ?? trace.hovertext?.[point];
    const value = odd === undefined ? axisText(layout.yaxis, y) : plain(odd);
    const title = layout.xaxis.title?.text;
    return `${plain(trace.name)}: ${value}, ${title ? `${plain(title)} ` : ""}${axisText(layout.xaxis, x)}`;
  }

  const within = (place, list) => Math.min(list.length - 1, Math.max(0, place));
  const SIDEWAYS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -STEP, PageDown: STEP, Home: -Infinity, End: Infinity };

  function next(canvas, key) {
    let lines = linesOf(canvas);
    if (!lines.length) return null;
    // Bars and points of runs stand beside one another: they are as one line.
    if (lines.every((line) => line.length === 1)) lines = [lines.flat().sort((one, other) => one.x - other.x)];
    const here = places.get(canvas);
    const isHere = (each) => each.curve === here?.curve && each.point === here?.point;
    const row = Math.max(0, lines.findIndex((line) => line.some(isHere)));
    const line = lines[row];
    const place = line.findIndex(isHere);
    if (place < 0) return key === "ArrowLeft" || key === "End" ? line.at(-1) : line[0];
    const by = SIDEWAYS[key] ?? (lines.length === 1 ? { ArrowUp: -1, ArrowDown: 1 }[key] : 0);
    if (by) return line[within(place + by, line)];
    const other = lines[(row + (key === "ArrowDown" ? 1 : -1) + lines.length) % lines.length];
    return other[nearest(other, line[place].x)];
  }

  function go(canvas, key) {
    const there = next(canvas, key);
    if (!there) return;
    places.set(canvas, there);
    if (!wired.has(canvas)) wire(canvas);
    Plotly.Fx.hover(canvas, [{ curveNumber: there.curve, pointNumber: there.point }], there.trace.yaxis === "y2" ? "xy2" : "xy");
    voice.textContent = wordsOf(canvas, there);
  }

  function leave(canvas) {
    places.delete(canvas);
    Plotly.Fx.unhover(canvas);
  }

  const KEYS = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);

  document.addEventListener("keydown", (event) => {
    const plot = event.target.closest?.("[data-points]");
    if (event.target !== plot || !plot || event.ctrlKey || event.metaKey || event.altKey) return;
    const canvas = plot.querySelector(".chart-canvas");
    if (event.key === "f") {
      event.preventDefault();
      event.stopPropagation();
      enlarge(plot.closest("figure"));
    }
    if (!canvas?._fullData) return;
    if (KEYS.has(event.key)) {
      event.preventDefault();
      event.stopPropagation();
      go(canvas, event.key);
    } else if (event.key === "Escape" && places.has(canvas)) {
      event.preventDefault();
      event.stopPropagation();
      leave(canvas);
    }
  }, true);

  document.addEventListener("focusout", (event) => {
    const canvas = event.target.matches?.("[data-points]") && event.target.querySelector(".chart-canvas");
    if (canvas && places.has(canvas)) leave(canvas);
  });

  /*
   * The run that is pointed at, in the legend or in the plot, stands out from the others. What is drawn
   * is dimmed as it stands: asking Plotly to draw forty lines anew would take too long for that.
   */

  function highlight(canvas, owner) {
    for (const layer of canvas.querySelectorAll(".cartesianlayer .trace")) {
      const drawn = layer.__data__?.[0]?.trace ?? {};
      const isOther = owner && drawn.legendgroup !== owner;
      layer.style.opacity = owner ? (isOther ? 0.12 : 1) : "";
      for (const line of layer.querySelectorAll(".js-line")) line.style.strokeWidth = owner && !isOther && !(drawn.opacity < 0.3) ? "2.75px" : "";
    }
  }

  for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) {
    document.addEventListener(type, (event) => {
      const isOver = type === "pointerover" || type === "focusin";
      const line = event.target.closest?.("[data-line]");
      const canvas = (line ?? event.target.closest?.("[data-points]"))?.closest("figure")?.querySelector(".chart-canvas");
      if (!canvas?._fullData) return;
      if (line) highlight(canvas, isOver ? line.dataset.line : "");
      else if (isOver && !wired.has(canvas)) wire(canvas);
    });
  }

  const wired = new WeakSet();
  const FEW = 8;

  function wire(canvas) {
    wired.add(canvas);
    canvas.on("plotly_hover", ({ points }) => {
      const owners = new Set(canvas._fullData.map((trace) => trace.legendgroup));
      if (owners.size > FEW) highlight(canvas, points[0].fullData.legendgroup);
    });
    canvas.on("plotly_unhover", () => highlight(canvas, ""));
  }

  /* Full screen; where a browser has none, the whole window. */

  const enlarged = () => document.querySelector(".chart:fullscreen, .chart.is-full");

  function enlarge(figure) {
    if (document.fullscreenElement === figure) document.exitFullscreen();
    else if (figure.requestFullscreen) figure.requestFullscreen().catch(() => fill(figure));
    else fill(figure);
  }

  function fill(figure) {
    figure.classList.toggle("is-full");
    settle();
  }

  function settle() {
    const now = enlarged();
    for (const button of document.querySelectorAll("[data-full-screen]")) {
      button.setAttribute("aria-pressed", String(button.closest("figure") === now));
    }
    for (const canvas of document.querySelectorAll("[data-was-full] .chart-canvas, .chart:fullscreen .chart-canvas, .is-full .chart-canvas")) {
      Plotly.Plots.resize(canvas);
    }
    for (const each of document.querySelectorAll("[data-was-full]")) delete each.dataset.wasFull;
    if (now) now.dataset.wasFull = "";
  }

  document.addEventListener("fullscreenchange", settle);
  document.addEventListener("keydown", (event) => {
    const figure = document.querySelector(".chart.is-full");
    if (event.key === "Escape" && figure) fill(figure);
  });

  document.addEventListener("click", (event) => {
    const target = event.target;
    const link = target.closest?.("[data-copy-link]");
    // app.js copies what stands in data-copy.
    if (link) link.dataset.copy = new URL(link.dataset.copyLink, location.href);
    const full = target.closest?.("[data-full-screen]");
    if (full) enlarge(full.closest("figure"));
    const more = target.closest?.("[data-legend-more]");
    if (!more) return;
    const hidden = [...more.closest("ul").querySelectorAll("li[hidden]")];
    for (const item of hidden) item.hidden = false;
    more.closest("li").remove();
    hidden[0]?.querySelector("button").focus();
  }, true);

  // An empty choice of the bar above the charts need not be said.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "chart-bar") return;
    for (const [name, value] of Object.entries(event.detail.parameters)) {
      if (value === "") delete event.detail.parameters[name];
    }
  });

  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
  prepare(document);
})();
