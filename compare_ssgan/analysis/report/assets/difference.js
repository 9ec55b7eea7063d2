// Configurations, and what sets two of them apart.

function linesOf(run) {
  const {runs, lines} = configurations();
  return runs[run.index].map((number) => lines[number]);
}

// Returns values by name; a line that begins no binding continues the one before.
function bindingsOf(run) {
  const found = new Map();
  let last = null;
  for (const line of linesOf(run)) {
    const match = /^(\S+)\s*=\s*(.*)$/.exec(line);
    if (match) {
      last = match[1];
      found.set(last, match[2]);
    } else if (line.startsWith("#")) continue;
    else if (last !== null) found.set(last, `${found.get(last)} ${line.trim()}`);
    else found.set(line, "");
  }
  return found;
}

// Returns [name, value here, value there] of what differs; null where it is not set.
function differences(here, there) {
  const names = distinct([...here.keys(), ...there.keys()]).sort();
  return names
    .map((name) => [name, here.get(name) ?? null, there.get(name) ?? null])
    .filter(([, one, two]) => one !== two);
}

function differenceTable(run, other) {
  const found = differences(bindingsOf(run), bindingsOf(other));
  if (!found.length) return element("p", {class: "quiet"}, "The configurations are equal.");
  const shown = (value) => (value === null
    ? element("td", {class: "left quiet"}, "not set")
    : element("td", {class: "left"}, element("code", {}, value)));
  return element("div", {class: "scrolling", role: "region", tabindex: "0", "aria-label": "Settings that differ"},
    element("table", {id: "difference"},
      element("thead", {}, element("tr", {}, ["setting", nameOf(run), nameOf(other)].map((name) => element("th", {scope: "col", class: "left"}, name)))),
      element("tbody", {}, found.map(([name, one, two]) => element("tr", {},
        element("th", {scope: "row", class: "left"}, element("code", {}, name)), shown(one), shown(two))))));
}

function nameOf(run) {
  return `${run.of.label}, seed ${run.seed}`;
}

// Returns the field that chooses another run, and where the differences go.
function differencePart(run) {
  const others = report.runs.filter((each) => each !== run && configurations().runs[each.index].length);
  const result = element("div", {"aria-live": "polite"});
  if (!others.length) return [];
  const select = element("select", {id: "against", onchange: () => {
    const other = report.runs[Number(select.value)];
    replaceContent(result, select.value === "" ? null : differenceTable(run, other));
  }}, element("option", {value: ""}, "\u2026"));
  // Runs of the same dataset come first.
  const places = distinct([run.place, ...report.datasets.map((dataset) => dataset.name)]);
  for (const place of places) {
    const options = others.filter((each) => each.place === place)
      .map((each) => element("option", {value: each.index}, nameOf(each)));
    if (options.length) select.append(element("optgroup", {label: place}, options));
  }
  return [element("div", {class: "field"}, element("label", {for: "against"}, "Difference to"), select), result];
}
