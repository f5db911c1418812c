// The digest of this week, posted when somebody wants to see it: the bot’s own command is run beside it.

import { byId } from "./dom.js";
import { send, tell } from "./server.js";

const APPROVALS = { kind: "channel", id: "C0APPROVALS" };

export class Digest {
  constructor(store, panes) {
    this.store = store;
    this.panes = panes;
    this.button = byId("post-digest");
    this.button.addEventListener("click", () => this.post());
  }

  async post() {
    if (this.button.getAttribute("aria-busy") === "true") return;
    this.button.setAttribute("aria-busy", "true");
    const answer = await send("/bot/digest");
    this.button.removeAttribute("aria-busy");
    if (answer.gone) return;
    if (!answer.ok) return tell(answer.detail ?? "The digest could not be posted.");
    this.store.go(APPROVALS);
    this.panes.show("middle");
    tell("The digest of this week is posted to #account-approvals.");
  }
}
