// Axes. A logarithmic axis is a linear one of log10: that gives it ticks where people expect them, also within a decade.

const nice = x => {
  const power = 10 ** Math.floor(Math.log10(x));
  const m = [1, 2, 5, 10].find(m => m * power >= x * (1 - 1e-9));
  return m * power;
};

// linearTicks gives about n round numbers from lo to hi, round as they are written in the axis' unit.
const linearTicks = (lo, hi, n, { unit, whole }) => {
  const [size] = scaleOf(unit, Math.max(Math.abs(lo), Math.abs(hi)));
  let step = nice((hi - lo) / size / Math.max(n, 1));
  if (step < 1 && (whole || unit === "" && hi - lo >= n)) step = 1;
  const ticks = [];
  for (let i = Math.ceil(lo / size / step - 1e-9); i * step <= hi / size * (1 + 1e-12) + 1e-9 * step; i++) ticks.push(i * step * size);
  return ticks;
};

// logTicks gives about n round numbers of each decade, or whole decades when there are many, as logarithms.
const logTicks = (lo, hi, n, axis) => {
  const decades = hi - lo;
  if (decades < 0.7) return linearTicks(10 ** lo, 10 ** hi, n, axis).filter(v => v > 0).map(Math.log10);
  const factors = [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]].find(f => f.length === 1 || f.length * decades <= n + 1);
  const every = Math.max(1, Math.ceil(decades / Math.max(n, 1)));
  const ticks = [];
  for (let d = Math.floor(lo); d <= hi; d += 1) {
    if (d % every !== 0) continue;
    for (const f of factors) {
      const at = d + Math.log10(f);
      if (at >= lo - 1e-9 && at <= hi + 1e-9) ticks.push(at);
    }
  }
  return ticks;
};

const finite = v => v !== null && Number.isFinite(v);

const extent = columns => {
  let lo = Infinity, hi = -Infinity;
  for (const column of columns) {
    for (const v of column) {
      if (!finite(v)) continue;
      if (v < lo) lo = v;
      if (v > hi) hi = v;
    }
  }
  return [lo, hi];
};

// Where an axis begins and ends: at the values themselves ("tight"), a little beyond ("loose"), or at zero and a round
// number ("rooted", for heights, which would deceive if they did not start at zero).
const range = ([lo, hi], log, fit, ticks, unit) => {
  if (!(lo <= hi)) return [0, 1];
  if (log) {
    [lo, hi] = [Math.log10(lo), Math.log10(hi)];
    const margin = fit === "tight" && hi > lo ? 0 : Math.max((hi - lo) * 0.04, 0.02);
    return [lo - margin, hi + margin];
  }
  if (fit === "rooted") {
    if (lo > 0) lo = 0;
    if (hi < 0) hi = 0;
    if (lo === hi) hi = 1;
    const [size] = scaleOf(unit, Math.max(Math.abs(lo), Math.abs(hi)));
    const step = nice((hi - lo) / size / ticks) * size;
    return [Math.floor(lo / step + 1e-9) * step, Math.ceil(hi / step - 1e-9) * step];
  }
  if (lo === hi) return [lo - Math.max(Math.abs(lo) * 0.1, 1e-9), hi + Math.max(Math.abs(hi) * 0.1, 1e-9)];
  const margin = fit === "tight" ? 0 : (hi - lo) * 0.015;
  return [lo >= 0 && lo < (hi - lo) * 0.5 ? 0 : lo - margin, hi + margin];
};
