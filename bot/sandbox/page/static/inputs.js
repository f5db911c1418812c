// The inputs of a modal: a label, the field, its hint and its error, bound to one another for screen readers.

import { el, newId } from "./dom.js";

const BOXES = { checkboxes: "checkbox", multi_static_select: "checkbox", radio_buttons: "radio" };
const TYPES = { plain_text_input: "text", url_text_input: "url", email_text_input: "email", number_input: "text" };

export function drawInput(block, context) {
  const { element } = block;
  const ids = { field: newId("field"), hint: newId("hint"), error: newId("error") };
  const error = context.errors?.[block.block_id];
  const described = [block.hint && ids.hint, error && ids.error].filter(Boolean).join(" ");
  const common = {
    id: ids.field,
    name: block.block_id,
    "data-action-id": element.action_id,
    "aria-describedby": described || null,
    "aria-invalid": error ? "true" : null,
    "aria-required": block.optional ? null : "true",
  };
  const kept = context.values?.[block.block_id];
  const label = [block.label.text, block.optional && el("span", { class: "optional" }, " (optional)")];
  const below = [
    error && el("p", { class: "error", id: ids.error }, error),
    block.hint && el("p", { class: "hint", id: ids.hint }, block.hint.text),
  ];
  if (element.type in BOXES) {
    return el("fieldset", {}, el("legend", {}, label), boxes(element, common, kept), below);
  }
  return el("div", {}, el("label", { for: ids.field }, label), field(element, common, kept, context), below);
}

function field(element, common, kept, context) {
  if (element.type === "static_select") {
    const offered = optionsOf(element).map((option) => [option.value, option.text.text]);
    return dropDown(element, common, offered, kept ?? element.initial_option?.value, "Choose an option");
  }
  if (element.type === "users_select") {
    const offered = context.people().map((user) => [user.id, user.real_name || user.name]);
    return dropDown(element, common, offered, kept ?? element.initial_user, "Choose a person");
  }
  const value = kept ?? element.initial_value ?? "";
  const placeholder = element.placeholder?.text;
  const limits = { placeholder, maxlength: element.max_length ?? 3000, autocomplete: "off" };
  if (element.multiline) {
    const area = el("textarea", { ...common, ...limits, rows: "4" });
    area.value = value;
    return area;
  }
  return el("input", { ...common, ...limits, type: TYPES[element.type] ?? "text", value });
}

const optionsOf = (element) => element.options ?? element.option_groups.flatMap((group) => group.options);

function dropDown(element, common, offered, chosen, otherwise) {
  return el(
    "select",
    common,
    el("option", { value: "", selected: !chosen }, element.placeholder?.text ?? otherwise),
    offered.map(([value, text]) => el("option", { value, selected: value === chosen }, text)),
  );
}

// A choice of several is drawn as boxes, too: a list in which one holds a key down serves fewer people.
function boxes(element, common, kept) {
  const initial = [element.initial_option, ...(element.initial_options ?? [])].map((option) => option?.value);
  const chosen = kept === undefined ? initial : [kept].flat();
  return optionsOf(element).map((option) => {
    const box = { ...common, id: newId("box"), "aria-required": null, type: BOXES[element.type], value: option.value };
    const checked = chosen.includes(option.value);
    return el("label", { class: "box" }, el("input", { ...box, checked }), el("span", {}, option.text.text));
  });
}

// What stands in the fields, by block id, as the stand-in takes it.
export function valuesOf(form, blocks) {
  const values = {};
  for (const block of blocks.filter((one) => one.type === "input")) {
    const fields = [...form.querySelectorAll(`[name="${CSS.escape(block.block_id)}"]`)];
    const checked = fields.filter((one) => one.checked).map((one) => one.value);
    const type = BOXES[block.element.type];
    if (type === "checkbox") values[block.block_id] = checked;
    else if (type === "radio") values[block.block_id] = checked[0] ?? null;
    else values[block.block_id] = fields[0]?.value || null;
  }
  return values;
}
