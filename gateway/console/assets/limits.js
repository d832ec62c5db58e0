import { byID, problem, show, table, empty } from "./dom.js";
import { ask, answers, poll } from "./ask.js";
import { levels, used } from "./levels.js";
import { count } from "./format.js";

const form = byID("question");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const view = await ask("/api/limits", answers(form));
    problem(byID("problem"), null);
    show(byID("levels"), levels(view.levels, new Date()));
  } catch (error) {
    show(byID("levels"));
    problem(byID("problem"), error);
  }
});

poll(3, async (current) => {
  const view = await ask("/api/providers");
  if (current()) draw(view.items);
}, (error) => problem(byID("providers-problem"), error));

const underWay = (p) => p.max_in_flight ? used(p.in_flight, p.max_in_flight) : `${count(p.in_flight)}, not bounded`;

// A provider's bounds are shared by its channels: each is shown once.
function draw(items) {
  const once = [...new Map(items.map((p) => [p.provider, p])).values()];
  if (!once.length) return show(byID("list"), empty("No providers: the configuration names none."));
  show(byID("list"), table([
    { title: "Provider", head: true, cell: (p) => p.provider },
    { title: "Calls under way", cell: underWay },
    { title: "Calls a second", cell: (p) => p.per_second ? "at most " + count(p.per_second) : "not bounded" },
    { title: "May begin at once", cell: (p) => p.per_second ? count(Math.max(0, Math.floor(p.tokens))) : "any number" },
    { title: "Waiting", cell: (p) => p.per_second && p.tokens < 0 ? count(Math.ceil(-p.tokens)) : "0" },
  ], once, "Limits of providers"));
}
