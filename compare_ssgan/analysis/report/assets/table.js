// A table that can be sorted by its headers and shows many rows in portions.

const PORTION = 100;

// Returns what a cell is sorted by: its number, or else its text.
function sortKey(shown) {
  const found = /^\D*?([-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?)/.exec(shown);
  return found ? Number(found[1].replaceAll(",", "")) : shown;
}

function compared(one, two) {
  // What has no number comes last, whichever way it is sorted.
  const [absentOne, absentTwo] = [one, two].map((key) => key === null || Number.isNaN(key));
  if (absentOne || absentTwo) return absentOne - absentTwo;
  if (typeof one === typeof two) return one < two ? -1 : Number(one > two);
  return typeof one === "number" ? -1 : 1;
}

// Remembers order and number of rows of one table while its content changes.
//
// `columns` are {name, title, left, key(row), cell(row)}; `rows` are what these take.
// `block(row)` names the block a row belongs to, shown as long as rows have their own
// order.
function makeTable(id, label) {
  const memory = {column: null, descending: false, limit: PORTION};
  const node = element("div", {class: "scrolling", role: "region", "aria-label": label, tabindex: "0"});
  let last = null;

  function sorted(columns, rows) {
    const column = columns.find((each) => each.name === memory.column);
    if (!column) return rows;
    const keyed = rows.map((row) => [column.key(row), row]);
    keyed.sort(([one], [two]) => {
      const order = compared(one, two);
      const absent = [one, two].some((key) => key === null || Number.isNaN(key));
      return memory.descending && !absent ? -order : order;
    });
    return keyed.map(([, row]) => row);
  }

  function sortBy(name) {
    if (memory.column !== name) Object.assign(memory, {column: name, descending: false});
    else if (!memory.descending) memory.descending = true;
    else Object.assign(memory, {column: null, descending: false});
    keepingFocus(() => show(...last));
  }

  function header(column, index) {
    const active = memory.column === column.name;
    const order = active ? (memory.descending ? "descending" : "ascending") : "none";
    const arrow = active ? (memory.descending ? "\u25bc" : "\u25b2") : "";
    return element(
      "th",
      {scope: "col", "aria-sort": order, class: column.left ? "left" : null},
      element(
        "button",
        {type: "button", id: `${id}-sort-${index}`, title: column.title ?? null, class: column.name.length > 10 ? "long" : null, onclick: () => sortBy(column.name)},
        column.name,
        arrow && element("span", {class: "arrow", "aria-hidden": "true"}, arrow),
      ),
    );
  }

  function body(columns, rows, block) {
    const lines = [];
    let current = null;
    for (const row of rows) {
      const name = block && memory.column === null ? block(row) : null;
      if (name !== null && name !== current) {
        lines.push(element("tr", {class: "block"},
          element("th", {scope: "rowgroup", colspan: columns.length}, element("span", {}, name))));
        current = name;
      }
      lines.push(element("tr", {}, columns.map((column, index) =>
        element(index ? "td" : "th", {scope: index ? null : "row", class: column.left ? "left" : null},
          column.cell(row)))));
    }
    return lines;
  }

  function show(columns, rows, {caption = null, block = null} = {}) {
    last = [columns, rows, {caption, block}];
    const visible = sorted(columns, rows).slice(0, memory.limit);
    const table = element("table", {id},
      caption && element("caption", {class: "hidden"}, caption),
      element("thead", {}, element("tr", {}, columns.map(header))),
      element("tbody", {}, body(columns, visible, block)));
    replaceContent(node, table);
    const left = rows.length - visible.length;
    more.replaceChildren(...(left > 0 ? [
      element("button", {type: "button", id: `${id}-more`, class: "plain", onclick: () => grow(PORTION)},
        `Show ${Math.min(PORTION, left)} more`),
      element("button", {type: "button", class: "plain", onclick: () => grow(Infinity)}, `Show all ${wholeNumber(rows.length)}`),
    ] : []));
  }

  function grow(number) {
    memory.limit += number;
    show(...last);
    byId(`${id}-more`)?.focus();
  }

  const more = element("div", {class: "more"});
  return {node: element("div", {}, node, more), show};
}
