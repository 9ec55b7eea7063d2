// Numbers and times as texts.

const ABSENT = "\u2013";

// Returns four significant digits, or what stands for no number.
function shortNumber(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return ABSENT;
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return powerOfTen(value);
  return Number(value.toPrecision(4)).toLocaleString("en-US", {maximumFractionDigits: 8});
}

// Returns a text such as 2.5 × 10¹².
function powerOfTen(value) {
  const [digits, exponent] = value.toExponential(2).split("e");
  const superscripts = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
  const raised = [...exponent.replace("+", "")]
    .map((c) => (c === "-" ? "\u207b" : superscripts[Number(c)]))
    .join("");
  const mantissa = String(Number(digits));
  return mantissa === "1" ? `10${raised}` : `${mantissa} \u00d7 10${raised}`;
}

// Returns four digits where columns of numbers are read below each other.
function evenNumber(value) {
  if (!Number.isFinite(value) || value === null) return ABSENT;
  const size = Math.abs(value);
  if (size === 0 || size >= 1e6 || size < 1e-4) return shortNumber(value);
  return size >= 1000 ? wholeNumber(Math.round(value)) : value.toPrecision(4);
}

function wholeNumber(value) {
  return value === null || value === undefined ? ABSENT : value.toLocaleString("en-US");
}

// Returns hours, minutes and seconds, such as 1:02:03.
function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return ABSENT;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours.toLocaleString("en-US")}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

// Returns "1 run" or "3 runs".
function counted(number, word) {
  return `${wholeNumber(number)} ${word}${number === 1 ? "" : "s"}`;
}

// Returns the value on an axis of curves.
function axisValue(axis, value) {
  if (axis === "wall") return duration(value);
  return axis === "operations" ? powerOfTen(value) : wholeNumber(Math.round(value));
}

const RULES = {last: "last measurement", best: "best measurement"};

function ruleTitle(rule) {
  if (rule.startsWith("by:")) return `best by ${rule.slice("by:".length)}`;
  return RULES[rule] ?? `at step ${wholeNumber(Number(rule.slice("step:".length)))}`;
}
