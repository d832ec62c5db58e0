import { h, s, show, empty } from "./dom.js";
import { date, hour, none } from "./format.js";

// Measures of a plot, in pixels.
const height = 200, top = 8, bottom = 22, right = 8, letter = 6.6;

// Plot draws series over time: bars that stand on each other, or lines. The same values stand in a table below, for
// those who cannot see the drawing.
export class Plot {
  #host; #canvas; #tip; #values; #spec; #at = -1; #marks;

  constructor(host) {
    this.#host = host;
    this.#canvas = h("div", { class: "canvas" });
    this.#tip = h("div", { class: "tip", hidden: true });
    this.#values = h("details", { class: "values", ontoggle: () => this.#list() }, h("summary", null, "Values"));
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
  }

  // update shows spec: {kind, label, times, step, series: [{name, tone, values}], format, tick, most, steps, whole,
  // nothing}. A value is null where there is none. format writes values, tick those of the axis; most is the end of the
  // axis when that is fixed, steps are its round values when they are not those of ten, whole says that values are;
  // nothing is what to say when there is no value.
  update(spec) {
    this.#spec = spec;
    if (spec.series.every((one) => one.values.every((v) => !v))) {
      this.#at = -1;
      return show(this.#host, empty(spec.nothing));
    }
    if (!this.#host.contains(this.#canvas)) {
      const frame = h("div", { class: "frame" }, this.#canvas, this.#tip);
      show(this.#host, h("figure", { class: "plot" }, frame), this.#values);
    }
    this.#draw();
    this.#list();
  }

  #draw() {
    const width = this.#canvas.clientWidth;
    if (!width || !this.#spec) return;
    const { kind, series, times, label } = this.#spec;
    const axis = scale(this.#highest(), this.#spec);
    const left = Math.ceil(Math.max(...axis.ticks.map((t) => this.#spec.tick(t).length)) * letter) + 10;
    const slot = (width - left - right) / times.length;
    const x = (i) => left + slot * (i + 0.5), y = (v) => top + (height - top - bottom) * (1 - v / axis.end);
    const drawn = kind === "bars" ? bars(series, times.length, x, y, slot) : lines(series, x, y);
    this.#marks = { x, slot, left, width };
    // Who goes through the values by keyboard stays where they are.
    const at = this.#at, focused = this.#canvas.contains(document.activeElement);
    show(this.#canvas, s("svg", {
      width, height, viewBox: `0 0 ${width} ${height}`, role: "img", tabindex: "0",
      "aria-label": label + ". The arrow keys go through the values; they also stand below.",
      onpointermove: (e) => this.#point(e), onpointerleave: () => this.#mark(-1), onblur: () => this.#mark(-1),
      onkeydown: (e) => this.#key(e),
    }, this.#grid(axis, left, width, y), this.#dates(x, slot, width), drawn,
    s("line", { class: "cursor", y1: top, y2: height - bottom, visibility: "hidden" })),
    series.length > 1 ? legend(series) : null);
    if (focused) this.#canvas.querySelector("svg").focus();
    this.#mark(at);
  }

  #highest() {
    const { kind, series, times } = this.#spec;
    const sums = times.map((_, i) => series.map((one) => one.values[i] ?? 0));
    return Math.max(...sums.map((at) => kind === "bars" ? at.reduce((a, b) => a + b, 0) : Math.max(...at)));
  }

  #grid(axis, left, width, y) {
    return axis.ticks.map((t) => [
      s("line", { class: t === 0 ? "base" : "rule", x1: left, x2: width - right, y1: y(t), y2: y(t) }),
      s("text", { class: "tick", x: left - 6, y: y(t) + 4, "text-anchor": "end" }, this.#spec.tick(t)),
    ]);
  }

  #dates(x, slot, width) {
    const { times, step } = this.#spec;
    const every = Math.ceil(52 / slot);
    return times.map((time, i) => {
      if ((times.length - 1 - i) % every !== 0) return null;
      const said = step === "day" ? date(time) : hour(time), half = said.length * letter / 2;
      const at = Math.min(x(i), width - half);
      return s("text", { class: "tick", x: at, y: height - 6, "text-anchor": "middle" }, said);
    });
  }

  #point(event) {
    const { left, slot } = this.#marks;
    const at = Math.floor((event.clientX - this.#canvas.getBoundingClientRect().left - left) / slot);
    this.#mark(at >= 0 && at < this.#spec.times.length ? at : -1);
  }

  #key(event) {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const last = this.#spec.times.length - 1;
    this.#mark(this.#at < 0 ? last : Math.min(last, Math.max(0, this.#at + move)));
  }

  // mark shows the values of a step; -1: of none.
  #mark(at) {
    this.#at = at < this.#spec.times.length ? at : -1;
    const cursor = this.#canvas.querySelector(".cursor");
    this.#tip.hidden = this.#at < 0;
    cursor?.setAttribute("visibility", this.#at < 0 ? "hidden" : "visible");
    if (this.#at < 0) return;
    const { x, width } = this.#marks, { series, format } = this.#spec;
    cursor.setAttribute("x1", x(at));
    cursor.setAttribute("x2", x(at));
    show(this.#tip, h("p", null, this.#when(at)), h("ul", null, series.map((one) => h("li", { class: one.tone }, key(),
      h("span", null, one.name), h("b", null, text(one.values[at], format))))));
    const beside = x(at) + 12, over = beside + this.#tip.offsetWidth > width;
    this.#tip.style.left = (over ? Math.max(0, x(at) - 12 - this.#tip.offsetWidth) : beside) + "px";
  }

  #when(at) {
    const { times, step } = this.#spec;
    const open = at === times.length - 1 ? ", so far" : "";
    if (step === "day") return date(times[at]) + open;
    return `${date(times[at])}, ${hour(times[at])} to ${hour(new Date(+times[at] + 3_600_000))}${open}`;
  }

