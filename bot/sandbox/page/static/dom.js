// Elements and texts. Every text becomes a text node: nothing that came from a message is ever parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === true) node.setAttribute(name, "");
    else node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

let made = 0;

// An id for label and describedby; unique in the page.
export const newId = (prefix) => `${prefix}-${++made}`;

// The whole value of a figure, with all its decimals.
export const figure = (value) => new Intl.NumberFormat("en-US", { maximumFractionDigits: 20 }).format(value);

export const number = (value, locale = "en-US") => new Intl.NumberFormat(locale).format(value);
