// The blocks of messages, modals and Home, drawn from the same payload that Slack would draw.

import { chart } from "./charts.js";
import { el } from "./dom.js";
import { drawElement } from "./elements.js";
import { drawInput } from "./inputs.js";
import { picture } from "./pictures.js";
import { richText } from "./rich_text.js";
import { table } from "./tables.js";

// `context`: name(user), people(), channel(id), locale, act(block, element, value), and for modals values and errors.
export function drawBlocks(blocks, context) {
  return blocks.map((block) => {
    const draw = BLOCKS[block.type];
    const drawn = draw ? draw(block, context) : el("p", { class: "unknown" }, `(a block of the kind ${block.type})`);
    drawn.dataset.blockId = block.block_id;
    drawn.classList.add("block", `block-${block.type}`);
    return drawn;
  });
}

const BLOCKS = {
  header: (block) => el("h3", {}, block.text.text),
  divider: () => el("hr"),
  section,
  context: (block, context) =>
    el(
      "div",
      {},
      block.elements.map((part) => small(part, context)),
    ),
  actions: (block, context) =>
    el(
      "div",
      {},
      block.elements.map((element) => drawElement(element, block, context)),
    ),
  rich_text: (block, context) => el("div", {}, richText(block, context)),
  image: (block) => el("figure", {}, picture(block), block.title && el("figcaption", {}, block.title.text)),
  markdown: (block) => el("div", {}, el("p", {}, block.text)),
  data_visualization: (block) => chart(block),
  data_table: (block, context) => table(block, (cell) => richText(cell, context)),
  input: (block, context) => drawInput(block, context),
};

function section(block, context) {
  const fields = (block.fields ?? []).map((field) => el("p", { class: "field" }, titled(field, context)));
  const words = [
    block.text && el("div", { class: "words" }, context.text(block.text)),
    fields.length > 0 && el("div", { class: "fields" }, fields),
  ];
  const beside = block.accessory && el("div", { class: "accessory" }, drawElement(block.accessory, block, context));
  return el("div", {}, el("div", { class: "section-text" }, words), beside);
}

// A field's first line is most often its name.
function titled(field, context) {
  const [first, ...rest] = field.text.split("\n");
  if (field.type === "mrkdwn" || rest.length === 0) return context.text(field);
  return [el("span", { class: "field-name" }, first), rest.join("\n")];
}

const small = (part, context) => (part.type === "image" ? picture(part) : el("span", {}, context.text(part)));
