// What happened on the platform, the newest first: when, by whom, and what became of it.

import { lasted } from "./dates.js";
import { byId, el } from "./dom.js";
import { keyed } from "./keyed.js";

const BOT = "svc:countersign";
const DONE = {
  deactivate: "took down",
  restore: "put back",
  delete: "deleted",
  update: "changed",
  create: "created",
  suspend: "suspended",
  reinstate: "reinstated",
};

export class Log {
  constructor(store) {
    this.store = store;
    store.follow(() => this.look());
  }

  look() {
    const { effects, events, accounts } = this.store.platform;
    const incidents = incidentsOf(this.store);
    const entries = effects
      .map((effect) => ({ effect, end: endOf(effect, this.store.platform, incidents), odd: oddity(effect, events) }))
      .reverse();
    const names = new Map(accounts.map((account) => [account.id, account.handle]));
    byId("no-log").hidden = entries.length > 0;
    keyed(byId("log"), entries, {
      key: ({ effect }) => effect.seq,
      stamp: ({ effect, end, odd }) => `${JSON.stringify(end)} ${odd} ${names.get(effect.account)}`,
      draw: ({ effect, end, odd }) => drawn(effect, end, odd, names),
    });
  }
}

function drawn(effect, end, odd, names) {
  const whom = effect.account ? `@${names.get(effect.account) ?? effect.account}` : effect.staff;
  return el(
    "li",
    { class: "entry", "data-seq": effect.seq, "data-action": effect.action, "data-end": end.kind },
    el("time", { datetime: effect.at }, timeOf(effect.at)),
    el(
      "span",
      {},
      el("span", { class: `actor ${effect.actor.kind}` }, actorOf(effect.actor)),
      ` ${DONE[effect.action] ?? effect.action} `,
      el("bdi", {}, whom),
      effect.account && names.has(effect.account) && el("span", { class: "faint id" }, ` ${effect.account}`),
      end.words &&
        el(
          "span",
          { class: "entry-end" },
          el("span", { class: `end ${end.kind}` }, end.words),
          end.incident && el("span", { class: "faint" }, end.incident),
        ),
      odd && el("span", { class: "odd" }, odd),
    ),
  );
}

// A deactivation ends with the account's next restore; of one that the guard undid, the span is what was down.
function endOf(effect, { effects, events, heard }, incidents) {
  if (effect.action !== "deactivate") return { kind: effect.action };
  const next = effects.find((one) => one.seq > effect.seq && one.account === effect.account);
  if (effect.actor.id === BOT) return { kind: "approved", words: "through Countersign" };
  const incident = incidents.find((one) => one.account === effect.account && one.at >= Date.parse(effect.at));
  if (next?.action === "restore" && next.actor.id === BOT) {
    const down = Date.parse(next.at) - Date.parse(effect.at);
    return { kind: "undone", words: `put back after ${lasted(down)}`, incident: incident?.id };
  }
  if (next) return { kind: "over", words: next.action === "restore" ? "restored" : "again" };
  if (incident) return { kind: "open", words: "being put back", incident: incident.id };
  return judged(effect, events, heard)
    ? { kind: "stands", words: "stands" }
    : { kind: "unjudged", words: "nobody has judged it yet" };
}

// What staff did is judged by an incident alone; of what others did, that the bot has taken it from the feed.
function judged(effect, events, heard) {
  return effect.actor.kind !== "staff" && toldOf(effect, events).some((event) => event.seq <= heard);
}

const toldOf = (effect, events) =>
  events.filter((event) => event.at === effect.at && event.account?.id === (effect.account ?? undefined));

// What the feed told of it, where that is not what happened: the guard hears the feed, not the platform's truth.
function oddity(effect, events) {
  const told = toldOf(effect, events);
  if (told.length === 0) return "the feed has not told of it";
  if (told.length > 1) return "the feed told of it twice";
  const said = told[0].actor?.id;
  return said === effect.actor.id ? "" : `the feed named ${said ?? "nobody"}`;
}

// Which account a card speaks of stands in its text alone.
export const accountIn = (message) => /acct_\w+/.exec(JSON.stringify(message.blocks))?.[0];

export function incidentsOf(store) {
  return [...store.workspace.messages.values()]
    .filter((message) => message.metadata?.event_type === "countersign_incident")
    .map((message) => ({
      id: message.metadata.event_payload.id,
      state: message.metadata.event_payload.state,
      at: Number(message.ts) * 1000,
      ts: message.ts,
      account: accountIn(message),
    }));
}

const NAMES = { [BOT]: "Countersign", "staff:rex": "Rex", "system:legal": "Legal", "system:seed": "Before the start" };
const actorOf = (actor) => NAMES[actor.id] ?? (actor.kind === "owner" ? "The owner" : actor.id);

function timeOf(at) {
  const when = new Date(at);
  const parts = [when.getHours(), when.getMinutes(), when.getSeconds()].map((part) => String(part).padStart(2, "0"));
  return `${parts.join(":")}.${String(when.getMilliseconds()).padStart(3, "0")}`;
}
