import { byID, h, problem, show, facts } from "./dom.js";
import { ask, poll } from "./ask.js";
import { moment, plural } from "./format.js";

let shown = null;

poll(5, async (current) => {
  const view = await ask("/api/configuration");
  if (current()) draw(view);
}, (error) => problem(byID("problem"), error));

function draw(view) {
  show(byID("reload"), reload(view.reload));
  show(byID("facts"), facts([
    ["In force since", moment(new Date(view.loaded_at))],
    ["Fingerprint", h("span", { class: "mono" }, view.fingerprint)],
  ]));
  if (view.text === shown) return; // do not take a selection away
  shown = view.text;
  show(byID("text"), view.text.trimEnd().split("\n").map(line));
}

function reload(last) {
  if (!last) return h("p", { class: "note" }, "The file has not changed since the start.");
  const refused = last.mistakes.length > 0, at = moment(new Date(last.at));
  return h("div", { class: refused ? "note bad" : "note good" },
    h("p", null, `The file read at ${at} was ` + (refused ? `refused: ${plural(last.mistakes.length, "mistake")}. ` +
      "The configuration below stays in force." : "put in force.")),
    list(last.mistakes),
    last.warnings.length ? [h("p", null, plural(last.warnings.length, "warning") + ":"), list(last.warnings)] : null);
}

const list = (texts) => texts.length ? h("ul", { class: "mono" }, texts.map((t) => h("li", null, t))) : null;

// line tells keys from values.
function line(text) {
  const parts = /^(\s*(?:- )*)([^\s#"'][^:]*:)(.*)$/.exec(text);
  const content = parts ? [parts[1], h("span", { class: "yaml-key" }, parts[2]), value(parts[3])] : [value(text)];
  return h("span", { class: "row" }, ...content, "\n");
}

const value = (text) => text.includes("[secret]") ? h("span", { class: "yaml-secret" }, text) : text;
