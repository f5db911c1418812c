// What is redrawn keeps the keyboard's place: the same button is found again by what it is, not by its node.

const NAMES = ["data-focus", "data-action-id", "data-block-id", "name"];

function selectorOf(node) {
  const known = NAMES.filter((name) => node.hasAttribute(name));
  return known.map((name) => `[${name}="${CSS.escape(node.getAttribute(name))}"]`).join("");
}

// Call before a part is replaced; the answer puts the focus back into what replaced it.
export function focusWithin(part) {
  const active = document.activeElement;
  if (!active || !part.contains(active)) return () => {};
  const selector = selectorOf(active);
  return (now) => {
    const same = selector ? [now, ...now.querySelectorAll("*")].find((node) => node.matches(selector)) : null;
    (same ?? now).focus({ preventScroll: true });
  };
}

// A node is remembered by what it is, for when the dialog that took the focus has closed.
export function focusAgain(node) {
  if (!node) return () => {};
  const selector = selectorOf(node);
  const message = node.closest?.("[data-ts]");
  return () => {
    if (node.isConnected) return node.focus();
    const around = message ? document.querySelector(`[data-ts="${message.dataset.ts}"]`) : document.body;
    const same = selector ? around?.querySelector(selector) : null;
    (same ?? (around === document.body ? document.getElementById("place") : around))?.focus();
  };
}
