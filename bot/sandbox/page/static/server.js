// What the page asks of its own origin, and how it says that something was refused.

import { byId, el } from "./dom.js";

const STAYS = 6000; // milliseconds

// `gone` is whether nobody answered at all.
export async function send(path, body, method = "POST") {
  try {
    const answer = await fetch(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    return { ok: answer.ok, ...(await answer.json()) };
  } catch {
    tell("Nobody answered: the demo is not running. What you typed is still there.");
    return { ok: false, gone: true };
  }
}

// An act of a person in Slack. What Slack itself would say (“the app did not respond”) is told in a corner.
export async function act(name, body) {
  const outcome = await send(`/sandbox/${name}`, body);
  if (typeof outcome.error === "string") tell(SLACK_SAYS[outcome.error] ?? outcome.error);
  return outcome;
}

const SLACK_SAYS = {
  operation_timeout: "The app did not respond in time. Try again.",
  dispatch_failed: "The app could not be reached. Is the bot running?",
  invalid_response_action: "We had some trouble connecting. Try again?",
};

// What the platform refuses is told like it says it.
export async function platform(path, body, method = "POST") {
  const answer = await send(`/platform/${path}`, body, method);
  if (!answer.ok && !answer.gone) tell(answer.detail ?? "The platform refused.");
  return answer;
}

export function tell(sentence) {
  const note = el("p", { class: "toast" }, sentence);
  byId("toasts").append(note);
  setTimeout(() => note.remove(), STAYS);
}
