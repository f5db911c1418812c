// The five steps: what to do, where it is, how one gets there, and how one knows that it truly happened.

import { accountIn, incidentsOf } from "./log.js";

// Accounts that need two approvals; a tour taken again takes the next one that is still there.
const SUBJECTS = ["dailyledger", "nightowl_films", "platform_support"];
const PRESIDENT = "acct_25073877";
const REASON = "Somebody else writes there and asks readers for their passwords.";
const APPROVALS = { kind: "channel", id: "C0APPROVALS" };
const UNDONE = ["denied", "withdrawn", "expired", "void", "failed", "superseded"];
const BACK = new Set(["restored", "whole", "lost"]);
const DECIDED = ["approved", "running", "done", "uncertain"];

export function subjectOf(accounts) {
  const standing = SUBJECTS.map((handle) => accounts.find((one) => one.handle === handle && one.state === "active"));
  return standing.find(Boolean) ?? accounts[0];
}

const stateOf = (message) => message?.metadata.event_payload.state;

// The request that was filed since the tour began; one that was denied or let go does not count.
const card = (tour) =>
  [...tour.store.workspace.messages.values()].findLast(
    (message) =>
      message.metadata?.event_type === "countersign_request" &&
      message.ts > tour.since &&
      !UNDONE.includes(stateOf(message)),
  );

// Whose account the visitor asked for: the tour's own proposal until there is a card.
const asked = (tour) => (card(tour) ? accountIn(card(tour)) : tour.subject.id);
const account = (tour, id) => tour.store.platform.accounts.find((one) => one.id === id);
const effect = (tour, action, id) =>
  tour.store.platform.effects.find((one) => one.action === action && one.account === id && one.seq > tour.after);
const approvedBy = (tour, user) =>
  tour.store.acts.some((done) => done.act === "click" && done.user === user && done.action_id === "approve");
const next = (tour) => (approvedBy(tour, "U02MONA") ? "U05TESSA" : "U02MONA");
const cardOf = (message) => message && `[data-ts="${message.ts}"]`;
const incident = (tour) => incidentsOf(tour.store).findLast((one) => one.account === PRESIDENT && one.ts > tour.since);

export const STEPS = [
  {
    title: "Ask as Ada",
    words: (tour) =>
      `Ada wants @${tour.subject.handle} taken down. Send her command, fill in the form, and ask for approval.`,
    go: { label: "Write the command", person: () => "U01ADA", place: APPROVALS, pane: "middle" },
    line: (tour) => `/deactivate @${tour.subject.handle} ${REASON}`,
    target: () => "#composer",
    happened: (tour) => card(tour) !== undefined,
  },
  {
    title: "Approve as Mona, then Tessa",
    words: (tour) =>
      next(tour) === "U02MONA"
        ? "An account this large needs two people of different teams. First approve as Mona, a manager."
        : "One approval is there. Now approve as Tessa of trust & safety.",
    go: {
      label: (tour) => `Become ${next(tour) === "U02MONA" ? "Mona" : "Tessa"}`,
      person: next,
      place: APPROVALS,
      pane: "middle",
    },
    target: (tour) => cardOf(card(tour)),
    happened: (tour) => DECIDED.includes(stateOf(card(tour))),
  },
  {
    title: "See it carried out",
    words: (tour) =>
      account(tour, asked(tour))?.state === "deactivated"
        ? "The bot took it down, then looked: the card says it is done, and the public sees it deactivated."
        : "The bot carries it out and looks whether it really happened …",
    go: { label: "Show the account", account: asked, pane: "right" },
    target: (tour) => `[data-account="${asked(tour)}"]`,
    happened: (tour) => stateOf(card(tour)) === "done" && account(tour, asked(tour))?.state === "deactivated",
    seen: "I see it",
  },
  {
    title: "Go rogue as Rex",
    words: () => "It is Rex’s last day. Nobody approved anything: deactivate @president directly, around the bot.",
    go: { label: "Open the console", account: () => PRESIDENT, pane: "right", button: '[data-as="worker"]' },
    target: () => `[data-account="${PRESIDENT}"]`,
    happened: (tour) => effect(tour, "deactivate", PRESIDENT) !== undefined,
  },
  {
    title: "Watch it come back",
    words: (tour) =>
      BACK.has(incident(tour)?.state)
        ? "It is back, and its followers with it. In 2017 that took 11 minutes. Read the incident card."
        : "The guard has heard of it and puts the account back …",
    go: {
      label: "Show the incident card",
      place: APPROVALS,
      pane: "middle",
      scroll: (tour) => cardOf(incident(tour)),
    },
    target: (tour) => cardOf(incident(tour)) ?? `[data-account="${PRESIDENT}"]`,
    happened: (tour) => BACK.has(incident(tour)?.state) && account(tour, PRESIDENT)?.state === "active",
    seen: "Finish",
  },
];
