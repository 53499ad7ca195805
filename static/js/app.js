/*
 * What a page does beyond links and forms. Every page works without it.
 *
 * Behavior hangs on data attributes, through listeners on the document, so that what htmx
 * swaps in behaves as what was there from the start.
 */
(() => {
  "use strict";

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const announce = (text) => {
    const region = document.querySelector(".toasts");
    const said = document.createElement("span");
    said.className = "sr-only";
    said.textContent = text;
    region?.append(said);
    setTimeout(() => said.remove(), 4000);
  };

  /* Theme: a cookie, so that the server knows it before the first paint. */

  const systemTheme = () => (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

  function toggleTheme() {
    const now = document.documentElement.dataset.theme || systemTheme();
    const next = now === "dark" ? "light" : "dark";
    if (next === systemTheme()) {
      delete document.documentElement.dataset.theme;
      document.cookie = "theme=; path=/; max-age=0; samesite=lax";
    } else {
      document.documentElement.dataset.theme = next;
      document.cookie = `theme=${next}; path=/; max-age=31536000; samesite=lax`;
    }
    document.dispatchEvent(new CustomEvent("themechange", { detail: { theme: next } }));
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (document.documentElement.dataset.theme) return;
    document.dispatchEvent(new CustomEvent("themechange", { detail: { theme: systemTheme() } }));
  });

  /* Copying. Where the page is not on a secure address, the older way still works. */

  async function copy(button) {
    const text = button.dataset.copy || button.closest(".snippet").querySelector("pre").textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "sr-only";
      button.after(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      button.focus();
    }
    button.dataset.copied = "";
    announce("Copied");
    const use = button.querySelector("use");
    const drawing = use.getAttribute("href");
    if (drawing.endsWith("#check")) return;
    use.setAttribute("href", drawing.replace(/#.*/, "#check"));
    setTimeout(() => {
      use.setAttribute("href", drawing);
      delete button.dataset.copied;
    }, 1600);
  }

  /* Times: the title in the reader's own zone, "3 min ago" kept true (core/formatting.py). */

  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" });
  const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

  function exact(moment) {
    const day = new Date(moment);
    const clock = [day.getHours(), day.getMinutes(), day.getSeconds()].map((part) => String(part).padStart(2, "0"));
    const name = zone.formatToParts(day).find((part) => part.type === "timeZoneName").value;
    return `${day.getDate()} ${MONTHS[day.getMonth()]} ${day.getFullYear()}, ${clock.join(":")} ${name}`;
  }

  function relative(moment, now) {
    const distance = Math.abs(now - moment);
    if (distance < 10_000) return "just now";
    if (distance >= 7 * DAY) return null;
    const [size, unit] =
      distance < MINUTE ? [1000, "s"] : distance < HOUR ? [MINUTE, "min"] : distance < DAY ? [HOUR, "h"] : [DAY, "d"];
    const span = `${Math.floor(distance / size)} ${unit}`;
    return moment > now ? `in ${span}` : `${span} ago`;
  }

  function tellTimes() {
    const now = Date.now();
    for (const element of all("time[data-time]")) {
      const moment = Date.parse(element.dateTime);
      if (Number.isNaN(moment)) continue;
      const title = exact(moment);
      const text = element.dataset.time === "exact" ? title : relative(moment, now);
      if (element.title !== title) element.title = title;
      if (text && element.textContent !== text) element.textContent = text;
    }
  }

  /* Messages go after 6 s, but not while they are pointed at or hold the focus. */

  function passToasts() {
    for (const toast of all(".toast[data-passing]")) {
      toast.removeAttribute("data-passing");
      const pass = () => (toast.matches(":hover, :focus-within") ? setTimeout(pass, 2000) : toast.remove());
      setTimeout(pass, toast.querySelector("a, form") ? 10_000 : 6000);
    }
  }

  /* Menus and the off-canvas rail: <details> that close on Esc and on clicks elsewhere. */

  const openMenus = () => all("details.menu[open], details[data-menu][open]");

  function closeMenus(except) {
    for (const menu of openMenus()) {
      if (!except || !menu.contains(except)) menu.open = false;
    }
  }

  // In a region that scrolls, the list is placed over the page, so that it is not cut off.
  function placeMenu(menu) {
    const list = menu.open && menu.closest(".table-region, .column-lines, .run-chips") && menu.querySelector(".menu-list");
    if (!list) return;
    const button = menu.querySelector("summary").getBoundingClientRect();
    list.dataset.placed = "";
    const fitsBelow = button.bottom + list.offsetHeight + 8 < innerHeight;
    list.style.top = `${fitsBelow ? button.bottom + 4 : Math.max(button.top - list.offsetHeight - 4, 8)}px`;
    list.style.left = `${Math.max(button.right - list.offsetWidth, 8)}px`;
  }

  document.addEventListener("toggle", (event) => placeMenu(event.target), true);
  document.addEventListener("scroll", (event) => {
    const moved = (menu) => event.target.contains(menu) && menu.querySelector("[data-placed]");
    for (const menu of openMenus().filter(moved)) menu.open = false;
  }, true);

  /* Ticking. A form of checkboxes named "run" or "version", or marked, and the bar under them. */

  const TICK = '[type="checkbox"]:is([name="run"], [name="version"], [data-tick])';
  const ticks = (form) => all(TICK, form);
  let lastTicked = null;

  function showSelection(form) {
    const boxes = ticks(form);
    const here = boxes.filter((box) => box.checked).length;
    // Of a list of many pages, others may have ticks as well.
    const count = here + Number(form.dataset.elsewhere || 0);
    const head = form.querySelector("[data-tick-all]");
    if (head) {
      head.checked = here > 0 && here === boxes.length;
      head.indeterminate = here > 0 && here < boxes.length;
    }
    for (const place of all("[data-tick-count]", form)) place.textContent = count.toLocaleString("en-US");
    for (const button of all("[data-needs], [data-needs-exactly]", form)) {
      const enough = button.dataset.needsExactly
        ? count === Number(button.dataset.needsExactly)
        : count >= Number(button.dataset.needs) && count <= Number(button.dataset.most || Infinity);
      button.setAttribute("aria-disabled", String(!enough));
      const reason = document.getElementById(button.getAttribute("aria-describedby"));
      if (reason) reason.hidden = enough;
    }
  }

  function select(form, checked) {
    if (checked !== undefined) for (const box of ticks(form)) box.checked = checked;
    showSelection(form);
    form.dispatchEvent(new CustomEvent("selectionchange", { bubbles: true }));
  }

  function tick(box, shift) {
    const boxes = ticks(box.form);
    if (shift && lastTicked && boxes.includes(lastTicked)) {
      const [from, to] = [boxes.indexOf(lastTicked), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const between of boxes.slice(from, to + 1)) between.checked = box.checked;
    }
    lastTicked = box;
    select(box.form);
  }

  const showSelections = () => new Set(all(`${TICK}, [data-tick-count]`).map((part) => part.closest("form"))).forEach((form) => form && showSelection(form));

  /* Keys. None while typing; rows of a table with data-rows take j, k, arrows, x and Enter. */

  const typing = (element) =>
    element.isContentEditable || element.matches("textarea, select, input:not([type=checkbox], [type=radio])");
  const rows = () => all("table[data-rows] tbody tr").filter((row) => row.querySelector("th[scope=row] a"));
  const rowLink = (row) => row.querySelector("th[scope=row] :is(.row-name, a:not(.opener, .child-mark))");
  let goingSince = 0;

  function step(by) {
    const list = rows().filter((row) => !row.hidden);
    const here = list.findIndex((row) => row.contains(document.activeElement));
    const next = list[here < 0 ? 0 : Math.min(Math.max(here + by, 0), list.length - 1)];
    if (!next) return false;
    rowLink(next).focus();
    next.scrollIntoView({ block: "nearest" });
    return true;
  }

  const focusedRow = () => document.activeElement.closest("table[data-rows] tbody tr");

  function tickRow(shift) {
    const box = focusedRow()?.querySelector(TICK);
    if (!box) return false;
    box.checked = !box.checked;
    tick(box, shift);
    return true;
  }

  function press(element) {
    element?.click();
    return Boolean(element);
  }

  function focusFilter() {
    const field = document.querySelector("[data-filter]");
    field?.focus();
    field?.select();
    return Boolean(field) || press(document.querySelector("[data-search]"));
  }

  const KEYS = {
    "/": focusFilter,
    "?": () => press(document.querySelector("[data-help]")),
    j: () => step(1),
    k: () => step(-1),
    x: () => tickRow(false),
    X: () => tickRow(true),
    ArrowDown: () => Boolean(focusedRow()) && step(1),
    ArrowUp: () => Boolean(focusedRow()) && step(-1),
    v: () => {
      const menu = document.querySelector('[data-key="v"]');
      menu?.focus();
      return press(menu);
    },
    c: () => press(document.querySelector('.selection-bar [data-needs]:not([aria-disabled="true"])')),
    o: () => press(document.querySelector('[data-key="o"]')),
    "[": () => press(document.querySelector('[data-key="["]')),
    "]": () => press(document.querySelector('[data-key="]"]')),
  };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = openMenus().pop();
      if (!menu) return;
      menu.open = false;
      menu.querySelector("summary").focus();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    let done = false;
    if (Date.now() - goingSince < 1500) {
      goingSince = 0;
      done = press(document.querySelector(`[data-go="${CSS.escape(event.key)}"]`));
    } else if (event.key === "g") {
      goingSince = Date.now();
      done = true;
    } else if (/^[1-9]$/.test(event.key)) {
      done = press(all(".tabs a")[event.key - 1]);
    } else {
      done = Object.hasOwn(KEYS, event.key) && KEYS[event.key]();
    }
    if (done) event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const target = event.target;
    closeMenus(target);
    const blocked = target.closest('[aria-disabled="true"]');
    if (blocked) return event.preventDefault();
    if (target.closest("[data-theme-toggle]")) toggleTheme();
    const copying = target.closest("[data-copy]");
    if (copying) copy(copying);
    const dismiss = target.closest("[data-dismiss]");
    if (dismiss) dismiss.closest(dismiss.dataset.dismiss)?.remove();
    const opening = target.closest("[data-dialog]");
    const dialog = opening && document.getElementById(opening.dataset.dialog);
    if (dialog) {
      event.preventDefault();
      // A menu closes behind what it opens, and has the focus again afterwards.
      opening.closest("details.menu")?.querySelector("summary").focus();
      closeMenus();
      dialog.showModal();
    }
    if (target.closest("[data-close]")) target.closest("dialog")?.close();
    if (target.closest("[data-untick]")) {
      const form = target.closest("form");
      select(form, false);
      // The bar that held the focus is gone now.
      ticks(form)[0]?.focus();
    }
    if (target.matches(TICK)) tick(target, event.shiftKey);
    if (target.matches("[data-tick-all]")) select(target.form, target.checked);
    return undefined;
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  /* htmx */

  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    if (event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
  });
  document.addEventListener("htmx:sendError", () => announce("The server did not answer"));

  function settle() {
    tellTimes();
    passToasts();
    showSelections();
  }

  document.addEventListener("htmx:afterSettle", settle);
  // A page that comes back out of the browser's memory keeps its ticks; the bar must know.
  addEventListener("pageshow", settle);
  setInterval(tellTimes, 20_000);
  document.querySelector("[data-focus]")?.focus();
})();
