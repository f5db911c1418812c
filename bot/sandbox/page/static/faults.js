// A handful of ways in which real platforms misbehave. Each press adds a rule; all are cleared together.

import { byId, el } from "./dom.js";
import { keyed } from "./keyed.js";
import { platform } from "./server.js";

const BOT = "svc:countersign";
const REX = "staff:rex";

const FAULTS = [
  ["Answers 503", "The bot’s next five calls are turned away.", { kind: "status", code: 503, by: BOT, times: 5 }],
  [
    "Loses its answer",
    "Does the bot’s next call, then hangs for 3 s.",
    { kind: "timeout_after", seconds: 3, by: BOT, times: 1 },
  ],
  ["Says yes, does nothing", "The bot’s next call has no effect.", { kind: "no_op", by: BOT, times: 1 }],
  [
    "Tells nobody",
    "Rex’s next deactivation makes no event; the sweep has to find it.",
    { kind: "silent", by: REX, times: 1 },
  ],
  ["Drops events", "Every event is lost.", { kind: "drop" }],
  ["Delays events", "Every event comes 5 s late.", { kind: "delay", seconds: 5 }],
  ["Doubles events", "Every event comes twice.", { kind: "duplicate" }],
  ["Names the wrong one", "The event says that legal did it.", { kind: "actor", actor: "system:legal" }],
  ["Feed is down", "The bot’s feed answers 503.", { kind: "feed_down", by: BOT }],
  [
    "Rex does it again",
    "A second after each restore, three times.",
    { kind: "reattack", actor: REX, every: 1, times: 3 },
  ],
  [
    "Rex goes to war",
    "Half a second after each restore, until the bot has Rex locked out.",
    { kind: "reattack", actor: REX, every: 0.5 },
  ],
  [
    "A system goes to war",
    "After the bot’s next restore, and each one that follows; nobody can lock it out, so the bot restores with pauses.",
    { kind: "reattack", actor: "system:rogue", every: 0.5 },
  ],
  ["Rex takes six down", "At once, in the order of their ids.", { kind: "bulk", actor: REX, count: 6, per_second: 20 }],
];

export class Faults {
  constructor(store) {
    this.store = store;
    const presets = FAULTS.map(([name, about, rule]) => preset(name, about, rule));
    byId("faults").append(...presets);
    byId("clear-faults").addEventListener("click", () => platform("faults", undefined, "DELETE"));
    store.follow(() => this.look());
  }

  look() {
    const { faults } = this.store.platform;
    const active = faults.filter((rule) => !usedUp(rule)).length;
    byId("clear-faults").hidden = faults.length === 0;
    byId("no-faults").hidden = active > 0;
    byId("fault-count").textContent = active > 0 ? String(active) : "";
    keyed(byId("active-faults"), faults, {
      key: (rule) => rule.id,
      stamp: (rule) => String(rule.hits),
      draw: (rule) =>
        el("li", { "data-used-up": String(usedUp(rule)) }, nameOf(rule), el("span", { class: "faint" }, metOf(rule))),
    });
  }
}

function preset(name, about, rule) {
  const button = el(
    "button",
    { type: "button", class: "button small", "data-fault": rule.kind, click: () => platform("faults", rule) },
    name,
  );
  return el("li", {}, button, el("span", { class: "faint" }, about));
}

// Some misbehave a number of times and then no more.
const usedUp = (rule) => rule.hits >= (rule.times ?? rule.count ?? Infinity);

function metOf(rule) {
  const most = rule.times ?? rule.count;
  if (usedUp(rule)) return " · used up";
  if (most > 1) return ` · ${rule.hits} of ${most}`;
  if (rule.hits === 0) return " · has met nothing yet";
  return rule.hits === 1 ? " · met once" : ` · met ${rule.hits} times`;
}

const nameOf = (rule) => FAULTS.find(([, , known]) => known.kind === rule.kind)?.[0] ?? rule.kind;
