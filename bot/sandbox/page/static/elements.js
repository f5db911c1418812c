// What a person can press or choose in a message, in Home or beside a section.

import { confirmed } from "./dialogs.js";
import { el } from "./dom.js";
import { picture } from "./pictures.js";

export function drawElement(element, block, context) {
  const draw = ELEMENTS[element.type];
  return draw ? draw(element, block, context) : el("span", { class: "unknown" }, `(an element: ${element.type})`);
}

const marks = (element, block) => ({ "data-action-id": element.action_id, "data-block-id": block.block_id });

// Asks first where the element says so. While the act is under way a second press does nothing.
async function perform(node, element, block, context, value) {
  if (node.getAttribute("aria-busy") === "true") return;
  if (element.confirm && !(await confirmed(element.confirm, context))) return;
  node.setAttribute("aria-busy", "true");
  await context.act(block, element, value);
  node.removeAttribute("aria-busy");
}

const ELEMENTS = {
  button,
  static_select: (element, block, context) => select(element, block, context, element.placeholder?.text ?? "Choose"),
  overflow: (element, block, context) => select(element, block, context, "More"),
  checkboxes: (element, block, context) => choices(element, block, context, "checkbox"),
  radio_buttons: (element, block, context) => choices(element, block, context, "radio"),
  image: (element) => picture(element),
};

function button(element, block, context) {
  const node = el(
    "button",
    {
      type: "button",
      class: `button ${element.style ?? ""}`,
      "aria-label": element.accessibility_label,
      ...marks(element, block),
      click: () => perform(node, element, block, context),
    },
    element.text.text,
  );
  return node;
}

function select(element, block, context, first) {
  const node = el(
    "select",
    { "aria-label": first, ...marks(element, block), change: () => perform(node, element, block, context, node.value) },
    el("option", { value: "", disabled: true, selected: !element.initial_option }, first),
    element.options.map((option) =>
      el("option", { value: option.value, selected: option.value === element.initial_option?.value }, option.text.text),
    ),
  );
  return node;
}

function choices(element, block, context, type) {
  const initial = [element.initial_option, ...(element.initial_options ?? [])].map((option) => option?.value);
  const name = `${block.block_id}-${element.action_id}`;
  const node = el(
    "fieldset",
    { class: "choices", ...marks(element, block) },
    el("legend", { class: "unseen" }, "Choose"),
  );
  const chosen = () => [...node.querySelectorAll("input:checked")].map((input) => input.value);
  const changed = () => perform(node, element, block, context, type === "radio" ? chosen()[0] : chosen());
  for (const option of element.options) {
    const checked = initial.includes(option.value);
    const box = el("input", { type, name, value: option.value, checked, change: changed });
    node.append(el("label", {}, box, " ", option.text.text));
  }
  return node;
}
