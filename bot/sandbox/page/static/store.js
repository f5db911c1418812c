// What the page knows: the workspace as the stream tells it, the platform, and who one is and where one looks.

const APPROVALS = "C0APPROVALS";

export class Store {
  constructor() {
    this.person = "U01ADA";
    this.place = { kind: "channel", id: APPROVALS };
    this.workspace = { team: {}, users: new Map(), channels: new Map(), messages: new Map(), views: {}, homes: {} };
    this.acts = [];
    this.platform = { accounts: [], effects: [], events: [], suspended: [], faults: [] };
    this.ready = false;
    this.readUpTo = new Map();
    this.forgotten = new Set(); // forms that stood open when another server came
    this.watching = new Set();
    this.due = false;
  }

  follow(look) {
    this.watching.add(look);
  }

  // Many changes of one moment are one redraw.
  changed() {
    if (this.due) return;
    this.due = true;
    queueMicrotask(() => {
      this.due = false;
      for (const look of this.watching) look(this);
    });
  }

  // from the stream

  takeWorkspace(told) {
    const known = new Set(Object.values(told.views).flatMap((views) => views.map((view) => view.id)));
    if (this.view && !known.has(this.view.id)) this.forgotten.add(this.view.id);
    const keyed = (list, key) => new Map(list.map((item) => [key(item), item]));
    this.workspace = {
      team: told.team,
      users: keyed(told.users, (user) => user.id),
      channels: keyed(told.channels, (channel) => channel.id),
      messages: keyed([...told.messages, ...told.ephemerals], keyOf),
      views: told.views,
      homes: told.homes,
    };
    this.loadedAt = this.loadedAt ?? newest(this.workspace.messages);
    this.ready = true;
    this.changed();
  }

  takeChanges(changes) {
    for (const { kind, data } of changes) TAKEN[kind]?.(this, data);
    this.changed();
  }

  takePlatform(platform) {
    this.platform = platform;
    this.changed();
  }

  // from the person at the page

  become(person) {
    this.person = person;
    if (this.place.kind === "dm") this.place = { kind: "dm", id: dmOf(person) };
    this.changed();
  }

  go(place) {
    this.place = place;
    this.changed();
  }

  // read

  get me() {
    return this.workspace.users.get(this.person);
  }

  get people() {
    return [...this.workspace.users.values()].filter((user) => !user.is_bot);
  }

  get home() {
    return this.workspace.homes[this.person];
  }

  get view() {
    return this.workspace.views[this.person]?.at(-1);
  }

  name(user) {
    const known = this.workspace.users.get(user);
    return known ? known.name : user;
  }

  // What this person sees in a channel, the oldest first; replies are found under their message.
  messagesIn(channel) {
    return [...this.workspace.messages.values()]
      .filter((message) => message.channel === channel && [null, this.person].includes(message.ephemeral_to))
      .sort((one, other) => one.ts.localeCompare(other.ts));
  }

  markRead(channel) {
    const last = this.messagesIn(channel).at(-1);
    if (last) this.readUpTo.set(`${this.person} ${channel}`, last.ts);
  }

  unread(channel) {
    const seen = this.readUpTo.get(`${this.person} ${channel}`) ?? this.loadedAt ?? "";
    return this.messagesIn(channel).some((message) => message.ts > seen && message.user !== this.person);
  }
}

export const dmOf = (user) => `D${user.slice(1)}`;
const keyOf = (message) => `${message.channel}/${message.ts}`;
const newest = (messages) =>
  [...messages.values()]
    .map((message) => message.ts)
    .sort()
    .at(-1) ?? "";

const put = (store, message) => store.workspace.messages.set(keyOf(message), message);

const TAKEN = {
  message: put,
  ephemeral: put,
  deleted: (store, gone) => store.workspace.messages.delete(keyOf(gone)),
  user: (store, user) => store.workspace.users.set(user.id, user),
  channel: (store, channel) => store.workspace.channels.set(channel.id, channel),
  home: (store, view) => (store.workspace.homes[view.user] = view),
  act: (store, done) => store.acts.push(done),
  view: (store, view) => {
    const stack = (store.workspace.views[view.user] ??= []);
    const index = stack.findIndex((known) => known.id === view.id);
    if (index < 0) stack.push(view);
    else stack[index] = view;
  },
  view_closed: (store, gone) => {
    const stack = store.workspace.views[gone.user] ?? [];
    store.workspace.views[gone.user] = stack.filter((view) => view.id !== gone.id);
  },
};
