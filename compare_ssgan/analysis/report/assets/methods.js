// The table of methods: statistics over seeds, as the suite's own tables have them.

const VERDICTS = ["tied", "better", "worse", "differs"];
// Longer tables that belong to another one are folded.
const FEW = 8;
const methodTables = new Map();

// Returns what a cell says, which is marked if it is a list.
function said(entry) {
  return Array.isArray(entry) ? entry[0] : entry;
}

// Returns a cell; what a comparison comes to stands out.
function statistic(entry) {
  const shown = said(entry);
  const verdict = VERDICTS.find((word) => shown.startsWith(`${word} `));
  if (verdict) {
    return [element("span", {class: "verdict", "data-verdict": verdict}, verdict), shown.slice(verdict.length)];
  }
  if (shown === "" || shown === "-") return element("span", {class: "quiet"}, shown && ABSENT);
  return entry === shown ? shown : element("strong", {class: "marked"}, shown);
}

// Returns the columns of a table as the suite lays it out; `first` makes the first cell.
function columnsOf(grid, first) {
  return grid.header.map((name, index) => {
    const shown = (row) => said(row.entries[index]);
    return {
      name,
      left: grid.left[index],
      key: (row) => (["", "-"].includes(shown(row)) ? null : index ? sortKey(shown(row)) : shown(row)),
      cell: (row) => (index ? statistic(row.entries[index]) : first(row)),
    };
  });
}

function methodName(row) {
  return element("button", {
    type: "button", class: "link", title: `Show the runs of ${row.group.label}`,
    onclick: () => {
      change({method: row.group.method});
      byId("runs").focus();
      byId("runs").scrollIntoView();
    },
  }, said(row.entries[0]));
}

// Returns the view of a table that keeps its order from one showing to the next.
function viewOf(id, label) {
  if (!methodTables.has(id)) methodTables.set(id, makeTable(id, label));
  return methodTables.get(id);
}

function methodsOf(dataset) {
  const metric = metricIn(dataset, state.metric);
  const heading = report.datasets.length > 1 ? element("h3", {}, dataset.name) : null;
  const table = metric === null ? null : tableOf(dataset, metric, state.rule);
  if (!table) return element("div", {class: "panel"}, heading, element("p", {class: "quiet"}, noTable(dataset, metric)));
  const shown = new Set(groupsShown(dataset));
  const rows = dataset.groups
    .map((group, index) => ({group, entries: table.rows[index]}))
    .filter((row) => shown.has(row.group));
  const name = report.metrics[metric].name;
  const view = viewOf(`methods-${dataset.index}`, `Methods on ${dataset.name}, scrollable`);
  view.show(columnsOf(table, methodName), rows, {
    caption: `${dataset.name}: ${name}, ${ruleTitle(state.rule)}`,
    block: (row) => row.group.family || "family unknown",
  });
  return element("div", {class: "panel"}, heading, caption(table, name), view.node, notes(table),
    table.others.map((grid, index) => furtherTable(report.grids[grid], `methods-${dataset.index}-${index}`)));
}

// Returns a table that belongs to another one, such as that of published numbers.
function furtherTable(grid, id) {
  const view = viewOf(id, grid.heading);
  view.show(columnsOf(grid, (row) => said(row.entries[0])), grid.rows.map((entries) => ({entries})), {caption: grid.heading});
  return element("details", {class: grid.prose ? "further prose" : "further", open: grid.rows.length <= FEW},
    element("summary", {}, grid.heading), view.node);
}

// The first sentences say what is shown, the others how to read it.
function caption(table, name) {
  const sentences = table.caption.map(text);
  const rule = sentences.findIndex((sentence) => sentence.startsWith("Selection "));
  const others = sentences.filter((_, index) => index !== 0 && index !== rule);
  return element("div", {class: "caption"},
    element("p", {}, name && element("code", {}, name), ` ${sentences[0]} `, rule >= 0 && element("strong", {}, sentences[rule])),
    others.length > 0 && element("details", {},
      element("summary", {}, "How to read this table"),
      element("ul", {}, others.map((sentence) => element("li", {}, sentence)))));
}

function notes(table) {
  if (!table.notes.length) return null;
  return element("div", {class: "notes"}, element("ul", {}, table.notes.map((note) => element("li", {}, text(note)))));
}

function noTable(dataset, metric) {
  if (!dataset.metrics.length) return `Nothing was measured of ${dataset.name} yet.`;
  if (metric === null) {
    const names = dataset.metrics.map((each) => report.metrics[each].name).join(", ");
    return `${dataset.name} was not measured by this metric, but by ${names}.`;
  }
  if (!dataset.tables.some((table) => table.metric === metric)) {
    return `${report.metrics[metric].name} is of no kind that this version knows: there is no table of it.`;
  }
  return `${dataset.name} has no table of this metric by this rule (${ruleTitle(state.rule)}).`;
}

// Returns how methods compare over all datasets; null where there is one only.
function acrossDatasets() {
  if (state.dataset !== "" || state.metric === null) return null;
  const {kind} = report.metrics[state.metric];
  const found = report.across.find((each) => each.kind === kind && each.rule === state.rule);
  if (!found) return null;
  const view = viewOf("across", `${found.title}, scrollable`);
  view.show(columnsOf(found, (row) => said(row.entries[0])), found.rows.map((entries) => ({entries})), {caption: found.title});
  return element("div", {class: "panel"}, element("h3", {}, found.title), caption(found, ""),
    element("p", {class: "caption"}, element("strong", {}, `Selection: ${ruleTitle(state.rule)}.`)), view.node);
}

function showMethods() {
  replaceContent(byId("methods-body"), datasetsShown().map(methodsOf), acrossDatasets());
}
