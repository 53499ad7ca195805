/*
 * What htmx asked for and did not get is said where it was to stand, with a way to ask again. What
 * is there stays, and so does what was typed.
 */
(() => {
  "use strict";

  // What asks again by itself says so by itself.
  const OWN = '#live, #no-runs, [hx-swap="none"]';
  const clear = () => document.querySelectorAll(".failure").forEach((panel) => panel.remove());

  function say(detail, words, request) {
    const { verb, path, elt } = detail.requestConfig;
    if (elt.matches(OWN)) return;
    clear();
    const panel = document.createElement("div");
    panel.className = "banner banner-danger failure";
    panel.setAttribute("role", "alert");
    const text = document.createElement("div");
    text.textContent = words;
    if (request) text.append(` Request ${request}.`);
    panel.append(text);
    // What was sent by a POST may have been done.
    if (verb === "get" && elt.isConnected) {
      const again = document.createElement("button");
      Object.assign(again, { className: "button button-small", type: "button", textContent: "Retry" });
      again.addEventListener("click", () => htmx.ajax("get", path, { source: elt, target: detail.target }));
      panel.append(again);
    }
    const close = document.createElement("button");
    Object.assign(close, { className: "button button-small button-quiet", type: "button", textContent: "Close" });
    close.addEventListener("click", () => panel.remove());
    panel.append(close);
    const target = detail.target;
    if (target.matches("tr, tbody, td")) target.closest(".table-region").before(panel);
    else target.prepend(panel);
    panel.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    if (xhr.status < 400) {
      clear();
      return;
    }
    // A form that was refused comes with its own words; a page that says no has these.
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    const refusal = page.querySelector("[data-refusal]");
    if (!refusal && xhr.responseText) return;
    event.detail.shouldSwap = false;
    say(event.detail, refusal?.dataset.refusal ?? "The server refused this.", refusal?.dataset.request);
  });

  document.addEventListener("htmx:sendError", (event) => {
    if (event.detail?.requestConfig) say(event.detail, "The server did not answer.");
  });
})();
