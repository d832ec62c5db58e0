import { byID, h, problem, show, table, empty } from "./dom.js";
import { ask, answers } from "./ask.js";
import { status } from "./states.js";
import { none, recently, span } from "./format.js";

const form = byID("search"), older = byID("older");
const furthest = 50; // pages that are asked for in a row when nothing is found
let rows = [], asked = {}, round = 0;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  find("");
});
form.addEventListener("change", (event) => event.target.name !== "text" && find(""));
older.addEventListener("click", () => find(older.dataset.cursor));
find("");

async function find(cursor) {
  const mine = ++round;
  if (!cursor) asked = answers(form);
  try {
    const found = await look(cursor, () => mine === round);
    if (mine !== round) return;
    rows = cursor ? rows.concat(found.items) : found.items;
    older.hidden = !found.next;
    older.dataset.cursor = found.next;
    problem(byID("problem"), null);
    draw();
  } catch (error) {
    if (mine === round) problem(byID("problem"), error);
  }
}

// look reads the page after a cursor. Where little fits, pages may be empty although there are more: it reads on.
async function look(cursor, current) {
  let found = await ask("/api/verifications", { ...asked, cursor });
  for (let n = 1; n < furthest && !found.items.length && found.next && current(); n++) {
    found = await ask("/api/verifications", { ...asked, cursor: found.next });
  }
  return found;
}

function draw() {
  if (!rows.length) {
    if (!older.hidden) return show(byID("list"), empty("Nothing was found yet. There is more that is older."));
    const narrowed = Object.values(asked).some(Boolean);
    return show(byID("list"), narrowed ? empty("Nothing was found. What is older than the retention is gone.") :
      empty("No verifications yet: each send makes one."));
  }
  const now = new Date();
  show(byID("list"), table([
    { title: "Begun", head: true, cell: (v) => begun(v, now) },
    { title: "Status", cell: (v) => status(v.status) },
    { title: "Recipient", kind: "wide", cell: recipient },
    { title: "Channel", cell: (v) => v.channel },
    { title: "Provider", cell: (v) => v.provider || none },
    { title: "App", cell: (v) => v.app },
    { title: "Tries", kind: "number", cell: (v) => v.tries },
    { title: "Guesses", kind: "number", cell: (v) => v.attempts },
    { title: "Verified after", kind: "number", cell: (v) => span(v.took_ms) },
    { title: "Reference", kind: "spare", cell: (v) => h("span", { class: "mono quiet" }, v.reference) },
  ], rows, "Verifications", "dense"));
}

const begun = (v, now) => h("a", { href: "/verifications/" + v.reference }, recently(new Date(v.created_at), now));

const recipient = (v) => [h("span", { class: "mono" }, v.to), " ", h("span", { class: "quiet" }, v.country)];
