// What the page was given. Configurations and pictures are decoded when asked for.

const report = JSON.parse(byId("report-data").textContent);

function decodedOnce(id) {
  let content = null;
  return () => (content ??= JSON.parse(byId(id).textContent));
}

const configurations = decodedOnce("report-configs");
const pictures = decodedOnce("report-images");

// Returns a text by its number; null for none.
function text(number) {
  return number === null || number === undefined ? null : report.texts[number];
}

report.runs.forEach((run, index) => {
  run.index = index;
  run.of = report.datasets[run.dataset].groups[run.group];
  run.place = report.datasets[run.dataset].name;
});

report.datasets.forEach((dataset, index) => {
  dataset.index = index;
  const runs = dataset.groups.flatMap((group) => group.runs.map((run) => report.runs[run]));
  dataset.metrics = [...new Set(runs.flatMap((run) => Object.keys(run.curves).map(Number)))].sort((one, two) => one - two);
  dataset.groups.forEach((group, position) => {
    group.position = position;
    group.key = `${index}-${position}`;
    group.statuses = new Set(group.runs.map((run) => report.runs[run].status));
    const settings = group.settings.map(text).join(" ");
    group.searched = `${group.label} ${group.family} ${dataset.name} ${settings}`.toLowerCase();
  });
});

report.runs.forEach((run) => {
  run.searched = `${run.of.searched} ${run.id} ${text(run.study)} ${text(run.error) ?? ""}`.toLowerCase();
});

// Returns the metric that a dataset has of a kind; null if there is none, or several.
function metricIn(dataset, metric) {
  if (metric === null || dataset.metrics.includes(metric)) return metric;
  const kind = report.metrics[metric].kind;
  const alike = dataset.metrics.filter((each) => report.metrics[each].kind === kind);
  return alike.length === 1 ? alike[0] : null;
}

function tableOf(dataset, metric, rule) {
  return dataset.tables.find((table) => table.metric === metric && table.rule === rule) ?? null;
}

// Returns [value, step, problem] of a run by a rule; null where there is no table.
function cellOf(run, metric, rule) {
  const dataset = report.datasets[run.dataset];
  const table = tableOf(dataset, metricIn(dataset, metric), rule);
  if (table === null) return null;
  return table.cells[run.group][run.of.runs.indexOf(run.index)];
}

// Returns the values of a run by step.
function curveOf(run, metric) {
  const found = run.curves[metric];
  if (!found) return [];
  const [steps, values] = found;
  return report.numbers[steps].map((step, index) => [step, values[index]]);
}

// Returns where on an axis a run was at each of its steps; null if it does not say.
function positionsOf(run, axis) {
  const number = run.axes[axis];
  if (number === undefined) return null;
  const positions = report.numbers[number];
  return new Map(report.numbers[run.axes.steps].map((step, index) => [step, positions[index]]));
}
