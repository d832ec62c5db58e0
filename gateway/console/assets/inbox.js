import { byID, h, problem, show, empty } from "./dom.js";
import { ask, answers, poll } from "./ask.js";
import { plural, recently } from "./format.js";

const form = byID("question");

const again = poll(2, async (current) => {
  const view = await ask("/api/inbox", answers(form));
  if (current()) draw(view);
}, (error) => problem(byID("problem"), error));

form.addEventListener("input", () => again());
form.addEventListener("submit", (event) => event.preventDefault());

function draw({ items, more }) {
  if (!items.length) {
    return show(byID("list"), h("div", { class: "panel" }, answers(form).to ? empty("This person received nothing.") :
      empty("No messages yet: send a code with the command that the sandbox printed.")));
  }
  const now = new Date();
  show(byID("list"), items.map((m) => h("article", { class: "panel message" },
    h("header", null, h("span", { class: "mono" }, m.to), h("span", { class: "quiet" }, m.channel),
      h("span", { class: "quiet" }, "from " + (m.from || "nobody")), h("span", { class: "quiet" }, "by " + m.twin),
      h("time", { datetime: m.at }, recently(new Date(m.at), now))),
    h("p", { class: "text" }, m.text))),
  more ? h("p", { class: "quiet" }, plural(more, "older message") + " not shown.") : null);
}
