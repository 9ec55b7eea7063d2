// The table of methods: statistics over seeds, as the suite's own tables have them.

const VERDICTS = ["tied", "better", "worse", "differs"];
const methodTables = new Map();

// Returns a cell; what a comparison comes to stands out.
function statistic(shown) {
  const verdict = VERDICTS.find((word) => shown.startsWith(`${word} `));
  if (verdict) {
    return [element("span", {class: "verdict", "data-verdict": verdict}, verdict), shown.slice(verdict.length)];
  }
  return shown === "" || shown === "-" ? element("span", {class: "quiet"}, shown && ABSENT) : shown;
}

function methodColumns(table) {
  return table.header.map((name, index) => ({
    name,
    left: table.left[index],
    key: (row) => (row.texts[index] === "" || row.texts[index] === "-" ? null : index ? sortKey(row.texts[index]) : row.texts[0]),
    cell: (row) => (index ? statistic(row.texts[index]) : methodName(row)),
  }));
}

function methodName(row) {
  if (!row.group) return row.texts[0];
  return element("button", {
    type: "button", class: "link", title: `Show the runs of ${row.group.label}`,
    onclick: () => {
      change({method: row.group.method, dataset: state.dataset});
      byId("runs").focus();
      byId("runs").scrollIntoView();
    },
  }, row.texts[0]);
}

function methodsOf(dataset) {
  const metric = metricIn(dataset, state.metric);
  const heading = report.datasets.length > 1 ? element("h3", {}, dataset.name) : null;
  const table = metric === null ? null : tableOf(dataset, metric, state.rule);
  if (!table) return element("div", {class: "panel"}, heading, element("p", {class: "quiet"}, noTable(dataset, metric)));
  const shown = new Set(groupsShown(dataset));
  const rows = dataset.groups
    .map((group, index) => ({group, texts: table.rows[index]}))
    .filter((row) => shown.has(row.group));
  const name = report.metrics[metric].name;
  if (!methodTables.has(dataset.index)) {
    methodTables.set(dataset.index, makeTable(`methods-${dataset.index}`, `Methods on ${dataset.name}, scrollable`));
  }
  const view = methodTables.get(dataset.index);
  view.show(methodColumns(table), rows, {
    caption: `${dataset.name}: ${name}, ${ruleTitle(state.rule)}`,
    block: (row) => row.group?.family || "family unknown",
  });
  return element("div", {class: "panel"}, heading, caption(table, name), view.node, notes(table));
}

// The first two sentences say what is shown, the others how to read it.
function caption(table, name) {
  const [protocol, rule, ...others] = table.caption;
  return element("div", {class: "caption"},
    element("p", {}, element("code", {}, name), ` ${protocol} `, element("strong", {}, rule)),
    others.length > 0 && element("details", {},
      element("summary", {}, "How to read this table"),
      element("ul", {}, others.map((sentence) => element("li", {}, sentence)))));
}

function notes(table) {
  if (!table.notes.length) return null;
  return element("div", {class: "notes"}, element("p", {}, "Runs without a number:"),
    element("ul", {}, table.notes.map((note) => element("li", {}, note))));
}

function noTable(dataset, metric) {
  if (!dataset.metrics.length) return `Nothing was measured of ${dataset.name} yet.`;
  if (metric === null) {
    const names = dataset.metrics.map((each) => report.metrics[each].name).join(", ");
    return `${dataset.name} was not measured by this metric, but by ${names}.`;
  }
  return `${dataset.name} was not measured ${ruleTitle(state.rule)}.`;
}

function showMethods() {
  replaceContent(byId("methods-body"), datasetsShown().map(methodsOf));
}
