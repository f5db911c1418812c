// The platform's accounts as the public sees them, each with the console of those who could go around the bot.

import { byId, el, newId, number } from "./dom.js";
import { keyed } from "./keyed.js";
import { lookAlikes } from "./look_alikes.js";
import { avatar } from "./pictures.js";
import { platform } from "./server.js";

const ACTS = [
  { as: "worker", active: false, label: "as Rex, on the last day", style: "danger" },
  { as: "owner", active: false, label: "as the owner" },
  { as: "legal", active: false, label: "as legal" },
];
const BACK = { as: "owner", active: true, label: "as the owner" };

const CURVES = {
  instant: "right at once",
  cold_cache: "5,400 for 5 seconds, as in 2017",
  ramp: "growing back for 5 seconds",
  drain: "right first, then draining away",
  partial: "only half come back",
  negative: "below zero",
  hidden: "not shown at all",
  live: "moved while it was down",
};

export class Accounts {
  constructor(store) {
    this.store = store;
    this.unfolded = new Set();
    store.follow(() => this.look());
  }

  look() {
    const { accounts } = this.store.platform;
    const alike = lookAlikes(accounts);
    keyed(byId("accounts"), accounts, {
      key: (account) => account.id,
      stamp: (account) => JSON.stringify(account) + this.unfolded.has(account.id) + alike.has(account.id),
      draw: (account) => this.account(account, alike.has(account.id)),
    });
  }

  unfold(id) {
    this.unfolded.add(id);
    this.look();
  }

  account(account, alike) {
    const open = this.unfolded.has(account.id);
    const panel = newId("console");
    return el(
      "li",
      { class: "account", "data-account": account.id, "data-handle": account.handle, "data-state": account.state },
      el(
        "button",
        {
          type: "button",
          class: "account-head",
          "aria-expanded": String(open),
          "aria-controls": open ? panel : null,
          "data-focus": `account-${account.id}`,
          click: () => this.toggle(account.id),
        },
        avatar(account.display_name),
        el(
          "span",
          { class: "account-name" },
          el("span", {}, el("bdi", {}, account.display_name), account.verified && mark()),
          el("span", { class: "faint" }, el("bdi", {}, `@${account.handle}`)),
          alike && el("span", { class: "faint id" }, account.id),
        ),
        el("span", { class: "account-facts" }, followers(account), state(account)),
      ),
      open && this.console(account, panel),
    );
  }

  toggle(id) {
    if (!this.unfolded.delete(id)) this.unfolded.add(id);
    this.look();
  }

  console(account, panel) {
    const curve = newId("curve");
    return el(
      "div",
      { class: "console", id: panel },
      el("p", { class: "faint" }, account.id, account.tags.length > 0 && ` · ${account.tags.join(", ")}`),
      account.state !== "deactivated" && acts("Deactivate, around the bot", ACTS, account),
      account.state !== "active" && acts("Restore, around the bot", [BACK], account),
      el("label", { for: curve }, "After a restore, followers are"),
      el(
        "select",
        {
          id: curve,
          "data-focus": `curve-${account.id}`,
          change: (event) => platform("counters", { account: account.id, curve: event.target.value }),
        },
        Object.entries(CURVES).map(([value, label]) =>
          el("option", { value, selected: value === account.curve }, label),
        ),
      ),
    );
  }
}

const acts = (title, all, account) => [
  el("p", { class: "console-title" }, title),
  el(
    "div",
    { class: "console-acts" },
    all.map((one) => act(account, one)),
  ),
];

function act(account, { as, active, label, style }) {
  const attributes = {
    type: "button",
    class: `button small ${style ?? ""}`,
    "data-focus": `${as}-${active}-${account.id}`,
    "data-as": as,
    "data-active": String(active),
    "aria-label": `${active ? "Restore" : "Deactivate"} @${account.handle} ${label}`,
    click: () => platform("act", { account: account.id, as, active }),
  };
  return el("button", attributes, label);
}

const mark = () => el("span", { class: "verified", role: "img", "aria-label": "verified" }, "✓");

function followers(account) {
  const shown = account.followers === null ? "hidden" : number(account.followers);
  return el("span", { class: "followers" }, shown, el("span", { class: "unseen" }, " followers"));
}

const WORDS = { active: "active", deactivated: "deactivated" };
const state = (account) => el("span", { class: `state ${account.state}` }, WORDS[account.state] ?? "no answer");
