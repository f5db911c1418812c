// A list on the screen that follows a list of values: an item is redrawn only where its stamp differs.

import { focusWithin } from "./focus.js";

const drawn = new WeakMap();

export function keyed(parent, items, { key, stamp, draw }) {
  const before = drawn.get(parent) ?? new Map();
  const after = new Map();
  for (const item of items) {
    const name = key(item);
    const known = before.get(name);
    const now = stamp(item);
    if (known?.stamp === now) after.set(name, known);
    else {
      const refocus = known ? focusWithin(known.node) : null;
      const node = draw(item);
      known?.node.replaceWith(node);
      refocus?.(node);
      after.set(name, { node, stamp: now });
    }
  }
  for (const [name, { node }] of before) if (!after.has(name)) node.remove();
  [...after.values()].forEach(({ node }, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  drawn.set(parent, after);
}
