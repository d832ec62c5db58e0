import { byID, h, problem, show, table, empty, state } from "./dom.js";
import { ask, poll } from "./ask.js";
import { breaker } from "./states.js";
import { ago, clock, count, none, percent, price, span, words } from "./format.js";

poll(3, async (current) => {
  const view = await ask("/api/providers");
  if (current()) draw(view);
}, (error) => problem(byID("problem"), error));

function draw({ items, now }) {
  const at = new Date(now);
  if (!items.length) return show(byID("list"), empty("No providers: the configuration names none."));
  show(byID("list"), table([
    { title: "Provider", head: true, cell: named },
    { title: "Channel", cell: (p) => [p.channel, h("small", null, places(p.countries))] },
    { title: "Breaker", cell: (p) => breaker(p.breaker, p.open_until) },
    { title: "Success", kind: "number", cell: (p) => [percent(p.success_rate), h("small", null, rate(p.calls))] },
    { title: "p50", kind: "number", cell: (p) => p.calls ? span(p.p50_ms) : none },
    { title: "p95", kind: "number", cell: (p) => p.calls ? span(p.p95_ms) : none },
    { title: "In flight", kind: "number", cell: inFlight },
    { title: "Cool-down", cell: coolDown },
    { title: "Price", kind: "number", cell: (p) => price(p.price) },
    { title: "Last failure", cell: (p) => failure(p.failure, at) },
  ], items, "Providers", "dense"));
}

const named = (p) => [p.provider, p.kind === p.provider ? null : h("small", null, p.kind)];

const inFlight = (p) => count(p.in_flight) + (p.max_in_flight ? " / " + count(p.max_in_flight) : "");

const coolDown = (p) => p.cooling_until ? state("until " + clock(new Date(p.cooling_until)), "warn") : none;

const rate = (calls) => calls ? "of " + count(calls) : "not asked lately";

function places(countries) {
  if (!countries?.length) return "everywhere";
  if (countries.length <= 4) return countries.join(", ");
  return `${countries.slice(0, 3).join(", ")} and ${countries.length - 3} more`;
}

function failure(f, now) {
  if (!f) return none;
  return [words(f.class) + (f.code ? " " + f.code : ""), h("small", null, `${f.op}, ${ago(new Date(f.at), now)}`)];
}
