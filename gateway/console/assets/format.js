const whole = new Intl.NumberFormat("en-GB");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const two = (n) => String(n).padStart(2, "0");

export const none = "–";

export const count = (n) => whole.format(n);

export const plural = (n, one, many) => count(n) + " " + (n === 1 ? one : many ?? one + "s");

export function percent(share) {
  if (share === null || share === undefined) return none;
  const n = share * 100;
  return (n === 0 || n === 100 || n >= 99.95 ? n.toFixed(0) : n.toFixed(1)) + " %";
}

// span is a time of so many milliseconds.
export function span(ms) {
  if (ms === null || ms === undefined) return none;
  if (ms < 1000) return Math.round(ms) + " ms";
  if (ms < 10_000) return (ms / 1000).toFixed(1) + " s";
  if (ms < 120_000) return Math.round(ms / 1000) + " s";
  if (ms < 7_200_000) return Math.floor(ms / 60_000) + " min " + two(Math.round(ms % 60_000 / 1000) % 60) + " s";
  return (ms / 3_600_000).toFixed(1) + " h";
}

// shortSpan is span for the round values of an axis.
export function shortSpan(ms) {
  if (ms === 0) return "0";
  return ms < 60_000 ? ms / 1000 + " s" : ms / 60_000 + " min";
}

export function money(micros, currency) {
  const amount = micros / 1e6;
  const digits = amount !== 0 && Math.abs(amount) < 0.1 ? 4 : 2;
  return amount.toLocaleString("en-GB", { minimumFractionDigits: 2, maximumFractionDigits: digits }) + " " + currency;
}

export function costs(all) {
  const list = Object.entries(all ?? {});
  return list.length ? list.map(([currency, micros]) => money(micros, currency)).join(", ") : none;
}

export function price(p) {
  return p ? p.amount.toLocaleString("en-GB", { maximumFractionDigits: 6 }) + " " + p.currency : none;
}

export const hour = (d) => two(d.getUTCHours()) + ":" + two(d.getUTCMinutes());
export const clock = (d) => hour(d) + ":" + two(d.getUTCSeconds());
export const date = (d) => d.getUTCDate() + " " + months[d.getUTCMonth()];
export const moment = (d) => date(d) + " " + d.getUTCFullYear() + " " + clock(d);
export const recently = (d, now) => date(d) === date(now) ? clock(d) : date(d) + " " + clock(d);

// ago is how long before now d was.
export function ago(d, now) {
  const seconds = Math.max(0, Math.round((now - d) / 1000));
  if (seconds < 60) return seconds + " s ago";
  if (seconds < 3600) return Math.floor(seconds / 60) + " min ago";
  if (seconds < 86_400) return Math.floor(seconds / 3600) + " h ago";
  return Math.floor(seconds / 86_400) + " d ago";
}

// words are for people what the contract calls by one word.
export const words = (text) => (text ?? "").replaceAll("_", " ");
