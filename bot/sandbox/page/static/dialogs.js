// Dialogs: the browser's own <dialog> keeps the focus inside and the rest inert; where it came from is restored here.

import { el, newId } from "./dom.js";
import { focusAgain } from "./focus.js";

export function opened(dialog) {
  const back = focusAgain(document.activeElement);
  document.body.append(dialog);
  dialog.addEventListener("close", () => {
    dialog.remove();
    back();
  });
  dialog.showModal();
  return dialog;
}

// The confirmation that an element asks for. Resolves to whether it was given.
export function confirmed(confirm, context) {
  const title = newId("confirm");
  const answer = (value) => () => dialog.close(value);
  const style = confirm.style === "danger" ? "danger" : "primary";
  const dialog = el(
    "dialog",
    { class: "dialog confirm", "aria-labelledby": title },
    el("h2", { id: title }, confirm.title.text),
    el("div", { class: "dialog-body" }, el("p", {}, context.text(confirm.text))),
    el(
      "div",
      { class: "dialog-end" },
      el("button", { type: "button", class: "button", click: answer("no") }, confirm.deny.text),
      el(
        "button",
        { type: "button", class: `button ${style}`, autofocus: true, click: answer("yes") },
        confirm.confirm.text,
      ),
    ),
  );
  return new Promise((resolve) => {
    opened(dialog).addEventListener("close", () => resolve(dialog.returnValue === "yes"));
  });
}
