// Makes elements. Text is only ever text: nothing that a record says becomes markup.

const SVG = "http://www.w3.org/2000/svg";

// Returns an element of HTML. Names that start with "on" are listeners.
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

// Returns an element of SVG.
function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

// Returns a labelled choice. `options` are [value, text, reason for being disabled].
function choice(id, label, options, value, onchange) {
  const select = element("select", {id, onchange: () => onchange(select.value)});
  for (const [each, text, reason] of options) {
    const full = reason ? `${text} (${reason})` : text;
    select.append(element("option", {value: each, disabled: Boolean(reason)}, full));
  }
  select.value = value;
  return element("div", {class: "field"}, element("label", {for: id}, label), select);
}

// Returns a button that is pressed or not.
function toggle(id, label, pressed, onchange) {
  return element(
    "button",
    {type: "button", id, class: "plain", "aria-pressed": String(pressed), onclick: () => onchange(!pressed)},
    label,
  );
}

function replaceContent(node, ...children) {
  node.replaceChildren(...children.flat().filter(Boolean));
}

// Runs what replaces parts of the page, and puts the focus back to where it was.
function keepingFocus(action) {
  const {id} = document.activeElement ?? {};
  action();
  if (id && document.activeElement?.id !== id) byId(id)?.focus({preventScroll: true});
}

const STATUS_MARKS = {
  done: "\u25cf", diverged: "\u2716", failed: "\u25b2", running: "\u25d0", partial: "\u25d2", missing: "\u25cb",
};

// Returns a word for a state with a mark, so that colour is not all that tells it.
function badge(status) {
  const mark = element("span", {"aria-hidden": "true"}, STATUS_MARKS[status] ?? "?");
  return element("span", {class: "badge", "data-status": status}, mark, ` ${status}`);
}
