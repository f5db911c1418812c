// The modal that a person has open: opened, updated while it is open, filled in, refused at the field, closed.

import { el } from "./dom.js";
import { drawBlocks } from "./blocks.js";
import { contextOf } from "./context.js";
import { opened } from "./dialogs.js";
import { focusWithin } from "./focus.js";
import { valuesOf } from "./inputs.js";
import { act } from "./server.js";

export class Modals {
  constructor(store) {
    this.store = store;
    this.dialog = null;
    this.drawn = "";
    this.errors = {};
    store.follow(() => this.look());
  }

  look() {
    const { view } = this.store;
    if (this.dialog && this.store.forgotten.has(this.dialog.dataset.view)) return this.strand();
    if (this.dialog && view?.id !== this.dialog.dataset.view) this.shut();
    if (!view) return;
    if (!this.dialog) this.open(view);
    else if (this.drawn !== view.hash) this.redraw(view, {});
  }

  // The demo was started anew and does not know this form: what was typed stays until the person closes it.
  strand() {
    if (this.dialog.querySelector(".stranded")) return;
    const words = "The demo was started anew and does not know this form. Copy what you need of it, then close it.";
    this.dialog.querySelector("h2").after(el("p", { class: "stranded", role: "alert" }, words));
    this.dialog.querySelector('[data-focus="submit"]')?.remove();
  }

  shut() {
    const { dialog } = this;
    this.dialog = null;
    dialog.close();
  }

  open(view) {
    this.dialog = el("dialog", {
      class: "dialog modal",
      "aria-labelledby": "modal-title",
      "data-view": view.id,
      "data-callback-id": view.callback_id,
      cancel: (event) => {
        event.preventDefault();
        this.leave();
      },
    });
    this.errors = {};
    this.draw(view, {});
    opened(this.dialog);
    this.focusFirst();
  }

  focusFirst() {
    const fields = [...this.dialog.querySelectorAll("input, select, textarea")];
    const first = fields.find((field) => field.value === "") ?? fields[0];
    (first ?? this.dialog.querySelector("button"))?.focus();
  }

  // The bot has updated it, or refused a field: what was typed stays where the input is the same.
  redraw(view, errors) {
    const typed = valuesOf(this.dialog, this.blocks);
    const hadInputs = Object.keys(typed).length > 0;
    this.errors = errors;
    const refocus = focusWithin(this.dialog);
    this.draw(view, hadInputs ? typed : {});
    refocus(this.dialog);
    const fresh = [...this.dialog.querySelectorAll("[name]")].find((field) => !(field.name in typed));
    const wanted = this.dialog.querySelector("[aria-invalid]") ?? (hadInputs ? fresh : null);
    if (wanted) this.bring(wanted);
    else if (!hadInputs || document.activeElement === this.dialog) this.focusFirst();
  }

  // The whole input with its label, hint and error: a field alone would leave its sentence under the footer.
  bring(field) {
    field.focus({ preventScroll: true });
    field.closest(".block").scrollIntoView({ block: "nearest" });
  }

  draw(view, values) {
    const { dialog, store } = this;
    this.drawn = view.hash;
    this.blocks = view.blocks;
    dialog.dataset.callbackId = view.callback_id;
    const source = { view: view.id };
    const kept = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
    const context = { ...contextOf(store, source), values: kept, errors: this.errors };
    const submit = view.submit && el("button", { class: "button primary", "data-focus": "submit" }, view.submit.text);
    const close = el(
      "button",
      { type: "button", class: "button", "data-focus": "close", click: () => this.leave() },
      view.close?.text ?? "Cancel",
    );
    const form = el(
      "form",
      { novalidate: true, submit: (event) => this.submit(event, view) },
      el("h2", { id: "modal-title" }, view.title.text),
      el("div", { class: "dialog-body", tabindex: "-1" }, drawBlocks(view.blocks, context)),
      el("div", { class: "dialog-end" }, close, submit),
    );
    dialog.replaceChildren(form);
  }

  async submit(event, view) {
    event.preventDefault();
    const form = event.target;
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    const values = valuesOf(form, view.blocks);
    const outcome = await act("submit", { user: this.store.person, view: view.id, values });
    form.removeAttribute("aria-busy");
    const now = this.store.view;
    const errors = outcome.errors ?? {};
    if (Object.keys(errors).length > 0 && now?.id === view.id) this.redraw(now, errors);
  }

  // Where nobody answers any more the form is closed all the same.
  async leave() {
    const gone = { user: this.store.person, id: this.dialog.dataset.view };
    if (this.store.forgotten.delete(gone.id)) return this.look();
    const outcome = await act("close", { user: gone.user, view: gone.id });
    if (outcome.gone) this.store.takeChanges([{ kind: "view_closed", data: gone }]);
  }
}
