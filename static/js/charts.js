// Draws the charts of a page. The server builds each figure and says where it is; this fetches it
// when its place comes near the window, and lays the theme's template over it.
(() => {
  "use strict";
  const own = document.currentScript.dataset;
  const config = {
    displaylogo: false, displayModeBar: false, doubleClick: "reset", plotlyServerURL: "", responsive: true, scrollZoom: false, showSendToCloud: false,
  };
  const templates = {};
  const figures = new Map();

  const theme = () => document.documentElement.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const template = (name) => (templates[name] ??= getJson(own[name]));
  const plotOf = (chart) => chart.querySelector(".chart-plot");

  async function getJson(url) {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (response.ok) return response.json();
    const refusal = await response.json().catch(() => ({}));
    throw new Error(refusal.message || `The server answered ${response.status}.`);
  }

  async function draw(chart) {
    const plot = plotOf(chart);
    plot.setAttribute("aria-busy", "true");
    try {
      if (!figures.has(chart)) figures.set(chart, await getJson(chart.dataset.figure));
      await show(chart);
    } catch (error) {
      fail(chart, error);
    } finally {
      plot.removeAttribute("aria-busy");
    }
  }

  async function show(chart) {
    const { data, layout } = figures.get(chart);
    const plot = plotOf(chart);
    const look = await template(theme());
    plot.querySelector(".skeleton, .chart-failed")?.remove();
    const hidden = new Set([...chart.querySelectorAll('[data-line][aria-pressed="false"]')].map((button) => button.dataset.line));
    const traces = data.map((trace) => ({ ...trace, visible: !hidden.has(trace.legendgroup) }));
    await Plotly.react(plot, traces, { ...layout, template: look, height: plot.clientHeight, autosize: true }, config);
  }

  function fail(chart, error) {
    const plot = plotOf(chart);
    plot.querySelector(".skeleton, .chart-failed")?.remove();
    const box = document.createElement("div");
    box.className = "chart-failed";
    const words = document.createElement("p");
    words.textContent = error instanceof TypeError ? "The server cannot be reached." : error.message;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button button-small";
    again.textContent = "Try again";
    again.addEventListener("click", () => draw(chart));
    box.append(words, again);
    plot.append(box);
  }

  function toggle(button) {
    const pressed = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(pressed));
    const chart = button.closest("[data-figure]");
    if (figures.has(chart)) show(chart);
  }

  // A picture for paper is light, whatever the page is.
  async function download(chart, format) {
    if (!figures.has(chart)) await draw(chart);
    const { data, layout } = figures.get(chart);
    const look = await template("light");
    const title = chart.dataset.title;
    const picture = { data, layout: { ...layout, template: look, showlegend: data.length > 1, paper_bgcolor: "#fff", plot_bgcolor: "#fff", title: { text: "" } }, config };
    await Plotly.downloadImage(picture, { format, width: 1000, height: 560, scale: 2, filename: title.replace(/[^\w.-]+/g, "-") });
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      draw(entry.target);
    }
  }, { rootMargin: "300px" });

  const watch = (root) => root.querySelectorAll("[data-figure]").forEach((chart) => seen.observe(chart));

  document.addEventListener("click", (event) => {
    const line = event.target.closest("[data-line]");
    if (line) toggle(line);
    const picture = event.target.closest("[data-download]");
    if (picture) {
      picture.closest("details")?.removeAttribute("open");
      download(picture.closest("[data-figure]"), picture.dataset.download);
    }
  });
  document.addEventListener("themechange", () => { for (const chart of figures.keys()) if (chart.isConnected) show(chart); });
  document.addEventListener("htmx:afterSwap", (event) => watch(event.target));
  watch(document);
})();
