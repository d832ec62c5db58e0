import { state } from "./dom.js";
import { clock, words } from "./format.js";

const tones = {
  pending: "busy", verified: "good", expired: "off", failed: "bad", canceled: "off",
  sent: "good", delivered: "good", undelivered: "bad", unknown: "warn",
};

export const status = (word) => state(words(word), tones[word] ?? "off");

export function breaker(word, until) {
  if (word === "closed") return state("closed", "good");
  if (word === "half_open") return state("on trial", "warn");
  return state("open", "bad", until ? "until " + clock(new Date(until)) : "");
}
