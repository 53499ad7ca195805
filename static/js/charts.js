/*
 * Charts: every <figure data-figure="address"> (templates/runs/_chart.html) is drawn by Plotly
 * once it comes near the window. The server chooses what is drawn and thins the points; this
 * fetches, gives the figure the look of the theme, and wires the legend and the downloads.
 */
(() => {
  "use strict";

  const looks = document.currentScript.dataset;
  const CONFIG = {
    displaylogo: false,
    displayModeBar: false,
    doubleClick: "reset",
    plotlyServerURL: "",
    responsive: true,
    scrollZoom: false,
    showSendToCloud: false,
    showTips: false,
  };
  // How long the hand rests before a zoomed line is asked for anew.
  const REST_MS = 250;
  // By <figure>: what the server sent, and that for the whole axis; the runs that the legend
  // hides; the part of the X-axis that is looked at.
  const states = new WeakMap();
  const asked = new Map();

  const theme = () =>
    document.documentElement.dataset.theme ||
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

  async function getJson(address) {
    let response;
    try {
      response = await fetch(address, { headers: { Accept: "application/json" } });
    } catch {
      throw new Error("The server did not answer.");
    }
    const body = await response.json().catch(() => null);
    if (!response.ok || body === null) {
      throw new Error(body?.message || `The server answered ${response.status}.`);
    }
    return body;
  }

  function template(name) {
    if (!asked.has(name)) {
      const request = getJson(looks[name]);
      request.catch(() => asked.delete(name));
      asked.set(name, request);
    }
    return asked.get(name);
  }

  /* Drawing */

  async function load(figure) {
    const plot = figure.querySelector(".chart-plot");
    plot.setAttribute("aria-busy", "true");
    try {
      const old = states.get(figure);
      const whole = await getJson(figure.dataset.figure);
      const state = { whole, sent: whole, hidden: old?.hidden ?? new Set(), resets: old?.resets ?? 0 };
      states.set(figure, state);
      await draw(figure);
      if (old?.view) await lookAt(figure, old.view);
    } catch (error) {
      fail(plot, error);
    } finally {
      plot.removeAttribute("aria-busy");
    }
  }

  /* One chart a task, so that the page answers between them. */
  let turn = Promise.resolve();
  function inTurn(work) {
    const mine = turn.then(() => new Promise((resolve) => setTimeout(resolve))).then(work);
    turn = mine.catch(() => {});
    return mine;
  }

  async function draw(figure) {
    const look = await template(theme());
    await inTurn(() => drawAs(look, figure));
  }

  async function drawAs(look, figure) {
    // Gone while others were drawn.
    if (!figure.isConnected) return;
    const { sent, hidden, resets } = states.get(figure);
    const plot = figure.querySelector(".chart-plot");
    if (!window.Plotly) throw new Error("The charting library did not load.");
    // Plotly writes into what it draws; the copy leaves what was sent as it was.
    const { data, layout } = structuredClone(sent);
    for (const trace of data) trace.visible = !hidden.has(trace.legendgroup);
    let canvas = plot.querySelector(".chart-canvas");
    if (!canvas) {
      canvas = document.createElement("div");
      canvas.className = "chart-canvas";
      plot.replaceChildren(canvas);
    }
    if (resets) layout.uirevision += `#${resets}`;
    const isNew = !canvas.data;
    await Plotly.react(canvas, data, { ...layout, template: look }, CONFIG);
    if (isNew) canvas.on("plotly_relayout", (change) => zoomed(figure, canvas, change));
    const notes = figure.querySelector(".chart-notes");
    if (notes) notes.textContent = layout.meta.notes.join(" ");
  }

  function fail(plot, error) {
    const canvas = plot.querySelector(".chart-canvas");
    if (canvas) window.Plotly?.purge(canvas);
    const panel = document.createElement("div");
    panel.className = "chart-error";
    panel.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = `This chart could not be drawn. ${error.message}`;
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "button button-small";
    retry.dataset.retry = "";
    retry.textContent = "Retry";
    panel.append(words, retry);
    plot.replaceChildren(panel);
  }

  /* Zooming: the server chooses the points of the part that is looked at anew. */

  function zoomed(figure, canvas, change) {
    const axes = Object.keys(change).map((key) => key.split(".")[0]);
    if (!axes.some((name) => name === "xaxis" || name === "yaxis")) return;
    const state = states.get(figure);
    const { xaxis } = canvas.layout;
    const isWhole = (name) => canvas.layout[name].autorange || `${canvas.layout[name].range}` === `${state.whole.layout[name].range}`;
    offerReset(figure, !(isWhole("xaxis") && isWhole("yaxis")));
    if (!axes.includes("xaxis") || !state.whole.layout.meta.thinned) return;
    clearTimeout(state.timer);
    const view = isWhole("xaxis") ? null : xaxis.range.map((end) => place(end, xaxis.type));
    state.timer = setTimeout(() => lookAt(figure, view), view ? REST_MS : 0);
  }

  /* An end of an axis as the server counts: Plotly has powers on a logarithm, and dates as text. */
  function place(end, type) {
    if (type === "log") return 10 ** end;
    if (typeof end === "number") return end;
    const [day, time = "00:00"] = end.split(" ");
    return Date.parse(`${day}T${time}Z`);
  }

  async function lookAt(figure, view) {
    const state = states.get(figure);
    state.view = view;
    let sent = state.whole;
    if (view) {
      const [left, right] = view;
      // What cannot be had leaves the coarser line where it is.
      sent = await getJson(`${figure.dataset.figure}&left=${left}&right=${right}`).catch(() => null);
    }
    if (!sent || states.get(figure) !== state || state.view !== view) return;
    state.sent = sent;
    await draw(figure);
  }

  function offerReset(figure, isZoomed) {
    let button = figure.querySelector("[data-unzoom]");
    if (!button && isZoomed) {
      button = document.createElement("button");
      button.type = "button";
      button.className = "button button-quiet button-small";
      button.dataset.unzoom = "";
      button.textContent = "Reset zoom";
      figure.querySelector(".chart-header h3").after(button);
    }
    if (button) button.hidden = !isZoomed;
  }

  function unzoom(figure) {
    const state = states.get(figure);
    clearTimeout(state.timer);
    Object.assign(state, { sent: state.whole, view: null, resets: state.resets + 1 });
    offerReset(figure, false);
    draw(figure).catch((error) => fail(figure.querySelector(".chart-plot"), error));
  }

  /* The legend, the downloads, the editor's ways out */

  function toggle(figure, button) {
    const state = states.get(figure);
    if (!state) return;
    const shows = button.getAttribute("aria-pressed") === "false";
    button.setAttribute("aria-pressed", String(shows));
    if (shows) state.hidden.delete(button.dataset.line);
    else state.hidden.add(button.dataset.line);
    draw(figure).catch((error) => fail(figure.querySelector(".chart-plot"), error));
  }

  /* A picture stands alone, on paper: it gets the title, the legend and the light look. */
  async function download(figure, format) {
    const state = states.get(figure);
    if (!state) await load(figure);
    const { sent, hidden } = states.get(figure) ?? {};
    if (!sent) return;
    const { data, layout } = structuredClone(sent);
    const shown = data.filter((trace) => !hidden.has(trace.legendgroup));
    const named = new Set(shown.map((trace) => trace.legendgroup)).size > 1;
    const title = figure.dataset.title.replace(/&/g, "&amp;").replace(/</g, "&lt;");
    const page = {
      ...layout,
      template: await template("light"),
      title: { text: title, x: 0.02, xanchor: "left", font: { size: 16 } },
      paper_bgcolor: "#FFFFFF",
      margin: { l: 64, r: 24, t: named ? 88 : 48, b: 48 },
      showlegend: named,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    };
    await Plotly.downloadImage(
      { data: shown, layout: page },
      { format, filename: figure.dataset.title.replace(/[^\w.-]+/g, "_"), width: 1000, height: 600, scale: 2 },
    );
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    // In a dialog, closing it is the whole way back.
    if (target.closest("dialog a[data-close]")) event.preventDefault();
    const figure = target.closest("figure[data-figure]");
    if (!figure) return;
    const line = target.closest("[data-line]");
    if (line) toggle(figure, line);
    if (target.closest("[data-unzoom]")) unzoom(figure);
    const image = target.closest("[data-download]");
    if (image) {
      image.closest("details").open = false;
      download(figure, image.dataset.download).catch(() => {});
    }
    if (target.closest("[data-retry]")) {
      const skeleton = document.createElement("div");
      skeleton.className = "skeleton";
      figure.querySelector(".chart-plot").replaceChildren(skeleton);
      load(figure);
    }
  });

  document.addEventListener("themechange", () => {
    for (const figure of document.querySelectorAll("figure[data-figure]")) {
      if (figure.querySelector(".chart-canvas")) draw(figure).catch(() => {});
    }
  });

  /* Those near the window are drawn, once. */

  const observer = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        observer.unobserve(target);
        load(target);
      }
    },
    { rootMargin: "320px 0px" },
  );

  function watch(root) {
    for (const figure of root.querySelectorAll("figure[data-figure]")) {
      if (!states.has(figure)) observer.observe(figure);
    }
  }

  document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
  // The window would go on telling what leaves the page that its size is another.
  document.addEventListener("htmx:beforeCleanupElement", ({ target }) => {
    if (target.matches?.(".chart-canvas")) Plotly.purge(target);
  });
  watch(document);
})();
