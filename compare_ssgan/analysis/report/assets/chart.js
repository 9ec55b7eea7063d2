// Draws curves as SVG, and reads them by pointer and keyboard.

const MARGIN = {left: 58, right: 26, top: 30, bottom: 46};

// `view` is {series, axis, axisLabel, logX, scaleY, single, label, valueLabel,
// valueTitle}.
function makeChart(id) {
  const picture = drawn("svg", {"aria-hidden": "true"});
  const tip = element("div", {class: "tip", hidden: true});
  const spoken = element("div", {class: "hidden", role: "status"});
  const node = element("div", {
    class: "chart", id, tabindex: "0", role: "application", "aria-roledescription": "curves",
    onpointermove: hover, onpointerleave: leave, onkeydown: press, onblur: leave, onclick: openRun,
  }, picture, tip, spoken);
  let view = null;
  let at = null;
  let candidates = [];
  let highlight = null;

  new ResizeObserver(() => view && Math.round(node.clientWidth) !== view.width && draw(view)).observe(node);

  function usable(point, extra = []) {
    return [point.y, ...extra].every(isNumber) && (!view.logX || point.x > 0) && (!view.logY || point.y > 0);
  }

  function domains() {
    const [xs, ys] = [[], []];
    const all = view.series.flatMap((series) => series.points.flatMap((p) => [p.low, p.high]));
    const positive = all.filter((value) => value > 0);
    const [least, most] = extent(positive);
    view.logY = view.scaleY === "log" || (view.scaleY === "auto" && positive.length === all.length && most > 10 * least);
    for (const series of view.series) {
      for (const point of series.points) {
        if (!usable(point)) continue;
        xs.push(point.x);
        ys.push(...[point.y, point.low, point.high].filter((value) => !view.logY || value > 0));
      }
      series.crosses.filter((cross) => usable(cross)).forEach((cross) => xs.push(cross.x));
      if (view.single) series.lines.flat().filter((p) => usable(p)).forEach((p) => { xs.push(p.x); ys.push(p.y); });
    }
    return [extent(xs), extent(ys)];
  }

  function extent(values) {
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  function scales() {
    let [[left, right], [bottom, top]] = domains();
    if (!Number.isFinite(left)) return null;
    if (left === right) [left, right] = view.logX ? [left / 2, right * 2] : [left - 1, right + 1];
    else if (!view.logX && left > 0 && left < 0.2 * right) left = 0;
    if (view.logY) [bottom, top] = [bottom / 1.08, top * 1.08];
    else {
      const room = (top - bottom || Math.abs(top) || 1) * 0.06;
      [bottom, top] = [bottom >= 0 && bottom < 0.4 * top ? 0 : bottom - room, top + room];
    }
    const ends = [MARGIN.left, view.width - MARGIN.right];
    return {
      x: (view.logX ? logScale : linearScale)([left, right], ...ends),
      y: (view.logY ? logScale : linearScale)([bottom, top], view.height - MARGIN.bottom, MARGIN.top),
    };
  }

  function draw(next) {
    view = next;
    view.width = Math.max(280, Math.round(node.clientWidth) || 800);
    view.height = Math.round(Math.min(440, Math.max(280, view.width * 0.5)));
    node.setAttribute("aria-label", view.label);
    filled(picture, {viewBox: `0 0 ${view.width} ${view.height}`, width: view.width, height: view.height}, []);
    const scale = scales();
    candidates = [];
    leave();
    if (scale === null) {
      picture.replaceChildren(drawn("text", {class: "axis-label", x: view.width / 2, y: view.height / 2, "text-anchor": "middle"},
        view.logX || view.logY ? "Nothing positive to draw: logarithmic scales have no zero." : "Nothing to draw."));
      return;
    }
    view.scale = scale;
    picture.classList.toggle("singles", view.single);
    picture.replaceChildren(grid(), ...view.series.map(lineOf), drawn("g", {class: "cursor"}));
    emphasize(highlight);
  }

  function grid() {
    const {x, y} = view.scale;
    const [bottom, right] = [view.height - MARGIN.bottom, view.width - MARGIN.right];
    const parts = [];
    for (const tick of ticksOf(y, view.height / 60, null)) {
      parts.push(drawn("line", {class: "rule", x1: MARGIN.left, x2: right, y1: y.at(tick), y2: y.at(tick)}));
      parts.push(drawn("text", {class: "tick", x: MARGIN.left - 8, y: y.at(tick) + 4, "text-anchor": "end"}, shortNumber(tick)));
    }
    const high = x.domain[1];
    for (const tick of ticksOf(x, view.width / 110, view.axis)) {
      parts.push(drawn("line", {class: "mark", x1: x.at(tick), x2: x.at(tick), y1: bottom, y2: bottom + 5}));
      parts.push(drawn("text", {class: "tick", x: x.at(tick), y: bottom + 18, "text-anchor": "middle"}, tickText(view.axis, tick, high)));
    }
    const unit = view.axis === "wall" ? `, ${timeUnit(high)[1]}` : "";
    parts.push(drawn("line", {class: "mark", x1: MARGIN.left, x2: right, y1: bottom, y2: bottom}));
    parts.push(drawn("text", {class: "axis-label", x: (MARGIN.left + right) / 2, y: view.height - 8, "text-anchor": "middle"},
      `${view.axisLabel}${unit}`));
    parts.push(drawn("text", {class: "axis-label", x: MARGIN.left, y: 14}, view.valueTitle));
    return drawn("g", {}, parts);
  }

  function path(points, height = (point) => point.y) {
    const {x, y} = view.scale;
    let [text, pen] = ["", "M"];
    for (const point of points) {
      if (!usable(point, [height(point)]) || (view.logY && height(point) <= 0)) {
        pen = "M";
        continue;
      }
      text += `${pen}${x.at(point.x).toFixed(1)} ${y.at(height(point)).toFixed(1)}`;
      pen = "L";
    }
    return text;
  }

  function lineOf(series) {
    const {x, y} = view.scale;
    const name = series.group.key;
    const shown = series.points.filter((point) => usable(point));
    const floor = (value) => (view.logY && value <= 0 ? view.scale.y.domain[0] : value);
    const band = path(shown, (p) => floor(p.low)) + path([...shown].reverse(), (p) => floor(p.high)).replace("M", "L");
    shown.forEach((point) => candidates.push({series, point, left: x.at(point.x), top: y.at(point.y)}));
    const parts = [];
    if (shown.length) parts.push(drawn("path", {class: "band", d: `${band}Z`}));
    if (view.single) {
      series.lines.forEach((line) => parts.push(drawn("path", {class: "single", d: path(line)})));
      series.lines.flat().filter((p) => usable(p)).forEach((p) =>
        candidates.push({series, point: p, run: p.run, left: x.at(p.x), top: y.at(p.y)}));
    }
    parts.push(drawn("path", {class: "median", d: path(shown), "stroke-dasharray": series.dashes}));
    if (shown.length === 1) parts.push(drawn("circle", {class: "dot", cx: x.at(shown[0].x), cy: y.at(shown[0].y), r: 3}));
    for (const cross of series.crosses.filter((each) => usable(each))) {
      const [a, b] = [x.at(cross.x), y.at(cross.y)];
      parts.push(drawn("path", {class: "lost", d: `M${x.at(cross.from)} ${b}H${a}`}));
      parts.push(drawn("path", {class: "cross", d: `M${a - 5} ${b - 5}l10 10m0 -10l-10 10`}));
    }
    return drawn("g", {class: `series ${series.colour}`, "data-group": name}, parts);
  }

  // Fades all lines but one.
  function emphasize(key) {
    highlight = key;
    for (const line of picture.querySelectorAll(".series")) {
      line.classList.toggle("faded", key !== null && line.dataset.group !== key);
    }
  }

  function hover(event) {
    const box = picture.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    let [nearest, best] = [null, 40 ** 2];
    for (const each of candidates) {
      const distance = (each.left - left) ** 2 + (each.top - top) ** 2;
      if (distance < best) [nearest, best] = [each, distance];
    }
    read(nearest);
  }

  function leave() {
    read(null);
  }

  // Shows the values at a point.
  function read(found, aloud = false) {
    at = found;
    const cursor = picture.querySelector(".cursor");
    tip.hidden = found === null;
    if (cursor) cursor.replaceChildren();
    if (found === null) return;
    cursor.setAttribute("class", `cursor ${found.series.colour}`);
    cursor.append(
      drawn("line", {class: "thread", x1: found.left, x2: found.left, y1: MARGIN.top, y2: view.height - MARGIN.bottom}),
      drawn("circle", {class: "dot", cx: found.left, cy: found.top, r: 4.5}));
    const lines = described(found);
    tip.replaceChildren(...lines.map((line, index) => element(index ? "div" : "strong", {}, line)));
    if (aloud) spoken.textContent = lines.join(", ");
    const half = tip.offsetWidth / 2 + 4;
    tip.style.left = `${Math.min(view.width - half, Math.max(half, found.left))}px`;
    tip.style.top = `${found.top < view.height / 2 ? found.top + 16 : found.top - tip.offsetHeight - 16}px`;
  }

  function described({series, point, run}) {
    const where = `${axisValue(view.axis, point.x)} ${view.axis === "wall" ? "" : view.axisLabel}`.trim();
    const place = view.axis === "steps" ? where : `${where} (step ${wholeNumber(point.step)})`;
    if (run) return [`${series.group.label}, seed ${run.seed}`, `${view.valueLabel} ${shortNumber(point.y)}`, place];
    const seeds = point.seeds.map((each) => `seed ${each.run.seed}: ${shortNumber(each.y)}`);
    const more = seeds.length > 6 ? [...seeds.slice(0, 6), `and ${seeds.length - 6} more seeds`] : seeds;
    const range = point.seeds.length > 1 ? ` (${shortNumber(point.low)} to ${shortNumber(point.high)})` : "";
    return [series.group.label, `median ${view.valueLabel} ${shortNumber(point.y)}${range}`, place, ...more];
  }

  function press(event) {
    const drawnSeries = view.series.filter((series) => candidates.some((each) => each.series === series));
    if (!drawnSeries.length) return;
    const own = at ? candidates.filter((each) => each.series === at.series && each.run === at.run) : [];
    const line = at ? drawnSeries.indexOf(at.series) : -1;
    const place = own.indexOf(at);
    const jump = {
      ArrowLeft: () => own[Math.max(0, place - 1)],
      ArrowRight: () => own[Math.min(own.length - 1, place + 1)],
      Home: () => own[0],
      End: () => own.at(-1),
      ArrowUp: () => beside(drawnSeries[(line - 1 + drawnSeries.length) % drawnSeries.length]),
      ArrowDown: () => beside(drawnSeries[(line + 1) % drawnSeries.length]),
      Escape: () => null,
    }[event.key];
    if (event.key === "Enter") openRun();
    if (!jump) return;
    event.preventDefault();
    const first = candidates.find((each) => each.series === drawnSeries[0]);
    read(event.key === "Escape" ? null : at ? jump() ?? at : first, true);
  }

  // Returns the point of a line that is nearest to the current one.
  function beside(series) {
    const own = candidates.filter((each) => each.series === series && !each.run);
    return own.reduce((one, two) => (Math.abs(two.left - at.left) < Math.abs(one.left - at.left) ? two : one));
  }

  function openRun() {
    if (at?.run) location.hash = `run=${encodeURIComponent(at.run.id)}`;
  }

  return {node, draw, emphasize};
}
