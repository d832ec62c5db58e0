import { byID, h, problem, show, facts, empty } from "./dom.js";
import { ask, poll } from "./ask.js";
import { status } from "./states.js";
import { clock, date, moment, money, span, words } from "./format.js";

const reference = byID("reference").textContent;

poll(5, async (current) => {
  const story = await ask("/api/verifications/" + encodeURIComponent(reference));
  if (current()) draw(story);
}, (error) => problem(byID("problem"), error));

function draw(v) {
  show(byID("state"), status(v.status));
  show(byID("facts"), facts([
    ["App", v.app],
    ["Recipient", h("span", { class: "mono" }, v.to + (v.country ? " (" + v.country + ")" : ""))],
    ["Channel", v.channel],
    ["Purpose", v.purpose],
    ["Begun", moment(new Date(v.created_at))],
    ["Expires", moment(new Date(v.expires_at))],
    ["Ended", v.ended_at ? moment(new Date(v.ended_at)) : ""],
    ["Verified after", v.took_ms === null ? "" : span(v.took_ms)],
    ["Guesses", `${v.attempts} of ${v.max_attempts}`],
    ["Resends", `${v.resends} of ${v.max_resends}`],
    ["Sender", v.sender],
    ["Text", v.message && h("span", { class: "text" }, v.message)],
    ["Locale", v.locale],
    ["Client address", v.client_ip],
    ["Trace", v.trace && h("span", { class: "mono" }, v.trace)],
    ["Metadata", pairs(v.metadata)],
  ]));
  const events = v.events ?? [];
  if (!events.length) {
    return show(byID("events"), empty("No events: they are kept for a time of their own, and it is over."));
  }
  let day = "";
  show(byID("events"), h("ol", { class: "timeline" }, events.map((e) => {
    const at = new Date(e.at), heading = date(at) === day ? null : h("li", { class: "day" }, date(at));
    day = date(at);
    const time = h("time", { datetime: e.at }, clock(at) + "." + ms(at));
    return [heading, h("li", { class: tone(e) }, time, h("div", null, said(e)))];
  })), v.cut ? h("p", { class: "quiet" }, "Older events are not shown.") : null);
}

const ms = (d) => String(d.getUTCMilliseconds()).padStart(3, "0");

function pairs(metadata) {
  const list = Object.entries(metadata ?? {});
  if (!list.length) return "";
  return h("ul", { class: "pairs" }, list.map(([key, value]) => h("li", null, h("code", null, key), " " + value)));
}

function tone(e) {
  switch (e.kind) {
    case "delivery": case "report":
      return { failed: "bad", undelivered: "bad", unknown: "warn" }[e.delivery?.status] ?? "good";
    case "check":
      return e.check?.outcome === "verified" ? "good" : "warn";
    default:
      return { verified: "good", expired: "bad", failed: "bad" }[e.kind] ?? "off";
  }
}

const answers = { sent: "took it", delivered: "delivered it", failed: "failed", unknown: "did not answer in time" };

// said is an event in words, with what there is to know about it.
function said(e) {
  switch (e.kind) {
    case "created": return title(`Asked for by ${e.channel}`);
    case "resend": return title("A resend was asked for");
    case "delivery": return delivery(e, `${e.provider} ${answers[e.delivery.status] ?? words(e.delivery.status)}`);
    case "report": return delivery(e, `${e.provider} reports: ${words(e.delivery.status)}`);
    case "check": return check(e);
    case "returned":
      return [title("The guess was given back"), detail([e.check && words(e.check.outcome), e.provider])];
    case "verified": return [title("Verified"), detail([e.provider && "by the code of " + e.provider])];
    case "expired": return title("Expired");
    case "failed": return title("Failed");
    case "canceled": return title("Canceled by the app");
    default: return title(words(e.kind));
  }
}

const title = (text) => h("p", null, text);
const detail = (parts) => {
  const texts = parts.filter(Boolean);
  return texts.length ? h("p", { class: "quiet" }, texts.join(" · ")) : null;
};

function delivery(e, text) {
  const d = e.delivery;
  return [title(text), detail([
    `${e.channel} to ${e.to}`, d.took_ms && e.kind === "delivery" && span(d.took_ms),
    d.rule && `rule ${d.rule}, place ${d.place}`,
    d.class && `class ${words(d.class)}`, d.code && `code ${d.code}`, d.reason && words(d.reason),
    d.currency && d.status !== "failed" && money(d.micros, d.currency),
  ]), d.upstream_id ? h("p", { class: "quiet mono" }, d.upstream_id) : null];
}

function check(e) {
  const outcome = { wrong_code: "A guess was counted", verified: "A right guess", expired: "A guess came too late",
    provider_unavailable: "Nobody could judge a guess" }[e.check.outcome];
  return [title(outcome ?? words(e.check.outcome)),
    detail([e.provider && "judged by " + e.provider, e.check.ip && "from " + e.check.ip])];
}
