// On a phone the three columns are tabs; on a wide screen the tabs are not shown and all three stand side by side.

import { byId } from "./dom.js";

export class Panes {
  constructor() {
    for (const tab of this.tabs) {
      tab.addEventListener("click", () => this.show(tab.dataset.shows));
    }
    this.show("middle");
  }

  get tabs() {
    return [...byId("panes").querySelectorAll("button")];
  }

  show(pane) {
    document.body.dataset.pane = pane;
    for (const tab of this.tabs) tab.setAttribute("aria-pressed", String(tab.dataset.shows === pane));
  }
}
