// The table of runs.

const runTable = makeTable("run-table", "Runs, scrollable");

function runProblem(run) {
  if (run.diverged) return divergenceText(run);
  const error = text(run.error);
  return error === null ? "" : error.trim().split("\n").at(-1);
}

// Returns the value that the rule picks, else why there is none.
function pickedValue(cell) {
  if (cell === null) return element("span", {class: "quiet"}, ABSENT);
  const [value, , problem] = cell;
  if (isNumber(value)) return evenNumber(value);
  return element("span", {class: "quiet", title: text(problem)}, ABSENT);
}

function runColumns() {
  const metric = state.metric === null ? null : report.metrics[state.metric];
  const kinds = distinct(datasetsShown().map((dataset) => metricIn(dataset, state.metric)));
  const name = metric === null ? "value" : kinds.length === 1 ? metric.name : metric.kind;
  const cells = new Map();
  const cell = (run) => {
    if (!cells.has(run.index)) cells.set(run.index, cellOf(run, state.metric, state.rule));
    return cells.get(run.index);
  };
  const several = report.datasets.length > 1;
  return [
    {name: "run", left: true, key: (run) => run.of.label, cell: (run) => runLink(run, run.of.label)},
    several && {name: "dataset", left: true, key: (run) => run.place, cell: (run) => run.place},
    {name: "seed", key: (run) => run.seed, cell: (run) => wholeNumber(run.seed)},
    {name: "status", left: true, key: (run) => run.status, cell: (run) => badge(run.status)},
    {name: "step", key: (run) => run.step, cell: (run) => (run.steps && run.step !== run.steps
      ? `${wholeNumber(run.step)} / ${wholeNumber(run.steps)}` : wholeNumber(run.step))},
    {name: `${name} (${ruleTitle(state.rule)})`, key: (run) => cell(run)?.[0] ?? null, cell: (run) => pickedValue(cell(run))},
    {name: "at step", key: (run) => cell(run)?.[1] ?? null, cell: (run) => wholeNumber(cell(run)?.[1])},
    {name: "wall time", key: (run) => run.seconds ?? null, cell: (run) => duration(run.seconds)},
    {name: "problem", left: true, key: (run) => runProblem(run) || null, cell: (run) => element("span", {class: "clipped"}, runProblem(run))},
  ].filter(Boolean);
}

function showRuns() {
  const shown = runsShown();
  if (!byId("runs-body").firstChild) byId("runs-body").append(runTable.node);
  runTable.show(runColumns(), shown, {caption: "Runs"});
}
