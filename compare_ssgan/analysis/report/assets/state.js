// What is chosen, and which groups and runs it leaves.

const state = {
  dataset: report.datasets.length > 1 ? "" : "0",
  metric: report.first,
  rule: "last",
  family: "",
  method: "",
  status: "",
  search: "",
};

const EVERYTHING = {family: "", method: "", status: "", search: ""};

const listeners = [];

function whenChanged(listener) {
  listeners.push(listener);
}

function change(changes) {
  Object.assign(state, changes);
  if (!rulesShown().includes(state.rule)) state.rule = "last";
  keepingFocus(() => listeners.forEach((listener) => listener()));
}

function datasetsShown() {
  return report.datasets.filter((dataset) => state.dataset === "" || String(dataset.index) === state.dataset);
}

function rulesShown() {
  const found = new Set(["last"]);
  for (const dataset of datasetsShown()) {
    const metric = metricIn(dataset, state.metric);
    dataset.tables.filter((table) => table.metric === metric).forEach((table) => found.add(table.rule));
  }
  const order = (rule) => (rule.startsWith("step:") ? Number(rule.slice(5)) : -1);
  return [...found].sort((one, two) => order(one) - order(two));
}

function words() {
  return state.search.toLowerCase().split(/\s+/).filter(Boolean);
}

function fits(group, searched) {
  return (
    (state.family === "" || group.family === state.family) &&
    (state.method === "" || group.method === state.method) &&
    words().every((word) => searched.includes(word))
  );
}

// Returns the groups of a dataset that the filters leave: any of whose runs they leave.
function groupsShown(dataset) {
  return dataset.groups.filter((group) => group.runs.some((run) => isShown(report.runs[run])));
}

function isShown(run) {
  return (
    (state.dataset === "" || String(run.dataset) === state.dataset) &&
    (state.status === "" || run.status === state.status) &&
    fits(run.of, run.searched)
  );
}

function runsShown() {
  return report.runs.filter(isShown);
}

function distinct(values) {
  return [...new Set(values)];
}

function showControls() {
  if (document.activeElement !== search) showFields();
  const shown = runsShown().length;
  byId("matches").textContent = `${wholeNumber(shown)} of ${counted(report.runs.length, "run")}`;
  byId("clear").hidden = Object.keys(EVERYTHING).every((key) => state[key] === "");
  byId("chosen").textContent = `${report.metrics[state.metric]?.name ?? ""}, ${ruleTitle(state.rule)}`;
}

function showFields() {
  const everything = [["", "all"]];
  const metrics = distinct(datasetsShown().flatMap((dataset) => dataset.metrics)).sort((a, b) => a - b);
  const fields = [
    report.datasets.length > 1 &&
      choice("dataset", "Dataset", [...everything, ...report.datasets.map((each) => [each.index, each.name])],
        state.dataset, (dataset) => change({dataset, metric: metricAfter(dataset)})),
    metrics.length > 0 &&
      choice("metric", "Metric", metrics.map((each) => [each, report.metrics[each].name]), state.metric ?? "",
        (metric) => change({metric: Number(metric)})),
    choice("rule", "Selection", rulesShown().map((rule) => [rule, ruleTitle(rule)]), state.rule,
      (rule) => change({rule})),
    choice("family", "Family", [...everything, ...distinct(report.datasets.flatMap((dataset) =>
      dataset.groups.map((group) => group.family))).filter(Boolean).map((each) => [each, each])],
      state.family, (family) => change({family})),
    choice("method", "Method", [...everything, ...distinct(report.datasets.flatMap((dataset) =>
      dataset.groups.map((group) => group.method))).map((each) => [each, each])],
      state.method, (method) => change({method})),
    choice("status", "Status", [...everything, ...distinct(report.runs.map((run) => run.status))
      .map((each) => [each, each])], state.status, (status) => change({status})),
    searchField(),
  ];
  replaceContent(byId("fields"), fields.filter(Boolean));
}

// The field that is being typed into stays where it is.
const search = element("input", {
  id: "search", type: "search", placeholder: "name or setting", autocomplete: "off",
  oninput: () => change({search: search.value}),
});

function clearFilters() {
  search.value = "";
  change(EVERYTHING);
  search.focus();
}

function searchField() {
  return element("div", {class: "field"}, element("label", {for: "search"}, "Text"), search);
}

// Returns what to show of another dataset: the same metric, else the first it has.
function metricAfter(dataset) {
  if (dataset === "") return state.metric ?? report.first;
  const chosen = report.datasets[Number(dataset)];
  return metricIn(chosen, state.metric) ?? chosen.metrics[0] ?? state.metric;
}
