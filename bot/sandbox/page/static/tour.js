// The guided tour: a strip of its own above the columns, so it covers nothing. A step is over when it truly happened.

import { byId, el } from "./dom.js";
import { focusWithin } from "./focus.js";
import { STEPS, subjectOf } from "./tour_steps.js";

const SKIPPED = "countersign-tour-skipped";

export class Tour {
  constructor(store, { panes, composer, accounts }) {
    Object.assign(this, { store, panes, composer, accounts });
    this.step = localStorage.getItem(SKIPPED) ? null : 0;
    this.begun = false;
    this.drawn = "";
    byId("restart-tour").addEventListener("click", () => this.restart());
    store.follow(() => this.look());
  }

  restart() {
    localStorage.removeItem(SKIPPED);
    this.step = 0;
    this.begun = false;
    this.look();
    byId("tour").focus();
  }

  end() {
    localStorage.setItem(SKIPPED, "yes");
    this.step = null;
    this.look();
    byId("restart-tour").focus();
  }

  // What counts is what happens from now on.
  begin() {
    this.begun = true;
    this.since =
      [...this.store.workspace.messages.values()]
        .map((message) => message.ts)
        .sort()
        .at(-1) ?? "";
    this.after = this.store.platform.effects.at(-1)?.seq ?? 0;
    this.store.acts.length = 0;
    this.subject = subjectOf(this.store.platform.accounts);
  }

  look() {
    const { store } = this;
    if (!store.ready || store.platform.accounts.length === 0) return;
    if (this.step !== null && !this.begun) this.begin();
    while (this.step !== null && this.isOver(STEPS[this.step])) this.step += 1;
    this.draw();
    this.point();
  }

  // A step that is to be looked at waits for the person; it does so only once there is something to see.
  isOver(step) {
    return step.seen === undefined && step.happened(this);
  }

  draw() {
    const strip = byId("tour");
    strip.hidden = this.step === null;
    byId("restart-tour").hidden = this.step !== null;
    const step = STEPS[this.step];
    if (!step) return;
    const words = step.words(this);
    const seeable = step.seen !== undefined && step.happened(this);
    const now = `${this.step} ${words} ${seeable}`;
    if (now === this.drawn) return;
    this.drawn = now;
    const refocus = focusWithin(strip);
    strip.replaceChildren(...this.parts(step, words, seeable));
    refocus(strip);
  }

  parts(step, words, seeable) {
    const label = typeof step.go.label === "string" ? step.go.label : step.go.label(this);
    const button = (name, text, click, more = "") =>
      el("button", { type: "button", class: `button ${more}`, "data-focus": `tour-${name}`, click }, text);
    return [
      el(
        "div",
        { class: "tour-words", "aria-live": "polite" },
        el("p", { class: "tour-count" }, `Step ${this.step + 1} of ${STEPS.length}`),
        el("h2", {}, step.title),
        el("p", {}, words),
      ),
      el(
        "div",
        { class: "tour-buttons" },
        button("go", label, () => this.take(step), seeable ? "" : "primary"),
        seeable && button("next", step.seen, () => this.next(), "primary"),
        button("skip", "Skip tour", () => this.end(), "quiet"),
      ),
    ];
  }

  next() {
    if (this.step + 1 === STEPS.length) return this.end();
    this.step += 1;
    this.look();
    byId("tour").focus();
  }

  // Goes where the step happens; the deed is left to the person.
  take({ go, line }) {
    const { store } = this;
    if (go.person) store.become(go.person(this));
    if (go.place) store.go(go.place);
    if (go.account) this.accounts.unfold(go.account(this));
    this.panes.show(go.pane);
    if (line) this.composer.fill(line(this));
    queueMicrotask(() => this.arrive(go));
  }

  arrive(go) {
    this.point();
    const selector = go.scroll?.(this) ?? this.target;
    const target = selector && document.querySelector(selector);
    if (!target) return;
    target.scrollIntoView({ block: "nearest" });
    const within = go.button
      ? target.querySelector(go.button)
      : target.querySelector("[data-action-id], button, input");
    if (!target.contains(document.activeElement)) (within ?? target).focus({ preventScroll: true });
  }

  get target() {
    return this.step === null ? undefined : STEPS[this.step].target(this);
  }

  point() {
    const now = this.target && document.querySelector(this.target);
    for (const node of document.querySelectorAll(".pointed")) if (node !== now) node.classList.remove("pointed");
    now?.classList.add("pointed");
  }
}
