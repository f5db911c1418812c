// The left: who one is, in which language, and where one looks.

import { byId, el } from "./dom.js";
import { keyed } from "./keyed.js";
import { avatar } from "./pictures.js";
import { send } from "./server.js";
import { dmOf } from "./store.js";

// What each person of the sample policy is; the workspace itself knows names alone.
const ROLES = {
  U01ADA: "Agent: may ask",
  U02MONA: "Manager in support: approves, may ask",
  U03OMAR: "Manager in operations: approves",
  U05TESSA: "Trust & safety: second approval",
  U04REX: "Agent on the last day",
  U09SAM: "On no roster: may nothing",
};

export class Sidebar {
  constructor(store, panes) {
    this.store = store;
    this.panes = panes;
    byId("language").addEventListener("change", (event) =>
      send("/sandbox/locale", { user: store.person, locale: event.target.value }),
    );
    byId("who").addEventListener("click", () => this.switchPerson());
    store.follow(() => this.look());
  }

  switchPerson() {
    this.panes.show("left");
    document.querySelector('input[name="person"]:checked').focus();
  }

  look() {
    const { store } = this;
    if (!store.ready) return;
    this.people();
    this.places();
    byId("who").textContent = `Acting as ${first(store.me)}`;
    byId("language").value = store.me.locale;
    byId("whose-language").textContent = `${first(store.me)}’s Slack language`;
  }

  people() {
    const { store } = this;
    keyed(byId("people"), store.people, {
      key: (user) => user.id,
      stamp: (user) => `${user.id === store.person} ${user.real_name}`,
      draw: (user) => this.person(user),
    });
  }

  person(user) {
    const mine = user.id === this.store.person;
    const box = el("input", {
      type: "radio",
      name: "person",
      value: user.id,
      checked: mine,
      "data-focus": `person-${user.id}`,
      change: () => this.store.become(user.id),
    });
    const words = [
      el("span", { class: "person-name" }, first(user)),
      el("span", { class: "faint" }, ROLES[user.id] ?? user.real_name),
    ];
    return el("label", { class: "person", "data-person": user.id }, box, avatar(first(user)), el("span", {}, words));
  }

  places() {
    const { store } = this;
    const channels = [...store.workspace.channels.values()].filter((channel) => channel.name);
    const places = [
      ...channels.map((channel) => ({ kind: "channel", id: channel.id, label: `# ${channel.name}` })),
      { kind: "home", label: "Countersign · Home" },
      { kind: "dm", id: dmOf(store.person), label: "Countersign · Messages" },
    ];
    keyed(byId("places"), places, {
      key: (place) => `${place.kind} ${place.id ?? ""}`,
      stamp: (place) => `${this.here(place)} ${this.news(place)}`,
      draw: (place) => this.place(place),
    });
  }

  here(place) {
    return this.store.place.kind === place.kind && this.store.place.id === place.id;
  }

  news(place) {
    return place.id !== undefined && !this.here(place) && this.store.unread(place.id);
  }

  place(place) {
    const go = () => {
      this.store.go({ kind: place.kind, id: place.id });
      this.panes.show("middle");
    };
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "place",
          "data-focus": `place-${place.kind}-${place.id ?? ""}`,
          "data-place": place.kind === "channel" ? place.label.slice(2) : place.kind,
          "aria-current": this.here(place) ? "page" : null,
          click: go,
        },
        el("span", {}, place.label),
        this.news(place) && el("span", { class: "dot" }, el("span", { class: "unseen" }, "unread")),
      ),
    );
  }
}

const first = (user) => user.real_name.split(" ")[0] || user.name;
