// What the pages are made of. Texts become text nodes, never markup: whatever an app or an upstream wrote is shown as
// it was written.

// h makes an element. Properties that are null, undefined or false are left out; on… are listeners.
export function h(tag, properties, ...children) {
  return fill(document.createElement(tag), properties, children);
}

// s makes an element of a drawing.
export function s(tag, properties, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false));
  return element;
}

export const byID = (id) => document.getElementById(id);

export function show(host, ...children) {
  host.replaceChildren(...children.flat(Infinity).filter(Boolean));
}

// table makes a table of columns {title, cell, head, kind}; kind is "number", "wide" or "spare". On a narrow screen
// each row becomes a card, in which the titles stand before the values; in a dense one they stand above them, and what
// is spare is left out.
export function table(columns, rows, label, dense) {
  const head = h("tr", null, columns.map((c) => h("th", { scope: "col", class: c.kind }, c.title)));
  const body = rows.map((row) => h("tr", null, columns.map((c) => {
    const content = c.cell(row);
    return h(c.head ? "th" : "td", {
      class: c.kind, scope: c.head && "row", "data-title": c.head ? null : c.title,
    }, h("div", null, content));
  })));
  return h("table", { class: dense ? "stack dense" : "stack", "aria-label": label },
    h("thead", null, head), h("tbody", null, body));
}

// facts lists names and values; those without a value are left out.
export function facts(list) {
  const given = list.filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return h("dl", { class: "facts" },
    given.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
}

export const empty = (...texts) => h("div", { class: "empty" }, texts.map((t) => h("p", null, t)));

// state is a word with a mark, so that nobody has to tell colours apart.
export function state(word, tone, more) {
  return [h("span", { class: "state " + tone }, h("span", { class: "mark", "aria-hidden": "true" }), word),
    more ? h("small", null, more) : null];
}

export function problem(host, error) {
  if (!error) return show(host);
  const fields = error.fields ?? [];
  const single = fields.length === 1 && fields[0].message === error.message;
  const list = h("ul", null, fields.map((f) => h("li", null, h("code", null, f.field), ": " + f.message)));
  show(host, h("div", { class: "note bad", role: "alert" }, h("p", null, error.message),
    single || !fields.length ? null : list));
}
