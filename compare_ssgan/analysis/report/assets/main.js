// Puts the page together.

function showHead() {
  byId("title").textContent = report.studies.slice(0, 3).join(", ") + (report.studies.length > 3 ? ", \u2026" : "");
  const finished = report.runs.filter((run) => run.status === "done").length;
  const parts = [
    counted(report.datasets.length, "dataset"),
    counted(distinct(report.datasets.flatMap((each) => each.groups.map((group) => group.method))).length, "method"),
    `${counted(report.runs.length, "run")}, ${wholeNumber(finished)} done`,
  ];
  byId("subtitle").textContent = parts.join(" \u00b7 ");
  byId("footer").textContent = `compare_ssgan ${report.version}. Everything shown is in this file.`;
  if (!report.caveats.length) return;
  byId("caveats").hidden = false;
  replaceContent(byId("caveats"), element("ul", {}, report.caveats.map((caveat) => element("li", {}, caveat))));
}

// Some browsers keep nothing for pages that are files.
function remembered(theme) {
  try {
    if (theme !== undefined) localStorage.setItem("compare_ssgan theme", theme);
    return localStorage.getItem("compare_ssgan theme");
  } catch {
    return null;
  }
}

function watchTheme() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const current = () => root.dataset.theme ?? (system.matches ? "dark" : "light");
  const show = () => {
    byId("theme").textContent = current() === "dark" ? "Light" : "Dark";
    byId("theme").setAttribute("aria-label", `Use ${current() === "dark" ? "light" : "dark"} colours`);
  };
  const kept = remembered();
  if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  system.addEventListener("change", show);
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = current() === "dark" ? "light" : "dark";
    remembered(root.dataset.theme);
    show();
  });
  show();
}

// On a phone the fields would hide what they choose.
function watchWidth() {
  const narrow = matchMedia("(max-width: 700px)");
  const fold = () => (byId("filters").open = !narrow.matches);
  narrow.addEventListener("change", fold);
  fold();
}

function start() {
  showHead();
  watchTheme();
  watchDialogs();
  [showControls, showMethods, showCurves, showSamples, showRuns, showProblems, showProvenance].forEach(whenChanged);
  byId("clear").addEventListener("click", clearFilters);
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  watchWidth();
  change({});
  awaitSamples();
  followAddress();
}

start();
