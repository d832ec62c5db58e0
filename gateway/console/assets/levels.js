import { h, table, empty } from "./dom.js";
import { count, none, recently, words } from "./format.js";

const meanings = {
  recipient: "messages to this person", recipient_failures: "wrong guesses of this person",
  app: "sends and resends of the app", ip: "messages for this address", country: "messages to numbers of the country",
};

// levels shows how far limits are used up.
export function levels(list, now) {
  if (!list?.length) return empty("No limit bears on this send.");
  return table([
    { title: "Limit", head: true, cell: (l) => [words(l.name), h("small", null, meanings[l.name] ?? "")] },
    { title: "Allowed", cell: (l) => `${count(l.max)} in ${l.window}` },
    { title: "Used", cell: (l) => used(l.used, l.max) },
    { title: "Left", kind: "number", cell: (l) => count(l.remaining) },
    { title: "Next falls free", cell: (l) => l.resets_at ? recently(new Date(l.resets_at), now) : none },
  ], list, "Limits");
}

export function used(n, max) {
  const most = max * 0.8;
  const meter = h("meter", { min: 0, max, value: n, high: most, low: most, optimum: 0, "aria-hidden": "true" });
  return h("span", { class: "used" }, meter, `${count(n)} of ${count(max)}`);
}