  #list() {
    const old = this.#values.querySelector(".scroll"), scrolled = old?.scrollTop ?? 0;
    old?.remove();
    if (!this.#values.open || !this.#spec) return;
    const { series, times, format } = this.#spec;
    const body = times.map((_, i) => h("tr", null, h("th", { scope: "row" }, this.#when(i)),
      series.map((one) => h("td", { class: "number" }, text(one.values[i], format))))).reverse();
    const made = h("div", { class: "scroll", tabindex: "0" }, h("table", null,
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "Time"),
        series.map((one) => h("th", { scope: "col", class: "number" }, one.name)))), h("tbody", null, body)));
    this.#values.append(made);
    made.scrollTop = scrolled;
  }
}

const legend = (series) => h("ul", { class: "legend" },
  series.map((one) => h("li", { class: one.tone }, key(), one.name)));

const key = () => h("span", { class: "key", "aria-hidden": "true" });

const text = (value, format) => value === null || value === undefined ? none : format(value);

// scale finds the end of an axis, and round values on it. Counts have whole ones.
function scale(highest, { most, steps, whole }) {
  if (most) return { end: most, ticks: [0, most / 4, most / 2, 3 * most / 4, most] };
  const rough = highest / 4;
  const listed = steps && (steps.find((one) => one >= rough) ?? Math.ceil(rough / steps.at(-1)) * steps.at(-1));
  const step = listed ?? round(rough, whole);
  const ticks = [];
  for (let t = 0; t < highest + step; t += step) ticks.push(t);
  return { end: ticks.at(-1), ticks };
}

function round(rough, whole) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((n) => n * power >= rough) * power;
  return whole ? Math.max(1, step) : step;
}

// bars stand on each other. The last step is under way, and drawn lighter.
function bars(series, steps, x, y, slot) {
  const width = Math.max(1, Math.min(36, slot * 0.72)), feet = Array(steps).fill(0);
  return series.map((one) => s("g", { class: "bars " + one.tone }, one.values.map((value, i) => {
    if (!value) return null;
    const foot = feet[i];
    feet[i] += value;
    return s("rect", {
      class: i === steps - 1 && "open", x: x(i) - width / 2, width,
      y: y(feet[i]), height: Math.max(0.5, y(foot) - y(feet[i])),
    });
  })));
}

// lines break where there is no value. A value between two gaps is a dot.
function lines(series, x, y) {
  return series.map((one) => {
    let path = "";
    const dots = [];
    one.values.forEach((value, i) => {
      if (value === null || value === undefined) return;
      const before = one.values[i - 1] ?? null, after = one.values[i + 1] ?? null;
      path += `${before === null ? "M" : "L"}${x(i).toFixed(1)},${y(value).toFixed(1)}`;
      if (before === null && after === null) dots.push(s("circle", { cx: x(i), cy: y(value), r: 2.5 }));
    });
    return s("g", { class: "line " + one.tone }, s("path", { d: path || "M0,0" }), dots);
  });
}
