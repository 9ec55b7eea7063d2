// Grids of samples, side by side: one run of each method.

const CARDS = 24;
const gallery = {seed: "first", limit: CARDS, waiting: true};

function sampleOf(run) {
  return pictures().runs[run.index];
}

function imageOf(sample, alternative) {
  return element("img", {src: pictures().pictures[sample.picture], alt: alternative, width: sample.width, height: sample.height});
}

function sampleTitle(run, sample) {
  const step = sample.step === null ? "" : `, step ${wholeNumber(sample.step)}`;
  return `${run.of.label}, seed ${run.seed}${step}`;
}

// Returns runs with pictures: of each group the chosen seed, or all seeds.
function runsWithSamples() {
  const shown = runsShown().filter((run) => sampleOf(run));
  if (gallery.seed === "all") return shown;
  if (gallery.seed !== "first") return shown.filter((run) => String(run.seed) === gallery.seed);
  const seen = new Set();
  return shown.filter((run) => !seen.has(run.of.key) && seen.add(run.of.key));
}

function card(run, position, listed) {
  const sample = sampleOf(run);
  const title = sampleTitle(run, sample);
  const place = report.datasets.length > 1 ? ` on ${run.place}` : "";
  return element("figure", {class: "card"},
    element("button", {type: "button", id: `sample-${run.index}`, onclick: () => enlarge(listed, position), "aria-label": `Enlarge samples of ${title}${place}`},
      imageOf(sample, "")),
    element("figcaption", {}, element("strong", {}, run.of.label), element("span", {class: "quiet"}, title.slice(run.of.label.length) + place)));
}

function enlarge(listed, position) {
  const dialog = byId("picture");
  const run = listed[position];
  const sample = sampleOf(run);
  const move = (by) => enlarge(listed, (position + by + listed.length) % listed.length);
  const shrunk = sample.original[0] > sample.width;
  const cell = cellOf(run, state.metric, state.rule);
  // A number of another step is none of these samples.
  const measuredThen = cell && isNumber(cell[0]) && (sample.step === null ? state.rule === "last" : cell[1] === sample.step);
  dialog.onkeydown = (event) => {
    if (event.key === "ArrowLeft") move(-1);
    if (event.key === "ArrowRight") move(1);
  };
  replaceContent(dialog,
    element("div", {class: "dialog-head"},
      element("h2", {id: "picture-heading"}, sampleTitle(run, sample)),
      closeButton(dialog)),
    imageOf(sample, `Grid of samples of ${sampleTitle(run, sample)}`),
    element("p", {class: "quiet"},
      measuredThen ? `${report.metrics[metricIn(report.datasets[run.dataset], state.metric)].name}, ${ruleTitle(state.rule)}: ${shortNumber(cell[0])}. ` : "",
      shrunk ? `Reduced from ${sample.original.join(" \u00d7 ")} pixels of ` : "", element("code", {}, sample.name)),
    element("div", {class: "dialog-foot"},
      element("button", {type: "button", class: "plain", id: "picture-previous", onclick: () => move(-1)}, "\u2190 Previous"),
      element("span", {class: "quiet", role: "status"}, `${position + 1} of ${listed.length}`),
      element("button", {type: "button", class: "plain", id: "picture-next", onclick: () => move(1)}, "Next \u2192")));
  if (!dialog.open) dialog.showModal();
}

function closeButton(dialog) {
  return element("button", {type: "button", class: "plain close", onclick: () => dialog.close()}, "Close");
}

function showSamples() {
  const body = byId("samples-body");
  // Pictures are most of a page: they are decoded when somebody comes near.
  if (gallery.waiting) return;
  const {unreadable, leftOut} = pictures();
  const having = runsShown().filter((run) => sampleOf(run));
  const seeds = distinct(having.map((run) => run.seed)).sort((one, two) => one - two);
  if (!["first", "all"].includes(gallery.seed) && !seeds.map(String).includes(gallery.seed)) gallery.seed = "first";
  const listed = runsWithSamples();
  const remarks = [
    unreadable.length > 0 && `${counted(unreadable.length, "file")} could not be read as a picture: ${unreadable.slice(0, 3).join(", ")}${unreadable.length > 3 ? ", \u2026" : ""}.`,
    leftOut > 0 && `${counted(leftOut, "run")} more had no room in this page.`,
  ].filter(Boolean).map((remark) => element("p", {class: "quiet"}, remark));
  if (!having.length) {
    replaceContent(body, element("p", {class: "quiet"}, "These runs have no grids of samples (samples/step_*.png in a run\u2019s directory)."), remarks);
    return;
  }
  const set = (seed) => {
    Object.assign(gallery, {seed, limit: CARDS});
    keepingFocus(showSamples);
  };
  const more = listed.length - gallery.limit;
  replaceContent(body,
    element("div", {class: "fields"}, choice("seed", "Seed",
      [["first", "first of each method"], ["all", "all"], ...seeds.map((seed) => [String(seed), `seed ${seed}`])], gallery.seed, set)),
    element("div", {class: "cards"}, listed.slice(0, gallery.limit).map((run, index) => card(run, index, listed))),
    more > 0 && element("div", {class: "more"}, element("button", {type: "button", id: "samples-more", class: "plain", onclick: () => {
      gallery.limit += CARDS;
      keepingFocus(showSamples);
    }}, `Show ${Math.min(CARDS, more)} more of ${wholeNumber(more)}`)),
    ...remarks);
}

function awaitSamples() {
  const begin = () => {
    if (!gallery.waiting) return;
    gallery.waiting = false;
    watcher.disconnect();
    showSamples();
  };
  const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && begin(), {rootMargin: "600px"});
  watcher.observe(byId("samples"));
}
