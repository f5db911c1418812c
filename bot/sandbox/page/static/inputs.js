// The inputs of a modal: a label, the field, its hint and its error, bound to one another for screen readers.

import { el, newId } from "./dom.js";

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
  if (["checkboxes", "radio_buttons"].includes(element.type)) {
    return el("fieldset", {}, el("legend", {}, label), boxes(element, common, kept), below);
  }
  return el("div", {}, el("label", { for: ids.field }, label), field(element, common, kept), below);
}

function field(element, common, kept) {
  if (element.type === "static_select") return dropDown(element, common, kept);
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

function dropDown(element, common, kept) {
  const chosen = kept ?? element.initial_option?.value ?? "";
  const options = element.options ?? element.option_groups.flatMap((group) => group.options);
  return el(
    "select",
    common,
    el("option", { value: "", selected: chosen === "" }, element.placeholder?.text ?? "Choose an option"),
    options.map((option) => el("option", { value: option.value, selected: option.value === chosen }, option.text.text)),
  );
}

function boxes(element, common, kept) {
  const initial = [element.initial_option, ...(element.initial_options ?? [])].map((option) => option?.value);
  const chosen = kept === undefined ? initial : [kept].flat();
  const type = element.type === "checkboxes" ? "checkbox" : "radio";
  return element.options.map((option) => {
    const box = { ...common, id: newId("box"), "aria-required": null, type, value: option.value };
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
    if (block.element.type === "checkboxes") values[block.block_id] = checked;
    else if (block.element.type === "radio_buttons") values[block.block_id] = checked[0] ?? null;
    else values[block.block_id] = fields[0]?.value || null;
  }
  return values;
}
