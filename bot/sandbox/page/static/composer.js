// The line one types into: plain messages, and slash commands with a list of what fits (arrows, Enter or Tab, Escape).

import { fitting, hintFor, isCommand } from "./commands.js";
import { byId, el } from "./dom.js";
import { escaped } from "./mrkdwn.js";
import { act, send, tell } from "./server.js";

export class Composer {
  constructor(store) {
    this.store = store;
    this.field = byId("composer-field");
    this.list = byId("commands");
    this.options = [];
    this.at = -1;
    this.under = null; // the line that is under way
    this.field.addEventListener("input", () => this.suggest());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("blur", () => this.offer([]));
    byId("composer").addEventListener("submit", (event) => this.send(event));
    store.follow(() => this.look());
  }

  look() {
    const { kind, id } = this.store.place;
    byId("composer").hidden = kind !== "channel";
    byId("read-only").hidden = kind !== "dm";
    const name = this.store.workspace.channels.get(id)?.name ?? "";
    this.field.placeholder = `Write to #${name}, or type / for commands`;
  }

  // Puts a line into the field for the person to look at and send.
  fill(line) {
    this.field.value = line;
    this.field.focus();
    this.suggest();
  }

  suggest() {
    this.offer(fitting(this.field.value));
    byId("command-hint").textContent = hintFor(this.field.value);
  }

  offer(commands) {
    this.options = commands;
    this.at = commands.length > 0 ? 0 : -1;
    this.list.replaceChildren(...commands.map((command, index) => this.option(command, index)));
    this.list.hidden = commands.length === 0;
    this.field.setAttribute("aria-expanded", String(commands.length > 0));
    this.mark();
  }

  option(command, index) {
    return el(
      "li",
      {
        role: "option",
        id: `command-${index}`,
        // pressed down, for a click would come after the field has lost the focus and the list is gone
        mousedown: (event) => {
          event.preventDefault();
          this.take(command);
        },
      },
      el("strong", {}, command.name),
      " ",
      el("span", { class: "usage" }, command.hint),
      el("span", { class: "faint" }, command.about),
    );
  }

  mark() {
    [...this.list.children].forEach((node, index) => node.setAttribute("aria-selected", String(index === this.at)));
    if (this.at < 0) this.field.removeAttribute("aria-activedescendant");
    else this.field.setAttribute("aria-activedescendant", `command-${this.at}`);
  }

  key(event) {
    const many = this.options.length;
    if (many === 0) return;
    if (event.key === "ArrowDown") this.at = (this.at + 1) % many;
    else if (event.key === "ArrowUp") this.at = (this.at - 1 + many) % many;
    else if (event.key === "Enter" || event.key === "Tab") return this.complete(event);
    else if (event.key === "Escape") return this.offer([]);
    else return;
    event.preventDefault();
    this.mark();
  }

  complete(event) {
    event.preventDefault();
    this.take(this.options[this.at]);
  }

  take(command) {
    this.fill(`${command.name} `);
  }

  async send(event) {
    event.preventDefault();
    const typed = this.field.value.trim();
    if (!typed || typed === this.under) return;
    const { person, place } = this.store;
    const [name] = typed.split(/\s/, 1);
    if (typed.startsWith("/") && !isCommand(name)) return tell(`${name} is not a command of this workspace.`);
    this.offer([]);
    this.under = typed;
    const text = typed.slice(name.length).trim();
    const outcome = typed.startsWith("/")
      ? await act("command", { user: person, command: name, text, channel: place.id })
      : // Slack's own client escapes what is typed, so that no mention can be made by writing one
        await send("/sandbox/say", { user: person, channel: place.id, text: escaped(typed) });
    this.under = null;
    if (outcome.ok) this.taken(typed);
  }

  // Emptied only once it was taken, and not where something else was typed meanwhile.
  taken(typed) {
    if (this.field.value.trim() !== typed) return;
    this.field.value = "";
    this.suggest();
  }
}
