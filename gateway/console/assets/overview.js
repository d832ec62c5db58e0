import { byID, h, problem, show, table, empty } from "./dom.js";
import { ask, answers, poll } from "./ask.js";
import { Plot } from "./plot.js";
import { costs, count, none, percent, shortSpan, span } from "./format.js";

const form = byID("view"), plots = {};
const before = { "24h": "24 h before", "7d": "7 days before", "30d": "30 days before" };
const titles = { provider: "Providers", country: "Countries", channel: "Channels", app: "Apps" };
const nothing = "No sends in this time.", unverified = "Nothing was verified in this time.";

for (const id of ["sends", "conversion", "times"]) plots[id] = new Plot(byID(id));

// The view stands in the address, so that it can be kept and passed on.
const wanted = new URLSearchParams(location.search);
for (const name of ["range", "by"]) {
  const value = wanted.get(name);
  const known = [...form.elements].flatMap((e) => [...e.options ?? [e]]).some((one) => one.value === value);
  if (value && known) form.elements[name].value = value;
}

const again = poll(10, async (current) => {
  const view = await ask("/api/overview?" + new URLSearchParams(answers(form)));
  if (current()) draw(view);
}, (error) => problem(byID("problem"), error));

form.addEventListener("change", () => {
  history.replaceState(null, "", "?" + new URLSearchParams(answers(form)));
  again();
});
form.addEventListener("submit", (event) => event.preventDefault());

function draw(view) {
  tiles(view);
  const times = view.times.map((t) => new Date(t)), common = { times, step: view.step, nothing };
  // By name, so that a group keeps its colour when others overtake it.
  const names = view.groups.map((g) => g.name).sort();
  const tones = view.groups.map((g) => g.name === "others" ? "tone-rest" : "tone-" + names.indexOf(g.name));
  const series = (pick) => view.groups.map((g, i) => ({ name: g.name, tone: tones[i], values: g.steps.map(pick) }))
    .filter((one) => one.values.some((v) => v !== null && v !== 0));
  plots.sends.update({
    ...common, kind: "bars", label: "Sends by " + view.by, format: count, tick: count, whole: true,
    series: series((c) => c.sends),
  });
  plots.conversion.update({
    ...common, kind: "lines", label: "Conversion by " + view.by, format: percent, tick: (v) => v * 100 + " %", most: 1,
    series: series((c) => c.conversion), nothing: unverified,
  });
  plots.times.update({
    ...common, kind: "lines", label: "Time to verify", format: span, tick: shortSpan, nothing: unverified,
    steps: [100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000],
    series: [
      { name: "p50", tone: "tone-0", values: view.all.steps.map((c) => c.p50_ms) },
      { name: "p95", tone: "tone-1", values: view.all.steps.map((c) => c.p95_ms) },
    ],
  });
  groups(view, tones);
}

function tiles(view) {
  const now = view.all.total, then = view.before, label = before[view.range];
  const tile = (name, value, note) => h("div", { class: "tile" }, h("h2", null, name),
    h("p", { class: "value" }, value), h("p", { class: "quiet" }, note));
  show(byID("tiles"), [
    tile("Sends", count(now.sends), `${label}: ${count(then.sends)}`),
    tile("Conversion", percent(now.conversion), `${label}: ${percent(then.conversion)}`),
    tile("Time to verify", [span(now.p50_ms), now.p95_ms === null ? "" : h("small", null, " p95 " + span(now.p95_ms))],
      `${label}: ${then.p50_ms === null ? none : span(then.p50_ms) + ", p95 " + span(then.p95_ms)}`),
    tile("Failovers", count(now.failovers), `${label}: ${count(then.failovers)}`),
    tile("Cost today", costs(view.today), `yesterday: ${costs(view.yesterday)}`),
  ]);
}

const named = (r) => [h("span", { class: "key " + r.tone, "aria-hidden": "true" }), r.name];

function groups(view, tones) {
  byID("groups-title").textContent = titles[view.by];
  if (!view.groups.length) {
    return show(byID("groups"), empty("No sends yet: they are counted here from the first one on."));
  }
  const rows = view.groups.map((g, i) => ({ ...g.total, name: g.name, tone: tones[i] }));
  show(byID("groups"), table([
    { title: view.by[0].toUpperCase() + view.by.slice(1), head: true, cell: named },
    { title: "Sends", kind: "number", cell: (r) => count(r.sends) },
    { title: "Verified", kind: "number", cell: (r) => count(r.verified) },
    { title: "Conversion", kind: "number", cell: (r) => percent(r.conversion) },
    { title: "p50", kind: "number", cell: (r) => span(r.p50_ms) },
    { title: "p95", kind: "number", cell: (r) => span(r.p95_ms) },
    { title: "Tries", kind: "number", cell: (r) => count(r.tries) },
    { title: "Failovers", kind: "number", cell: (r) => count(r.failovers) },
    { title: "Cost", kind: "number", cell: (r) => costs(r.costs) },
  ], rows, titles[view.by], "dense"));
}
