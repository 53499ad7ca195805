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

  // Enter changes a field and sends the form: once is enough.
  document.addEventListener("submit", (event) => event.target === form() && clearTimeout(pending), true);

  const inRow = (field, name) => field.closest(".filter-row").querySelector(`[name="row_${name}"]`);
  const isNumber = (field) => /^(metrics\.|(start|end)_time$|duration$)/i.test(field);

  /* A new condition is sent once it is whole. */
  function isWhole(row) {
    const [field, operator, value] = ["field", "operator", "value"].map((name) => inRow(row, name));
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

  document.addEventListener("htmx:afterSwap", (event) => {
    const box = document.getElementById("filter-where");
    if (document.querySelector("#filter-errors[data-kept] #where-error") && event.detail.target.id === "filter-errors") {
      box.setAttribute("aria-invalid", "true");
      box.setAttribute("aria-describedby", "where-error");
      box.closest(".search-field").classList.add("is-invalid");
    }
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

  /* What is offered. In an expression: names, what they can be asked, and their values, as the text
     before the caret goes. In a row: names in its first field, values in its last. */

  const FIELD = "((?:metrics|params|tags|dataset)\\.(?:`[^`]*`|\"[^\"]*\"|[^\\s()=<>!~,]+)|[a-z_]\\w*)(?:@\\w+)?";
  const NAME = /(?:^|[\s(])((?:(?:metrics|params|tags)\.(?:`[^`]*|"[^"]*|[^\s()=<>!~,]*))|[a-z_][\w.]*)$/i;
  const ASKED = new RegExp(`(?:^|[\\s(])${FIELD}\\s+([<>=!~]*|[a-z]+)$`, "i");
  const VALUE = new RegExp(`(?:^|[\\s(])${FIELD}\\s*(?:[<>=!~]+|\\s(?:not\\s+)?(?:i?like|in\\s*\\((?:[^()]*,)?))\\s*('[^']*|-?\\w*)$`, "i");
  const RESERVED = /^(and|or|not|in|is|null|like|ilike|between)$/i;
  const NUMBERS = [">", ">=", "<", "<=", "=", "!=", "BETWEEN", "IN (", "IS NOT NULL", "IS NULL"];
  const TEXTS = ["=", "!=", "IN (", "ILIKE", "~", ">", "<", "IS NOT NULL", "IS NULL"];
  let list = null;
  let field = null;
  let asked = 0;
  let timer = 0;

  /* What is being written before the caret: a name, an operator or a value, and of which field. */
  function writing(input) {
    const before = input.value.slice(0, input.selectionStart);
    if (input.name === "row_field") return { text: input.value };
    if (input.name === "row_value") {
      const of = inRow(input, "field").value;
      // Of a list of values the last one is being written.
      const text = inRow(input, "operator").value === "IN" ? /[^,]*$/.exec(input.value)[0].trimStart() : input.value;
      return of ? { text, of } : null;
    }
    const value = VALUE.exec(before);
    if (value && !RESERVED.test(value[1])) return { text: value[2], of: value[1] };
    // Inside another text in quotes nothing is a name.
    if ((before.replace(/`[^`]*`/g, "").match(/'/g) ?? []).length % 2) return null;
    const asked = ASKED.exec(before);
    if (asked && !RESERVED.test(asked[1])) {
      return { text: asked[2], operators: isNumber(asked[1]) ? NUMBERS : TEXTS };
    }
    const name = NAME.exec(before);
    return name && !RESERVED.test(name[1]) ? { text: name[1], isName: true } : null;
  }

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
    const taken = field;
    const what = writing(taken);
    close();
    if (taken.name === "row_value") {
      const value = option.dataset.field.replace(/^(['"])(.*)\1$/, "$2");
      taken.value = taken.value.slice(0, taken.value.length - what.text.length) + value;
    } else if (taken.name === "row_field" || !what) taken.value = option.dataset.field;
    else {
      const end = taken.selectionStart;
      // The quote that a text in quotes ends with stands there already.
      const rest = what.of && taken.value[end] === "'" ? 1 : 0;
      taken.setRangeText(`${option.dataset.field} `, end - what.text.length, end + rest, "end");
    }
    taken.focus();
    // What a name is asked, and what it is held against, is offered at once.
    if (what?.isName || what?.operators) ask(taken);
    else if (taken.name === "row_value") taken.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function show(found) {
    list?.remove();
    list = null;
    if (!found.length) return close();
    list = document.createElement("ul");
    list.className = "suggestions";
    list.id = "suggestions";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
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
    const what = writing(input);
    if (!what || (what.isName && !what.text)) return close();
    asked += 1;
    const mine = asked;
    if (what.operators) {
      const found = what.operators.filter((each) => each.startsWith(what.text.toUpperCase()) && each !== what.text.toUpperCase());
      return show(found.map((each) => ({ field: each, kind: "" })));
    }
    try {
      const about = new URLSearchParams({ q: what.of ? what.text.replace(/^'/, "") : what.text, of: what.of ?? "" });
      const response = await fetch(`${input.dataset.keys}?${about}`);
      const answer = await response.json();
      if (mine !== asked || document.activeElement !== input) return undefined;
      const found = answer.fields;
      show(found.length === 1 && found[0].field === what.text ? [] : found);
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
    if (event.target.name === "row_operator") {
      // A number is like no text, and matches none.
      const number = isNumber(inRow(event.target, "field").value.trim());
      for (const option of event.target.options) option.hidden = number && ["contains", "LIKE", "~"].includes(option.value);
    }
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
