import { byID, h, problem, show, table, state } from "./dom.js";
import { ask, answers } from "./ask.js";
import { levels } from "./levels.js";
import { breaker } from "./states.js";
import { clock, none, plural, price } from "./format.js";

const form = byID("question");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const plan = await ask("/api/explain", answers(form));
    problem(byID("problem"), null);
    draw(plan);
  } catch (error) {
    show(byID("plan"));
    problem(byID("problem"), error);
  }
});

function draw(plan) {
  show(byID("plan"),
    h("p", { class: "lead" }, "A code for ", h("span", { class: "mono" }, plan.to),
      `${plan.country ? " (" + plan.country + ")" : ""} by ${plan.channel}, good for ${plan.expires_in}`),
    plan.steps.map((step, i) => h("section", { class: "panel" }, h("h2", null, heading(step, i)), body(step))),
    h("section", { class: "panel" }, h("h2", null, "Limits ", h("small", null, "before this send")),
      levels(plan.limits, new Date())));
}

function heading(step, i) {
  const when = i === 0 ? "At once" : step.after === "0s" ? "At once after that" : "After " + step.after;
  return [`${when}: ${step.channel} to `, h("span", { class: "mono" }, step.to)];
}

function body(step) {
  if (step.dropped) {
    return h("p", { class: "note" }, "This step is not made: the code would be worth nothing any more.");
  }
  if (!step.matched) return h("p", { class: "note bad" }, "No rule matches, so nobody is asked.");
  return [
    h("p", { class: "quiet" }, [`Rule ${step.rule}${step.line ? ", line " + step.line : ""}`,
      `strategy ${step.strategy}`, `at most ${step.deadline} for all tries`].join(" · ")),
    step.candidates?.length ? candidates(step.candidates) :
      h("p", { class: "note bad" }, "Nobody of this rule can be asked."),
    step.excluded?.length ? excluded(step.excluded) : null,
  ];
}

const candidates = (list) => table([
  { title: "Provider", head: true, cell: (c) => `${c.place}. ${c.provider}` },
  { title: "Why", cell: (c) => c.why },
  { title: "Breaker", cell: (c) => breaker(c.breaker) },
  { title: "Now", cell: now },
  { title: "Code", cell: code },
  { title: "Price", kind: "number", cell: (c) => price(c.price) },
], list, "Who is asked, in order");

function now(c) {
  if (c.cooling_until) return state("cools until " + clock(new Date(c.cooling_until)), "warn");
  return c.limited ? state("its limits are used up", "warn") : "free";
}

function code(c) {
  const wish = [c.length ? c.length + " characters" : "", c.alphabet].filter(Boolean).join(", ");
  return [wish || "its own choice", c.segments ? h("small", null, plural(c.segments, "segment")) : null];
}

const excluded = (list) => [h("h3", null, "Left out"), table([
  { title: "Provider", head: true, cell: (x) => x.provider },
  { title: "Why", cell: (x) => x.why },
  { title: "Until", cell: (x) => x.until ? clock(new Date(x.until)) : none },
], list, "Who is left out")];
