// The section of curves: axes, a chart and a legend for each dataset.

const axes = {x: "steps", logX: false, scaleY: "auto", single: false};
const charts = new Map();

function chartOf(dataset) {
  if (!charts.has(dataset.index)) {
    const chart = makeChart(`chart-${dataset.index}`);
    charts.set(dataset.index, {chart, legend: element("div", {class: "legend", role: "group", "aria-label": `Methods drawn, ${dataset.name}`}), visible: null, first: null});
  }
  return charts.get(dataset.index);
}

// Returns why an axis cannot be chosen; "" if it can.
function absence(axis) {
  const shown = runsShown().filter((run) => Object.keys(run.curves).length);
  return shown.some((run) => run.axes[axis.name] !== undefined) ? "" : axis.absent || "nothing was measured";
}

function showAxes() {
  const set = (changes) => {
    Object.assign(axes, changes);
    keepingFocus(showCurves);
  };
  const current = report.axes.find((axis) => axis.name === axes.x);
  if (absence(current)) axes.x = "steps";
  const offered = report.axes.map((axis) => [axis.name, axis.label, axis.name === "steps" ? "" : absence(axis)]);
  replaceContent(byId("curves-controls"),
    choice("axis", "Horizontal", offered, axes.x, (x) => set({x})),
    choice("scale-x", "Its scale", [["linear", "linear"], ["log", "logarithmic"]], axes.logX ? "log" : "linear",
      (scale) => set({logX: scale === "log"})),
    choice("scale-y", "Vertical scale", [["auto", "automatic"], ["linear", "linear"], ["log", "logarithmic"]], axes.scaleY,
      (scaleY) => set({scaleY})),
    element("div", {class: "field"}, element("span", {class: "label"}, "Lines"),
      toggle("single", "Single runs", axes.single, (single) => set({single}))));
}

function curvesOf(dataset) {
  const metric = metricIn(dataset, state.metric);
  const heading = report.datasets.length > 1 ? element("h3", {}, dataset.name) : null;
  const groups = groupsShown(dataset).filter((group) => group.runs.some((run) => report.runs[run].curves[metric]));
  if (metric === null || !groups.length) {
    return [element("div", {class: "panel"}, heading, element("p", {class: "quiet"},
      metric === null ? noTable(dataset, metric) : "None of these runs was measured by this metric."))];
  }
  const held = chartOf(dataset);
  held.first ??= firstVisible(dataset, metric);
  held.visible ??= held.first;
  const info = report.metrics[metric];
  const series = groups.filter((group) => held.visible.has(group.key)).map((group) => seriesOf(group, metric, axes.x));
  const axis = report.axes.find((each) => each.name === axes.x);
  showLegend(dataset, held, groups);
  const unplaced = series.reduce((sum, each) => sum + each.unplaced, 0);
  const panel = element("div", {class: "panel"}, heading,
    element("p", {class: "caption"}, element("code", {}, info.name), " Line: median over seeds; band: their range.",
      series.some((each) => each.crosses.length) ? " \u2715: a run diverged." : ""),
    unplaced > 0 && element("p", {class: "quiet"}, `${counted(unplaced, "run")} not drawn: ${axis.absent}.`),
    element("div", {class: "plot"}, held.chart.node, held.legend),
    valuesOf(dataset, series, info));
  const draw = () => held.chart.draw({
    series, axis: axes.x, axisLabel: axis.label, logX: axes.logX, scaleY: axes.scaleY, single: axes.single,
    valueLabel: info.label.split(" (")[0], valueTitle: info.label,
    label: `${dataset.name}: ${info.name} over ${axis.label}. Left and right arrows move along a curve, up and down between curves.`,
  });
  return [panel, draw];
}

function showLegend(dataset, held, groups) {
  const set = (keys) => {
    held.visible = keys;
    keepingFocus(showCurves);
  };
  const switched = (key, on) => {
    const keys = new Set(held.visible);
    if (on) keys.add(key);
    else keys.delete(key);
    set(keys);
  };
  // Among very many, those that were drawn at first come first.
  const listed = [...groups].sort((one, two) => held.first.has(two.key) - held.first.has(one.key));
  const entries = listed.map((group) => {
    const style = styleOf(group);
    const on = held.visible.has(group.key);
    const swatch = drawn("svg", {width: 26, height: 10, "aria-hidden": "true", class: style.colour},
      drawn("path", {class: "median", d: "M1 5H25", "stroke-dasharray": style.dashes}));
    const finished = group.runs.filter((run) => report.runs[run].status === "done").length;
    const number = finished === group.runs.length ? `${finished}` : `${finished}/${group.runs.length}`;
    return element("button", {
      type: "button", id: `legend-${group.key}`, class: "entry", "aria-pressed": String(on),
      onclick: () => switched(group.key, !on),
      onpointerenter: () => on && held.chart.emphasize(group.key),
      onpointerleave: () => held.chart.emphasize(null),
      onfocus: () => on && held.chart.emphasize(group.key),
      onblur: () => held.chart.emphasize(null),
    }, swatch, element("span", {}, group.label), element("span", {class: "quiet", title: "runs that are done"}, ` ${number}`));
  });
  const all = (label, keys) => element("button", {
    type: "button", id: `legend-${label}-${dataset.index}`, class: "plain", onclick: () => set(keys),
  }, label);
  const shown = groups.filter((group) => held.visible.has(group.key)).length;
  held.chart.emphasize(null);
  replaceContent(held.legend,
    element("div", {class: "legend-all"}, all("All", new Set(groups.map((group) => group.key))), all("None", new Set()),
      element("span", {class: "quiet"}, ` ${shown} of ${groups.length} drawn`)),
    element("div", {class: "entries"}, entries));
}

// Returns the medians as a table, filled when it is opened.
function valuesOf(dataset, series, info) {
  const body = element("div", {class: "scrolling", role: "region", tabindex: "0", "aria-label": `Values of the curves, ${dataset.name}`});
  const fill = () => {
    const steps = distinct(series.flatMap((each) => each.points.map((point) => point.step))).sort((a, b) => a - b);
    const found = series.map((each) => new Map(each.points.map((point) => [point.step, point])));
    replaceContent(body, element("table", {},
      element("caption", {class: "hidden"}, `Median over seeds of ${info.name}`),
      element("thead", {}, element("tr", {}, element("th", {scope: "col"}, "step"),
        series.map((each) => element("th", {scope: "col"}, each.group.label)))),
      element("tbody", {}, steps.map((step) => element("tr", {}, element("th", {scope: "row"}, wholeNumber(step)),
        found.map((points) => element("td", {}, evenNumber(points.get(step)?.y ?? NaN))))))));
  };
  return element("details", {class: "values", ontoggle: fill}, element("summary", {}, "The medians as a table"), body);
}

function showCurves() {
  showAxes();
  const made = datasetsShown().map(curvesOf);
  replaceContent(byId("curves-body"), made.map(([panel]) => panel));
  // Only now do charts have a width.
  made.forEach(([, draw]) => draw?.());
}
