// Numbers for reading. The rules are those of Unit.Format and Unit.Tick in Go, so that a table and a tooltip say the same.

const multiples = {
  "s": [[999.5e-9, 1e-9, "ns"], [999.5e-6, 1e-6, "µs"], [999.5e-3, 1e-3, "ms"], [5999.5, 1, "s"], [Infinity, 3600, "h"]],
  "B": [[999.5, 1, "B"], [999.5e3, 1e3, "kB"], [999.5e6, 1e6, "MB"], [999.5e9, 1e9, "GB"], [Infinity, 1e12, "TB"]],
};

// scaleOf gives [size, name] of the multiple in which numbers up to the size of v are read.
const scaleOf = (unit, v) => {
  if (unit === "%") return [0.01, "%"];
  const all = multiples[unit];
  if (!all || v === 0) return [1, unit];
  const [, size, name] = all.find(([below]) => Math.abs(v) < below);
  return [size, name];
};

const grouped = digits => digits.replace(/\B(?=(\d{3})+$)/g, ",");

const significant = a => {
  const [mantissa, exponent] = a.toExponential(2).split("e");
  return Number(mantissa + "e" + exponent).toFixed(Math.min(Math.max(0, 2 - exponent), 20));
};

const number = (v, whole = true) => {
  const a = Math.abs(v);
  const text = a >= 999.5 || a === 0 || whole && a === Math.trunc(a) ? grouped(Math.round(a).toFixed(0)) : significant(a);
  return v < 0 ? "−" + text : text;
};

const withUnit = (text, name) => name ? text + " " + name : text;

const format = (v, unit) => {
  if (v === null || Number.isNaN(v)) return "–";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  const [size, name] = scaleOf(unit, v);
  return withUnit(number(v / size, unit !== "s" && unit !== "%"), name);
};

const tick = (v, unit, span) => {
  const [size, name] = scaleOf(unit, span);
  const x = Number((v / size).toPrecision(10));
  const [whole, decimals] = String(Math.abs(x)).split(".");
  const text = /e/.test(whole) ? whole : grouped(whole) + (decimals ? "." + decimals : "");
  return withUnit(x < 0 ? "−" + text : text, name);
};
