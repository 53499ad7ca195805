/*
 * Keeps an open page true: the first page of a run list, or the page of a run that is going on.
 *
 * Cells change where they stand, and new rows wait behind a button, so that nothing moves under the
 * pointer and no tick, focus or place is lost. Who asks says what it has, and is told 304 if there is
 * nothing else. It is asked less often of a hidden page, and not while nobody is there.
 */
(() => {
  "use strict";

  const HIDDEN = 60_000;
  const AWAY = 30 * 60_000;
  // A slow list is asked less often: of so many seconds one goes into answers.
  const SHARE = 20;

  const line = () => document.getElementById("live");
  const list = () => document.querySelector("form[data-live]");
  let timer = 0;
  let state = "";
  let failures = 0;
  let took = 0;
  let heard = Date.now();
  let touched = Date.now();
  let isAsking = false;

  const WORDS = {
    "": ["Live", "Pause"],
    paused: ["Paused", "Resume"],
    away: ["Paused while you were away", "Resume"],
    lost: ["Connection lost, retrying", "Retry"],
  };

  function say() {
    const words = line()?.querySelector("[data-live-words]");
    if (!words) return;
    const [text, button] = WORDS[state];
    if (state) line().dataset.state = state;
    else delete line().dataset.state;
    words.replaceChildren(text);
    if (state === "") {
      const time = document.createElement("time");
      Object.assign(time.dataset, { time: "relative" });
      time.dateTime = new Date(heard).toISOString();
      time.textContent = "just now";
      words.append(", updated ", time);
    }
    line().querySelector("[data-live-button]").textContent = button;
  }

  function become(next) {
    if (state === next) return;
    state = next;
    if (next === "lost") document.dispatchEvent(new CustomEvent("htmx:sendError"));
    say();
  }

  /* Rows */

  // A time says itself anew as it passes, and so does what has lasted so far: neither is news.
  const news = (cell) => (cell.querySelector("time") || "ticking" in cell.dataset ? "" : cell.textContent.trim());
  const keyOf = (row) => row.dataset.run || row.querySelector("a.group-name")?.getAttribute("href");
  const rowsOf = (root) => new Map([...root.querySelectorAll("tbody tr")].map((row) => [keyOf(row), row]).filter(([key]) => key));

  function updateRow(row, fresh) {
    const cells = [...row.querySelectorAll("td")];
    const freshCells = [...fresh.querySelectorAll("td")];
    if (cells.length !== freshCells.length) return;
    cells.forEach((cell, index) => {
      const freshCell = freshCells[index];
      if (cell.contains(document.activeElement) || cell.isEqualNode(freshCell)) return;
      if (news(cell) !== news(freshCell)) freshCell.classList.add("flash");
      cell.replaceWith(freshCell);
    });
    const [name, freshName] = [row, fresh].map((each) => each.querySelector(".row-name"));
    if (name && name.textContent !== freshName?.textContent) {
      name.textContent = freshName.textContent;
      name.title = freshName.title;
    }
  }

  /** Bring what is shown up to date, and return how many of the fresh rows are not shown. */
  function merge(form, fresh) {
    const rows = rowsOf(form);
    let added = 0;
    for (const [key, row] of rowsOf(fresh)) {
      if (rows.has(key)) updateRow(rows.get(key), row);
      else added += 1;
    }
    return added;
  }

  const heads = (root) => [...root.querySelectorAll("thead a.sort")].map((link) => link.textContent.trim()).join();

  /** What is new at `address` for who has `version`; null if nothing is. */
  async function ask(address, version) {
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href };
    if (version) headers["If-None-Match"] = version;
    const answer = await fetch(address, { headers });
    if (answer.status === 304) return null;
    if (!answer.ok) throw new Error(answer.statusText);
    return { text: await answer.text(), version: answer.headers.get("ETag") ?? "" };
  }

  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");

  async function askList(form) {
    const answer = await ask(form.dataset.live, form.dataset.version);
    // The list was drawn anew meanwhile.
    if (!form.isConnected) return;
    let added = Number(form.dataset.added || 0);
    const fresh = answer && parsed(answer.text).querySelector("form[data-live]");
    if (fresh) {
      added = merge(form, fresh);
      form.toggleAttribute("data-other-columns", heads(form) !== heads(fresh));
      Object.assign(form.dataset, { version: fresh.dataset.version, seconds: fresh.dataset.seconds, added });
      form.querySelector("#run-summary")?.replaceWith(fresh.querySelector("#run-summary") ?? "");
      const total = document.getElementById("run-total");
      if (total) total.textContent = fresh.dataset.total;
    }
    for (const opener of form.querySelectorAll('.opener[aria-expanded="true"][hx-get]')) {
      const part = await ask(opener.getAttribute("hx-get"), opener.dataset.version);
      if (!part) continue;
      opener.dataset.version = part.version;
      opener.dataset.added = merge(form, parsed(`<table><tbody>${part.text}</tbody></table>`));
    }
    for (const opener of form.querySelectorAll(".opener[data-added]")) added += Number(opener.dataset.added);
    const isGroups = Boolean(form.querySelector(".table-groups"));
    const waiting = [];
    if (added) waiting.push(`${added} new ${isGroups ? "row" : "run"}${added === 1 ? "" : "s"}`);
    if ("otherColumns" in form.dataset) waiting.push(added ? "other columns" : "Other columns");
    const button = form.querySelector("#new-runs");
    button.hidden = !waiting.length;
    button.querySelector("span").textContent = waiting.join(", ");
    if (answer) document.dispatchEvent(new CustomEvent("htmx:afterSettle"));
  }

  /* The page of a run is asked for by htmx, as its line says. */
  function askRun(element) {
    return new Promise((resolve, reject) => {
      const done = (event) => {
        if (event.detail.requestConfig?.elt !== element) return;
        document.removeEventListener("htmx:afterRequest", done);
        if (event.detail.successful || event.detail.xhr.status === 304) resolve();
        else reject(new Error(event.detail.xhr.statusText));
      };
      document.addEventListener("htmx:afterRequest", done);
      setTimeout(reject, HIDDEN);
      htmx.trigger(element, "refresh");
    });
  }

  /* The clock */

  function wait() {
    clearTimeout(timer);
    if (!line() || line().hidden || state === "paused" || state === "away") return;
    const usual = Number((list() ?? line()).dataset.seconds) * 1000;
    const pause = state === "lost" ? Math.min(HIDDEN, 2500 * 2 ** failures) : Math.max(usual, Math.min(took * SHARE, HIDDEN));
    timer = setTimeout(look, document.hidden ? Math.max(HIDDEN, pause) : pause);
  }

  async function look() {
    clearTimeout(timer);
    if (isAsking || !line() || line().hidden) return;
    if (Date.now() - touched > AWAY) {
      become("away");
      return;
    }
    isAsking = true;
    const began = Date.now();
    try {
      await (list() ? askList(list()) : askRun(line()));
      heard = Date.now();
      failures = 0;
      if (state === "lost") state = "";
    } catch {
      failures += 1;
      if (state === "") become("lost");
    }
    took = Date.now() - began;
    isAsking = false;
    say();
    wait();
  }

  function press() {
    if (state === "") {
      become("paused");
      clearTimeout(timer);
    } else {
      if (state !== "lost") become("");
      look();
    }
  }

  for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
    addEventListener(name, () => {
      touched = Date.now();
      if (state !== "away") return;
      become("");
      look();
    }, { passive: true, capture: true });
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-live-button]")) press();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "." || event.ctrlKey || event.metaKey || event.altKey || !line() || line().hidden) return;
    if (event.target.matches("textarea, select, input:not([type=checkbox], [type=radio])") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    press();
  });

  document.addEventListener("visibilitychange", () => {
    const isDue = list() && Date.now() - heard > Number(list().dataset.seconds) * 1000;
    if (!document.hidden && isDue && (state === "" || state === "lost")) look();
    else wait();
  });

  // Both the line and the list may be new.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!event.detail?.target) return;
    if (event.detail.target.id === "content") heard = Date.now();
    say();
    wait();
  });

  /* How long a run has been running, in the words of core/formatting.py. */

  function lasted(ms) {
    const [big, small, units] = ms < 3_599_500 ? [60, 1000, "m s"] : ms < 86_370_000 ? [60, 60_000, "h m"] : [24, 3_600_000, "d h"];
    const whole = Math.round(ms / small);
    const [first, second] = units.split(" ");
    const rest = whole % big ? `${whole % big} ${second}` : "";
    if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
    return `${Math.floor(whole / big).toLocaleString("en-US")} ${first}${rest && ` ${rest}`}`;
  }

  setInterval(() => {
    if (state === "paused" || state === "away" || document.hidden) return;
    for (const cell of document.querySelectorAll("[data-ticking]")) {
      const place = cell.querySelector(".faint") ?? cell;
      place.textContent = lasted(Math.max(0, Date.now() - Number(cell.dataset.ticking)));
    }
  }, 5000);

  say();
  wait();
})();
