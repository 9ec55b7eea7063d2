// One run: what it is, measured, was configured as, and comes from.

function runLink(run, shown) {
  return element("a", {href: `#run=${encodeURIComponent(run.id)}`}, shown);
}

function facts(pairs) {
  return element("dl", {}, pairs
    .filter(([, value]) => value !== null && value !== undefined && value !== "")
    .flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

function measurementsOf(run) {
  const metrics = Object.keys(run.curves).map(Number);
  if (!metrics.length) return element("p", {class: "quiet"}, "Nothing was measured.");
  const curves = metrics.map((metric) => new Map(curveOf(run, metric)));
  const steps = distinct(curves.flatMap((curve) => [...curve.keys()])).sort((one, two) => two - one);
  return element("div", {class: "scrolling tall", role: "region", tabindex: "0", "aria-label": "Measurements"},
    element("table", {},
      element("thead", {}, element("tr", {}, element("th", {scope: "col"}, "step"),
        metrics.map((metric) => element("th", {scope: "col"}, report.metrics[metric].name)))),
      element("tbody", {}, steps.map((step) => element("tr", {}, element("th", {scope: "row"}, wholeNumber(step)),
        curves.map((curve) => element("td", {}, curve.has(step) ? measured(curve.get(step)) : "")))))));
}

function measured(value) {
  return value === null ? "NaN" : evenNumber(value);
}

function divergenceText(run) {
  if (!run.diverged) return null;
  const [step, term] = run.diverged;
  return `${text(term) ?? "a term"} was not finite${step === null ? "" : ` at step ${wholeNumber(step)}`}`;
}

function errorText(run) {
  return text(run.error) === null ? null : element("pre", {class: "error", tabindex: "0"}, text(run.error));
}

function summaryOf(run) {
  return facts([
    ["Status", badge(run.status)],
    ["Diverged", divergenceText(run)],
    ["Error", errorText(run)],
    ["Study", text(run.study)],
    ["Dataset", run.place],
    ["Method", `${run.of.method}${run.of.family ? ` (${run.of.family})` : ""}`],
    ["Budget", run.of.budget],
    ["Settings", run.of.settings.length ? run.of.settings.map((setting) => element("code", {class: "line"}, text(setting))) : null],
    ["Seed", wholeNumber(run.seed)],
    ["Step", run.steps ? `${wholeNumber(run.step)} of ${wholeNumber(run.steps)}` : wholeNumber(run.step)],
    ["Wall time", run.seconds === undefined ? null : duration(run.seconds)],
  ]);
}

function provenanceOf(run) {
  const code = run.code === undefined ? {} : report.codes[run.code];
  return facts([
    ...Object.entries(code),
    ...Object.entries(run.networks ?? {}).map(([name, value]) => [name, text(value)]),
    ...Object.entries(run.data ?? {}).map(([split, hash]) => [`data, ${split}`, element("code", {}, text(hash))]),
    ["attempts", run.attempts ? element("ol", {}, run.attempts.map((attempt) => element("li", {}, attempt))) : null],
  ]);
}

function openDetails(run) {
  const dialog = byId("details");
  const lines = linesOf(run);
  const sample = sampleOf(run);
  const alike = run.of.runs.map((index) => report.runs[index]);
  replaceContent(dialog,
    element("div", {class: "dialog-head"},
      element("h2", {id: "details-heading", tabindex: "-1"}, nameOf(run)), closeButton(dialog)),
    element("p", {class: "quiet"}, element("code", {}, run.id)),
    alike.length > 1 && element("p", {}, "Seeds: ", alike.flatMap((each) => [each === run
      ? element("strong", {}, String(each.seed)) : runLink(each, String(each.seed)), " "])),
    element("div", {class: "columns"}, summaryOf(run), sample && imageOf(sample, `Grid of samples of ${sampleTitle(run, sample)}`)),
    element("h3", {}, "Measurements"), measurementsOf(run),
    element("h3", {}, "Configuration"),
    lines.length ? [differencePart(run), element("details", {open: lines.length < 60},
      element("summary", {}, `config.gin, ${counted(lines.length, "line")}`),
      element("pre", {id: "config", tabindex: "0"}, lines.join("\n")))].flat()
      : element("p", {class: "quiet"}, "There is no config.gin."),
    element("h3", {}, "Provenance"), provenanceOf(run));
  if (!dialog.open) dialog.showModal();
  byId("details-heading").focus();
  dialog.scrollTop = 0;
}

// The address says which run is open, so that a link leads to it and "back" closes it.
function followAddress() {
  const match = /^#run=(.+)$/.exec(location.hash);
  let id = null;
  try {
    id = match && decodeURIComponent(match[1]);
  } catch {
    // Somebody's address is none of ours.
  }
  const run = report.runs.find((each) => each.id === id);
  if (run) openDetails(run);
  else byId("details").close();
}

function watchDialogs() {
  for (const id of ["details", "picture"]) {
    const dialog = byId(id);
    // A click beside a dialog is one on itself, not on what it holds.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  byId("details").addEventListener("close", () => {
    if (!location.hash.startsWith("#run=")) return;
    history.replaceState(null, "", location.pathname + location.search);
  });
  window.addEventListener("hashchange", followAddress);
}
