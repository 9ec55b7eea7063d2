// Runs that did not end well, or not at all; and where all numbers come from.

const LISTED = 50;
const PROBLEMS = [
  ["failed", "Failed"], ["diverged", "Diverged"], ["partial", "Interrupted"], ["running", "Running"], ["missing", "Not started"],
];

function problemLine(run) {
  const place = report.datasets.length > 1 ? ` on ${run.place}` : "";
  const link = runLink(run, nameOf(run) + place);
  if (run.status === "failed" && text(run.error)) {
    return element("li", {}, link, element("details", {}, element("summary", {}, runProblem(run) || "error"), errorText(run)));
  }
  if (run.status === "diverged") return element("li", {}, link, `: ${divergenceText(run) ?? "no step on record"}`);
  const steps = run.steps ? ` of ${wholeNumber(run.steps)}` : "";
  return element("li", {}, link, run.status === "missing" ? "" : `: step ${wholeNumber(run.step)}${steps}`);
}

function showProblems() {
  const shown = runsShown();
  const blocks = PROBLEMS.map(([status, title]) => {
    const found = shown.filter((run) => run.status === status);
    if (!found.length) return null;
    const lines = (number) => found.slice(0, number).map(problemLine);
    const list = element("ul", {class: "problems"}, lines(LISTED));
    const more = found.length > LISTED && element("button", {type: "button", class: "plain", onclick: () => {
      replaceContent(list, lines(Infinity));
      more.remove();
    }}, `Show all ${wholeNumber(found.length)}`);
    return element("div", {}, element("h3", {}, `${title}: ${counted(found.length, "run")}`), list, more);
  }).filter(Boolean);
  replaceContent(byId("problems-body"), blocks.length ? blocks
    : element("p", {class: "quiet"}, "All of these runs are done."));
}

function showProvenance() {
  const shown = runsShown();
  const counts = new Map();
  shown.forEach((run) => counts.set(run.code, (counts.get(run.code) ?? 0) + 1));
  const known = [...counts].filter(([code]) => code !== undefined).sort(([, one], [, two]) => two - one);
  const names = distinct(known.flatMap(([code]) => Object.keys(report.codes[code])));
  const seconds = shown.map((run) => run.seconds).filter(isNumber);
  const total = seconds.reduce((sum, each) => sum + each, 0);
  const attempts = shown.reduce((sum, run) => sum + (run.attempts?.length ?? 0), 0);
  const hashes = new Map();
  shown.forEach((run) => Object.entries(run.data ?? {}).forEach(([split, hash]) => {
    const key = `${run.place}, ${split}`;
    if (!hashes.has(key)) hashes.set(key, new Set());
    hashes.get(key).add(text(hash));
  }));
  replaceContent(byId("provenance-body"),
    facts([
      ["Wall time", `${duration(total)} over ${counted(seconds.length, "run")}`],
      ["Attempts", attempts ? `${wholeNumber(attempts)}` : "not on record"],
      ...[...hashes].map(([key, found]) => [`Data: ${key}`, [...found].map((hash) => element("code", {class: "line"}, hash))]),
    ]),
    known.length > 0 && element("div", {class: "scrolling", role: "region", tabindex: "0", "aria-label": "Code, versions and devices"},
      element("table", {},
        element("thead", {}, element("tr", {}, element("th", {scope: "col"}, "runs"),
          names.map((name) => element("th", {scope: "col", class: "left"}, name)))),
        element("tbody", {}, known.slice(0, LISTED).map(([code, number]) => element("tr", {},
          element("th", {scope: "row"}, wholeNumber(number)),
          names.map((name) => element("td", {class: "left"}, name === "git commit"
            ? element("code", {title: report.codes[code][name]}, shortCommit(report.codes[code][name] ?? ABSENT))
            : report.codes[code][name] ?? ABSENT))))))),
    counts.has(undefined) && element("p", {class: "quiet"}, `${counted(counts.get(undefined), "run")} without code and device on record.`));
}

function shortCommit(commit) {
  return commit.replace(/^([0-9a-f]{7})[0-9a-f]+/, "$1");
}
