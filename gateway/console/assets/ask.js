import { byID } from "./dom.js";
import { clock } from "./format.js";

// ask gets an answer of the console, or throws what it was refused with.
export async function ask(path, question) {
  const options = question === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question),
  };
  let response;
  try {
    response = await fetch(path, { ...options, headers: { ...options.headers, Accept: "application/json" } });
  } catch {
    throw new Error("The gateway does not answer.");
  }
  if (response.status === 401) {
    location.assign("/login");
    throw new Error("The login has ended.");
  }
  const answer = await response.json().catch(() => ({ error: "The gateway answers " + response.status + "." }));
  if (!response.ok) throw Object.assign(new Error(answer.error), { fields: answer.fields });
  return answer;
}

// poll does work now and again, as long as somebody can see it. It returns a function that has it done at once. An
// answer that a newer question has overtaken must be dropped by the work: it is told by its argument.
export function poll(seconds, work, failed) {
  let timer, round = 0;
  async function turn() {
    clearTimeout(timer);
    const mine = ++round;
    const current = () => mine === round;
    try {
      await work(current);
      if (!current()) return;
      failed(null);
      live(true);
    } catch (error) {
      if (!current()) return;
      failed(error);
      live(false);
    }
    if (!document.hidden) timer = setTimeout(turn, seconds * 1000);
  }
  document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : turn());
  turn();
  return turn;
}

let seen = null;

function live(answered) {
  const host = byID("live");
  if (answered) seen = new Date();
  host.textContent = answered || !seen ? (seen ? "Updated " + clock(seen) : "") : "Not updated since " + clock(seen);
  host.classList.toggle("stale", !answered);
}

// answers reads a form.
export function answers(form) {
  return Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, value.trim()]));
}
