// The page's parts, joined by hand.

import { Accounts } from "./accounts.js";
import { Composer } from "./composer.js";
import { Digest } from "./digest.js";
import { byId } from "./dom.js";
import { Faults } from "./faults.js";
import { Log } from "./log.js";
import { Modals } from "./modals.js";
import { Panes } from "./panes.js";
import { Sidebar } from "./sidebar.js";
import { Store } from "./store.js";
import { follow } from "./stream.js";
import { Timeline } from "./timeline.js";
import { Tour } from "./tour.js";

const store = new Store();
const panes = new Panes();
new Sidebar(store, panes);
new Timeline(store);
const composer = new Composer(store);
new Modals(store);
const accounts = new Accounts(store);
new Faults(store);
new Log(store);
new Digest(store, panes);
new Tour(store, { panes, composer, accounts });

follow(store, (connected) => {
  byId("lost").hidden = connected;
});
