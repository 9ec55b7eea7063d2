// Maps values to pixels, and chooses the ticks between.

// Returns a scale; `from` and `to` are the pixels of the ends of the domain.
function linearScale([low, high], from, to) {
  const span = high - low || 1;
  return {log: false, at: (value) => from + ((value - low) / span) * (to - from), domain: [low, high]};
}

function logScale([low, high], from, to) {
  const [start, span] = [Math.log(low), Math.log(high) - Math.log(low) || 1];
  return {log: true, at: (value) => from + ((Math.log(value) - start) / span) * (to - from), domain: [low, high]};
}

// Returns round numbers inside a domain, about as many as wanted.
function linearTicks([low, high], wanted, units = [1, 2, 5]) {
  const span = high - low;
  if (!(span > 0)) return [low];
  const raw = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(raw));
  const unit = [...units, 10].find((each) => each * power >= raw) * power;
  const ticks = [];
  for (let index = Math.ceil(low / unit - 1e-9); index * unit <= high + unit * 1e-9; index += 1) {
    ticks.push(Number((index * unit).toPrecision(12)));
  }
  return ticks;
}

// Returns 1, 2, 5 times powers of ten; powers alone where that is enough.
function logTicks([low, high], wanted) {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += 1) {
    for (const digit of [1, 2, 5]) {
      const tick = Number((digit * 10 ** power).toPrecision(3));
      if (tick >= low * 0.999 && tick <= high * 1.001) all.push(tick);
    }
  }
  const powers = all.filter((tick) => Number.isInteger(Math.round(Math.log10(tick) * 1e6) / 1e6));
  const fit = all.length <= wanted * 1.6 ? all : powers;
  const every = Math.max(1, Math.ceil(fit.length / (wanted * 1.6)));
  const ticks = fit.filter((_, index) => index % every === 0);
  return ticks.length > 1 ? ticks : linearTicks([low, high], wanted).filter((tick) => tick > 0);
}

// Returns ticks of seconds at whole minutes or hours.
function timeTicks([low, high], wanted) {
  const unit = high >= 7200 ? 3600 : high >= 120 ? 60 : 1;
  return linearTicks([low / unit, high / unit], wanted).map((tick) => tick * unit);
}

// Returns the unit that a time axis counts in.
function timeUnit(high) {
  return high >= 7200 ? [3600, "hours"] : high >= 120 ? [60, "minutes"] : [1, "seconds"];
}

function ticksOf(scale, wanted, axis) {
  if (scale.log) return logTicks(scale.domain, wanted);
  return axis === "wall" ? timeTicks(scale.domain, wanted) : linearTicks(scale.domain, wanted);
}

// Returns what stands at the ticks of a horizontal axis.
function tickText(axis, value, high) {
  if (axis === "wall") return shortNumber(value / timeUnit(high)[0]);
  if (axis === "operations") return value === 0 ? "0" : powerOfTen(value);
  return value >= 1e6 ? `${shortNumber(value / 1e6)} M` : wholeNumber(value);
}
