/*
 * The filter of a run list: it sends itself when a field has changed, its pane stays as it is while
 * the list is drawn anew, and names of metrics, hyperparameters and tags are offered as they are written.
 */
(() => {
  "use strict";

  const WAIT = 300;
  const form = () => document.getElementById("run-filter");
  const pane = () => document.getElementById("filters");
  const body = () => document.getElementById("filter-body");
  let pending = 0;

  function send() {
    clearTimeout(pending);
    pending = setTimeout(() => form()?.requestSubmit(), WAIT);
  }

  /* A new condition is sent once it is whole. */
  function isWhole(row) {
    const [field, operator, value] = ["field", "operator", "value"].map((name) => row.querySelector(`[name="row_${name}"]`));
    if (!("new" in row.dataset)) return true;
    return Boolean(field.value.trim()) && (operator.value.startsWith("IS") || Boolean(value.value.trim()));
  }

  document.addEventListener("change", (event) => {
    const field = event.target;
    // A page of its own has a button, and would go away under whoever still ticks.
    if (field.form !== form() || !form() || form().matches(".filter-page")) return;
    // Whether its values are wanted or not means nothing before one is chosen.
    const needsTicks = (option) => ["", "not"].includes(option?.value);
    const ticks = field.matches("[name^='way.']") && field.closest(".facet").querySelector(".facet-choices");
    if (ticks && needsTicks(field) && needsTicks([...field.options].find((each) => each.defaultSelected)) && !ticks.querySelector(":checked")) return;
    const row = field.closest(".filter-row");
    if (row ? isWhole(row) : field.closest("#filters, .search-field")) send();
  });

  document.addEventListener("click", (event) => {
    const bar = event.target.closest?.(".histogram [data-low]");
    if (!bar) return;
    const range = bar.closest(".facet").querySelectorAll(".facet-range input");
    if (range.length !== 2) return;
    range[0].value = bar.dataset.low;
    range[1].value = bar.dataset.high;
    if (form().matches(".filter-page")) return;
    send();
  });

  /* The pane opens beside the table rather than on a page of its own. */

  function settle() {
    for (const link of document.querySelectorAll("a[data-pane]")) link.href = link.dataset.pane;
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select");
    if (event.key === "f" && !typing && !document.querySelector("dialog[open]")) document.getElementById("filter-toggle")?.click();
    const isSheet = pane() && getComputedStyle(pane()).position === "fixed";
    if (event.key === "Escape" && isSheet && !document.querySelector("details.menu[open], dialog[open]")) {
      document.getElementById("filters-close")?.click();
    }
  });

  /* While the page's content is drawn anew the pane stays, and is then asked for its new counts. */

  let kept = null;
  let focused = "";
  let scrolled = 0;
  let opened = new Map();
  const facets = () => [...(body()?.querySelectorAll("details.facet") ?? [])];

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "content" && event.detail.target.id !== "filter-body") return;
    const active = document.activeElement;
    if (event.detail.target === body() && body().contains(active) && active.matches("[type=text]") && active.value !== active.defaultValue) {
      // Somebody writes here: what they write is worth more than new counts.
      event.detail.shouldSwap = false;
      return;
    }
    focused = active?.id || "";
    // What was opened and closed while the answer was on its way.
    opened = new Map(facets().map((facet) => [facet.dataset.facet, facet.open]));
    scrolled = body()?.scrollTop ?? 0;
    kept = event.detail.target.id === "content" && body() ? [...body().childNodes] : null;
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (kept && body()) body().replaceChildren(...kept);
    kept = null;
    for (const facet of facets()) {
      if (opened.has(facet.dataset.facet)) facet.open = opened.get(facet.dataset.facet);
    }
    opened = new Map();
    if (body()) body().scrollTop = scrolled;
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "filter-body") return;
    if (!facets().length) return;
    event.detail.parameters.open = ["", ...facets().filter((facet) => facet.open).map((facet) => facet.dataset.facet)];
    const finders = [...body().querySelectorAll("[data-find]")];
    event.detail.parameters.all = ["", ...finders.map((finder) => finder.dataset.find)];
    for (const finder of finders) event.detail.parameters[finder.name] = finder.value;
  });

  /* What the list has become is said once, after it has been drawn. */
  document.addEventListener("htmx:afterSettle", (event) => {
    settle();
    if (event.detail?.target?.id !== "content") return;
    const count = document.getElementById("filter-count")?.textContent ?? document.getElementById("run-summary")?.textContent;
    const said = document.createElement("span");
    said.className = "sr-only";
    said.textContent = `Results updated: ${(count ?? "no runs").trim().split("·")[0]}`;
    document.querySelector(".toasts")?.append(said);
    setTimeout(() => said.remove(), 4000);
  });

  /* Names. In an expression the word before the caret is completed, in a row the whole field. */

  const NAME = /(?:^|[\s(])((?:(?:metrics|params|tags)\.(?:`[^`]*|"[^"]*|[^\s()=<>!~,]*))|[a-z_][\w.]*)$/i;
  const RESERVED = /^(and|or|not|in|is|null|like|ilike|between)$/i;
  let list = null;
  let field = null;
  let asked = 0;
  let timer = 0;

  const word = (input) => {
    if (input.name === "row_field") return input.value;
    const before = input.value.slice(0, input.selectionStart);
    // Inside a text in quotes nothing is a name.
    if ((before.replace(/`[^`]*`/g, "").match(/'/g) ?? []).length % 2) return null;
    const found = NAME.exec(before);
    return found && !RESERVED.test(found[1]) ? found[1] : null;
  };

  function close() {
    asked += 1;
    clearTimeout(timer);
    list?.remove();
    list = null;
    if (!field) return;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  const options = () => (list ? [...list.children] : []);
  const current = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

  function mark(index) {
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    const option = options()[index];
    if (option) {
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }
  }

  function take(option) {
    const name = option.dataset.field;
    if (field.name === "row_field") {
      field.value = name;
    } else {
      const end = field.selectionStart;
      const start = end - word(field).length;
      field.setRangeText(`${name} `, start, end, "end");
    }
    const taken = field;
    close();
    taken.focus();
  }

  function show(found) {
    list?.remove();
    list = null;
    if (!found.length) return close();
    list = document.createElement("ul");
    list.className = "suggestions";
    list.id = "suggestions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Names");
    found.forEach((each, index) => {
      const option = document.createElement("li");
      option.id = `suggestion-${index}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.field = each.field;
      const kind = document.createElement("small");
      kind.textContent = { param: "hyperparameter", attribute: "run" }[each.kind] ?? each.kind;
      option.append(each.field, kind);
      list.append(option);
    });
    document.body.append(list);
    const place = field.getBoundingClientRect();
    list.style.left = `${Math.max(8, Math.min(place.left, innerWidth - 328)) + scrollX}px`;
    list.style.top = `${place.bottom + 4 + scrollY}px`;
    list.style.width = `${Math.min(Math.max(place.width, 280), innerWidth - 16)}px`;
    field.setAttribute("aria-expanded", "true");
    return undefined;
  }

  async function ask(input) {
    const text = word(input);
    if (text === null || (text === "" && input.name !== "row_field")) return close();
    asked += 1;
    const mine = asked;
    try {
      const response = await fetch(`${input.dataset.keys}?q=${encodeURIComponent(text)}`);
      const answer = await response.json();
      if (mine !== asked || document.activeElement !== input) return undefined;
      const found = answer.fields;
      show(found.length === 1 && found[0].field === text ? [] : found);
    } catch {
      close();
    }
    return undefined;
  }

  function ready(input) {
    if (input.getAttribute("role") === "combobox") return;
    // The browser's own list would stand over ours.
    input.removeAttribute("list");
    for (const [name, value] of Object.entries({ role: "combobox", "aria-expanded": "false", "aria-controls": "suggestions", "aria-autocomplete": "list" })) {
      input.setAttribute(name, value);
    }
  }

  document.addEventListener("focusin", (event) => {
    if (!event.target.matches?.("[data-keys]")) return;
    field = event.target;
    ready(field);
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-keys]")) return;
    field = event.target;
    clearTimeout(timer);
    timer = setTimeout(() => ask(field), 120);
  });

  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-keys]")) return;
    if (!list) {
      if (event.key === "ArrowDown") ask(event.target);
      return;
    }
    const count = options().length;
    if (event.key === "ArrowDown") mark((current() + 1) % count);
    else if (event.key === "ArrowUp") mark((Math.max(current(), 0) + count - 1) % count);
    else if (event.key === "Enter" && current() >= 0) take(options()[current()]);
    else if (event.key === "Tab" && current() >= 0) take(options()[current()]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);

  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.(".suggestions li");
    if (option) {
      event.preventDefault();
      take(option);
    } else if (list && !event.target.closest?.(".suggestions") && event.target !== field) {
      close();
    }
  });
  document.addEventListener("focusout", (event) => {
    if (event.target === field) setTimeout(() => document.activeElement !== field && close(), 100);
  });

  settle();
})();
