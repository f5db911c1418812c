// The middle: a channel, the direct messages with the app, or its Home.

import { drawBlocks } from "./blocks.js";
import { contextOf } from "./context.js";
import { byId, el } from "./dom.js";
import { keyed } from "./keyed.js";
import { drawMessage } from "./message.js";
import { act } from "./server.js";

const NEAR = 120; // pixels from the end at which a reader follows new messages

export class Timeline {
  constructor(store) {
    this.store = store;
    this.list = byId("messages");
    this.scroller = byId("timeline");
    this.shown = "";
    this.said = new Map();
    store.follow(() => this.look());
  }

  look() {
    const { store } = this;
    if (!store.ready) return;
    const where = `${store.person} ${store.place.kind} ${store.place.id ?? ""}`;
    const moved = where !== this.shown;
    this.shown = where;
    this.title();
    if (store.place.kind === "home") return this.home(moved);
    byId("home").hidden = true;
    this.list.hidden = false;
    const follows = moved || this.nearEnd();
    const messages = store.messagesIn(store.place.id);
    const grew = this.draw(messages);
    if (follows && (moved || grew)) this.scroller.scrollTop = this.scroller.scrollHeight;
    if (document.visibilityState === "visible") store.markRead(store.place.id);
    this.announce(messages, moved);
  }

  nearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR;
  }

  draw(messages) {
    const { store } = this;
    const repliesTo = (one) => messages.filter((other) => other.thread_ts === one.ts);
    const items = messages.filter((one) => one.thread_ts === null).map((one) => ({ one, replies: repliesTo(one) }));
    const version = (message) => `${message.ts}-${message.versions.length}`;
    const before = this.list.dataset.drawn;
    const locale = store.me.locale;
    keyed(this.list, items, {
      key: ({ one }) => `${one.channel}/${one.ts}`,
      stamp: ({ one, replies }) => [one, ...replies].map(version).join() + locale,
      draw: ({ one, replies }) => drawMessage(one, replies, store),
    });
    byId("nothing").hidden = items.length > 0;
    this.list.dataset.drawn = messages.map(version).join();
    return before !== this.list.dataset.drawn;
  }

  home(moved) {
    const { store } = this;
    const place = byId("home");
    this.list.hidden = true;
    byId("nothing").hidden = true;
    place.hidden = false;
    place.lang = store.me.locale; // the app speaks the person's language there
    if (moved) act("home", { user: store.person });
    const context = store.home && contextOf(store, { view: store.home.id });
    keyed(place, store.home ? [store.home] : [], {
      key: (view) => view.id,
      stamp: (view) => `${view.hash} ${store.me.locale}`,
      draw: (view) => el("div", { class: "blocks", tabindex: "-1" }, drawBlocks(view.blocks, context)),
    });
  }

  title() {
    const { kind, id } = this.store.place;
    const channel = this.store.workspace.channels.get(id);
    const titles = { home: "Countersign · Home", dm: "Countersign", channel: `# ${channel?.name ?? ""}` };
    const abouts = {
      home: "What waits for you, what you have asked for, and how the week went",
      dm: "What the app tells you alone",
      channel: id === "C0APPROVALS" ? "Requests and incidents stand here until they are decided" : "Everyday work",
    };
    if (byId("place").textContent === titles[kind]) return;
    byId("place").textContent = titles[kind];
    byId("about").textContent = abouts[kind];
  }

  // A screen reader hears what is new where one looks, and what has become of a card; not what was there before.
  announce(messages, moved) {
    for (const message of messages) {
      const key = `${message.channel}/${message.ts}`;
      const known = this.said.get(key);
      this.said.set(key, message.versions.length);
      if (moved || known === message.versions.length || message.user === this.store.person) continue;
      byId("announcer").append(el("p", {}, `${this.store.name(message.user)}: ${message.text}`));
    }
    while (byId("announcer").children.length > 20) byId("announcer").firstChild.remove();
  }
}
