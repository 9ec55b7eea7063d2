// Curves of groups: the median over seeds, its range, and the single runs.

const FAMILIES = ["unconditional", "conditional", "self-supervised", "fewer labels"];
const COLOURS = 10;
const DASHES = [null, "7 3", "2 2.5", "9 3 2 3"];
// More lines at once cannot be told apart; the rest waits in the legend.
const MOST_LINES = 12;

const labels = distinct(report.datasets.flatMap((dataset) => dataset.groups.map((group) => group.label)));

// Returns how a group is drawn: a colour by its name, dashes by its family.
function styleOf(group) {
  const index = labels.indexOf(group.label);
  const family = Math.max(0, FAMILIES.indexOf(group.family));
  return {
    colour: `series-${index % COLOURS}`,
    dashes: DASHES[(family + Math.floor(index / COLOURS)) % DASHES.length],
  };
}

function median(values) {
  const sorted = [...values].sort((one, two) => one - two);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const isNumber = (value) => value !== null && Number.isFinite(value);

// Returns the points of one run: {x, y, step, run}. NaN breaks a line.
function pointsOf(run, metric, axis) {
  const positions = positionsOf(run, axis);
  if (positions === null) return [];
  return curveOf(run, metric)
    .map(([step, value]) => ({x: positions.get(step), y: value, step, run}))
    .filter((point) => isNumber(point.x));
}

// Returns where a diverged run stopped: at the height of its last finite value.
function divergenceOf(run, metric, axis) {
  if (run.status !== "diverged" || !run.diverged) return null;
  const points = pointsOf(run, metric, axis).filter((point) => isNumber(point.y));
  const last = points.at(-1);
  if (!last) return null;
  const step = run.diverged[0] ?? last.step;
  // Other axes grow with the steps.
  const x = axis === "steps" ? step : last.step > 0 ? (last.x * step) / last.step : last.x;
  return {x, y: last.y, from: last.x, step, run};
}

// Returns {group, points, runs, crosses, unplaced} of a group on an axis.
function seriesOf(group, metric, axis) {
  const runs = group.runs.map((index) => report.runs[index]).filter((run) => run.curves[metric]);
  const lines = runs.map((run) => pointsOf(run, metric, axis)).filter((line) => line.length > 0);
  const bySteps = new Map();
  for (const line of lines) {
    for (const point of line) {
      if (!isNumber(point.y)) continue;
      if (!bySteps.has(point.step)) bySteps.set(point.step, []);
      bySteps.get(point.step).push(point);
    }
  }
  const points = [...bySteps.entries()].sort(([one], [two]) => one - two).map(([step, found]) => {
    const values = found.map((point) => point.y);
    return {
      step,
      x: median(found.map((point) => point.x)),
      y: median(values),
      low: Math.min(...values),
      high: Math.max(...values),
      seeds: found,
    };
  });
  const crosses = runs.map((run) => divergenceOf(run, metric, axis)).filter(Boolean);
  return {group, points, lines, crosses, unplaced: runs.length - lines.length, ...styleOf(group)};
}

// Returns keys of the groups that are drawn at first: all, or else the best ones.
function firstVisible(dataset, metric) {
  const groups = dataset.groups;
  if (groups.length <= MOST_LINES) return new Set(groups.map((group) => group.key));
  const {lower} = report.metrics[metric];
  const ends = groups.map((group) => {
    const values = group.runs
      .map((run) => curveOf(report.runs[run], metric).at(-1)?.[1])
      .filter(isNumber);
    return [values.length ? median(values) * (lower === false ? -1 : 1) : Infinity, group.key];
  });
  ends.sort(([one], [two]) => one - two);
  return new Set(ends.slice(0, MOST_LINES).map(([, key]) => key));
}
