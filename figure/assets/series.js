// The kinds of series. Each says where its values lie (xs, ys), what its axes may do, how it is drawn (as series of ECharts,
// over coordinates that c.fx and c.fy have made from values) and what is to be read near a point (read).
//
// c is the chart's context: figure, theme, log, fx, fy, and slots, the places of series that stand side by side if they meet.

const step = "end";

// Many rectangles of one colour are one path: at holds x, y, width and height of each.
echarts.graphic.registerShape("bars", echarts.graphic.extendShape({
  type: "bars", shape: { at: [] },
  buildPath: (path, { at }) => { for (let i = 0; i < at.length; i += 4) path.rect(at[i], at[i + 1], at[i + 2], at[i + 3]); },
}));

const zip = (c, x, y) => x.map((v, i) => [c.fx(v), finite(y[i]) ? c.fy(y[i]) : "-"]);

// custom draws everything at once, so that a series costs as little as it shows.
const custom = (s, name, z, draw, clip = true) => ({
  type: "custom", id: s.id + name, name: s.name, z, silent: true, clip, animation: false, data: [[0, 0]], encode: { x: 0, y: 1 },
  renderItem: (params, api) => ({ type: "group", children: draw(api, params.coordSys) }),
});

const lineShape = (x1, y1, x2, y2, stroke, lineWidth) => ({ type: "line", shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth } });
const rectShape = (x1, y1, x2, y2, style) => ({
  type: "rect", style,
  shape: { x: Math.min(x1, x2), y: Math.min(y1, y2), width: Math.abs(x2 - x1), height: Math.abs(y2 - y1) },
});
const dotShape = (cx, cy, r, style) => ({ type: "circle", shape: { cx, cy, r }, style });

// outside says whether a point lies outside of the drawing, by more than rounding.
const outside = (box, [x, y]) => x < box.x - 1 || x > box.x + box.width + 1 || y < box.y - 1 || y > box.y + box.height + 1;

// nearest gives the index of the value of an ascending column that is nearest to x.
const nearest = (column, x) => {
  let lo = 0, hi = column.length - 1;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if (column[mid] <= x) lo = mid; else hi = mid;
  }
  return hi >= 0 && Math.abs(column[hi] - x) < Math.abs(column[lo] - x) ? hi : lo;
};

// before gives the index of the last value of an ascending column that is not above x, or -1.
const before = (column, x) => {
  let lo = -1, hi = column.length;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if (column[mid] <= x) lo = mid; else hi = mid;
  }
  return lo;
};

// closest finds the point of a cloud that is nearest to the pointer, by pixels.
const closest = (c, p, n, at) => {
  let best = -1, least = 18;
  for (let i = 0; i < n; i++) {
    const point = at(i);
    const d = point ? Math.hypot(point[0] - p.px, point[1] - p.py) : Infinity;
    if (d < least) [best, least] = [i, d];
  }
  return best < 0 ? null : { index: best, distance: least };
};

const isUpright = c => !c.figure.y.categories;

// meet says whether any two of some series have a value for the same category: only then do they stand side by side.
const meet = series => {
  const has = s => (s.spreads || s.y).map(v => s.spreads ? !!v : finite(v));
  return (series.length ? has(series[0]) : []).some((_, i) => series.filter(s => has(s)[i]).length > 1);
};

// middle gives the pixel across the categories of the i-th category for a series that shares the place with others.
const middle = (c, s, i, band) => {
  const n = c.meet ? c.slots.length : 1, width = Math.min(band * 0.8 / n, 46);
  const k = c.meet ? c.slots.indexOf(s) : 0;
  return [(k - (n - 1) / 2) * width, width];
};

const placeText = (c, s, i) => {
  const categories = c.figure.x.categories || c.figure.y.categories;
  return categories ? categories[i] : format(s.x[i], c.figure.x.unit);
};

const valueAxis = c => isUpright(c) ? c.figure.y : c.figure.x;

const kinds = {
  line: {
    xs: s => [s.x], ys: s => [s.y], logX: true, logY: true, fitX: s => s.dots ? "loose" : "tight",
    draw: (s, c) => [{
      type: "line", id: s.id, name: s.name, data: zip(c, s.x, s.y), step: s.step ? step : false, z: 4, silent: true, animation: false,
      symbol: "circle", symbolSize: 6, showSymbol: !!s.dots, showAllSymbol: true, itemStyle: { color: s.hue },
      lineStyle: { color: s.hue, width: 1.75, type: s.dashed ? [5, 4] : "solid", join: "round" }, clip: !s.dots,
    }],
    read: (s, c, p) => {
      const i = s.step ? before(s.x, p.x) : nearest(s.x, p.x);
      return i < 0 || !finite(s.y[i]) ? null : { x: s.x[i], rows: [[s.hue, s.name, format(s.y[i], c.figure.y.unit)]] };
    },
  },

  band: {
    xs: s => [s.x], ys: s => [s.lo, s.hi], logX: true, logY: true, fitX: () => "tight",
    draw: (s, c) => [custom(s, "", 2, api => {
      const known = s.x.map((_, i) => i).filter(i => finite(s.lo[i]) && finite(s.hi[i]));
      const edge = column => known.map(i => api.coord([c.fx(s.x[i]), c.fy(column[i])]));
      return [{ type: "polygon", shape: { points: [...edge(s.hi), ...edge(s.lo).reverse()] }, style: { fill: faded(s.hue, 0.18) } }];
    })],
    read: (s, c, p) => {
      const i = nearest(s.x, p.x);
      if (i < 0 || !finite(s.lo[i])) return null;
      const unit = c.figure.y.unit;
      return { x: s.x[i], rows: [[s.hue, "", format(s.lo[i], unit) + " … " + format(s.hi[i], unit)]] };
    },
  },

  scatter: {
    xs: s => [s.x], ys: s => [s.y], logX: true, logY: true, fitX: () => "loose",
    draw: (s, c) => [{
      type: "scatter", id: s.id, name: s.name, data: zip(c, s.x, s.y), z: 5, silent: true, animation: false,
      symbolSize: s.x.length > 800 ? 3.5 : 6, itemStyle: { color: s.hue, opacity: s.x.length > 800 ? 0.45 : 0.75 },
    }],
    read: (s, c, p) => {
      const hit = closest(c, p, s.x.length, i => finite(s.y[i]) && p.pixel(c.fx(s.x[i]), c.fy(s.y[i])));
      return hit && {
        distance: hit.distance, title: s.labels ? s.labels[hit.index] : s.name,
        rows: [["", c.figure.x.label, format(s.x[hit.index], c.figure.x.unit)], [s.hue, c.figure.y.label, format(s.y[hit.index], c.figure.y.unit)]],
      };
    },
  },

  intervals: {
    xs: (s, f) => s.x ? [s.x] : f.y.categories ? [s.y, s.lo, s.hi] : [], ys: (s, f) => f.y.categories ? [] : [s.y, s.lo, s.hi],
    logX: true, logY: true, fitX: () => "loose", fitY: () => "loose", beside: true,
    point: (s, c, coord, size, i) => {
      const upright = isUpright(c);
      const shift = s.x ? 0 : middle(c, s, i, size([1, 1])[upright ? 0 : 1])[0];
      const at = v => {
        const place = s.x ? c.fx(s.x[i]) : i;
        const [x, y] = coord(upright ? [place, c.fy(v)] : [c.fx(v), place]);
        return upright ? [x + shift, y] : [x, y + shift];
      };
      return at;
    },
    draw: (s, c) => [custom(s, "", 5, (api, box) => s.y.flatMap((v, i) => {
      if (!finite(v)) return [];
      const at = kinds.intervals.point(s, c, api.coord, api.size, i);
      if (outside(box, at(v))) return [];
      const shapes = [dotShape(...at(v), 4, { fill: s.hue })];
      if (finite(s.lo[i]) && finite(s.hi[i])) {
        const [a, b] = [at(s.lo[i]), at(s.hi[i])];
        const [dx, dy] = isUpright(c) ? [4, 0] : [0, 4];
        shapes.push(lineShape(...a, ...b, s.hue, 1.5));
        for (const [x, y] of [a, b]) shapes.push(lineShape(x - dx, y - dy, x + dx, y + dy, s.hue, 1.5));
      }
      return shapes;
    }), false)], // whole dots at the edges; what lies outside is left out where the reader zooms
    read: (s, c, p) => {
      const hit = closest(c, p, s.y.length, i => finite(s.y[i]) && kinds.intervals.point(s, c, ([x, y]) => p.pixel(x, y), p.size, i)(s.y[i]));
      if (!hit) return null;
      const i = hit.index, unit = valueAxis(c).unit;
      const known = finite(s.lo[i]) && finite(s.hi[i]);
      return {
        distance: hit.distance, title: placeText(c, s, i),
        rows: [[s.hue, s.name, format(s.y[i], unit)], ...(known ? [["", "interval", format(s.lo[i], unit) + " … " + format(s.hi[i], unit)]] : [])],
      };
    },
  },

  bars: {
    xs: (s, f) => s.x ? [s.x] : f.y.categories ? [stacked(s, f), [0]] : [], ys: (s, f) => f.y.categories ? [] : [stacked(s, f), [0]],
    fitX: s => s.x ? "loose" : "rooted", fitY: () => "rooted",
    draw: (s, c) => [{
      type: "bar", id: s.id, name: s.name, stack: s.stack || undefined, barMaxWidth: 34, barCategoryGap: s.x ? "8%" : "30%", barGap: "8%",
      z: 3, silent: true, animation: false, itemStyle: { color: s.hue },
      data: s.x ? zip(c, s.x, s.y) : s.y.map((v, i) => finite(v) ? isUpright(c) ? [i, v] : [v, i] : "-"),
    }],
    read: (s, c, p) => {
      const i = s.x ? nearest(s.x, p.x) : Math.round(isUpright(c) ? p.x : p.y);
      return finite(s.y[i]) ? { category: true, title: placeText(c, s, i), rows: [[s.hue, s.name, format(s.y[i], valueAxis(c).unit)]] } : null;
    },
  },

  histogram: {
    xs: (s, f, log) => [binsOf(s, log).edges], ys: (s, f, log) => [heights(s, f, log), [0]], logX: true,
    fitX: () => "tight", fitY: () => "rooted",
    draw: (s, c) => [custom(s, "", 3, api => {
      const { edges } = binsOf(s, c.log);
      const several = c.figure.series.length > 1;
      const corners = heights(s, c.figure, c.log).map((h, i) => [api.coord([c.fx(edges[i]), h]), api.coord([c.fx(edges[i + 1]), 0])]);
      const shapes = corners.map(([[x1, y1], [x2, y2]]) => {
        const gap = !several && x2 - x1 > 4 ? 0.5 : 0;
        return rectShape(x1 + gap, y1, x2 - gap, y2, { fill: faded(s.hue, several ? 0.22 : 0.8) });
      });
      if (several) {
        const points = corners.flatMap(([[x1, y1], [x2]]) => [[x1, y1], [x2, y1]]);
        shapes.push({ type: "polyline", shape: { points }, style: { stroke: s.hue, lineWidth: 1.5, fill: "none" } });
      }
      return shapes;
    })],
    read: (s, c, p) => {
      const { edges, counts } = binsOf(s, c.log);
      const i = before(edges, p.x);
      if (i < 0 || i >= counts.length) return null;
      const unit = c.figure.x.unit;
      return {
        category: true, title: format(edges[i], unit) + " … " + format(edges[i + 1], unit),
        rows: [[s.hue, s.name, number(counts[i]) + " of " + number(s.n) + " (" + format(counts[i] / s.n, "%") + ")"]],
      };
    },
  },

  ecdf: {
    xs: s => [s.x], ys: () => [[0, 1]], logX: true, fitX: () => "tight", fitY: () => "rooted",
    draw: (s, c) => [{
      type: "line", id: s.id, name: s.name, data: zip(c, [s.x[0], ...s.x], [0, ...s.y]), step, z: 4, silent: true, animation: false,
      symbol: "none", lineStyle: { color: s.hue, width: 1.75 }, itemStyle: { color: s.hue },
    }],
    read: (s, c, p) => {
      const i = before(s.x, p.x);
      return { x: p.x, rows: [[s.hue, s.name, (i < 0 ? "0 %" : format(s.y[i], "%")) + " of " + number(s.n)]] };
    },
  },

  box: {
    xs: (s, f) => f.y.categories ? spreads(s) : [], ys: (s, f) => f.y.categories ? [] : spreads(s),
    logX: true, logY: true, fitX: () => "loose", fitY: () => "loose", beside: true,
    draw: (s, c) => [custom(s, "", 3, api => s.spreads.flatMap((b, i) => {
      if (!b) return [];
      const upright = isUpright(c);
      const [shift, room] = middle(c, s, i, api.size([1, 1])[upright ? 0 : 1]);
      const half = room * 0.36;
      const at = (v, across) => {
        const [x, y] = api.coord(upright ? [i, c.fy(v)] : [c.fx(v), i]);
        return upright ? [x + shift + across, y] : [x, y + shift + across];
      };
      const stroke = s.hue;
      const [low, q1, median, q3, high] = b.five;
      return [
        ...b.out.map(v => dotShape(...at(v, 0), 1.75, { fill: faded(s.hue, 0.55) })),
        lineShape(...at(low, 0), ...at(q1, 0), stroke, 1.25), lineShape(...at(q3, 0), ...at(high, 0), stroke, 1.25),
        lineShape(...at(low, -half / 2), ...at(low, half / 2), stroke, 1.25), lineShape(...at(high, -half / 2), ...at(high, half / 2), stroke, 1.25),
        rectShape(...at(q1, -half), ...at(q3, half), { fill: faded(s.hue, 0.22), stroke, lineWidth: 1.25 }),
        lineShape(...at(median, -half), ...at(median, half), stroke, 2.5),
      ];
    }))],
    read: (s, c, p) => {
      const i = Math.round(isUpright(c) ? p.x : p.y), b = s.spreads[i];
      if (!b) return null;
      const text = v => format(v, valueAxis(c).unit), [low, q1, median, q3, high] = b.five;
      return {
        category: true, title: placeText(c, s, i),
        rows: [[s.hue, s.name || "median", text(median)], ["", "middle half", text(q1) + " … " + text(q3)],
          ["", "whiskers", text(low) + " … " + text(high)], ["", "mean", text(b.mean)], ["", "n", number(b.n)]],
      };
    },
  },

  heatmap: {
    xs: s => s.x ? [s.x] : [], ys: s => s.y ? [s.y] : [], logX: true, logY: true, fitX: () => "tight", fitY: () => "tight",
    draw: (s, c) => [custom(s, "", 2, api => drawCells(s, c, api))],
    read: (s, c, p) => {
      const columns = s.x ? s.x.length - 1 : c.figure.x.categories.length;
      const rows = s.y ? s.y.length - 1 : c.figure.y.categories.length;
      const column = s.x ? before(s.x, p.x) : Math.round(p.x), row = s.y ? before(s.y, p.y) : Math.round(p.y);
      const i = row * columns + column;
      if (column < 0 || column >= columns || row < 0 || row >= rows || !finite(s.cells[i])) return null;
      const text = (edges, axis, k) => edges ? format(edges[k], axis.unit) + " … " + format(edges[k + 1], axis.unit) : axis.categories[k];
      return {
        title: s.name, distance: 17,
        rows: [[shade(c.theme.ramp, s.level(s.cells[i])), "", format(s.cells[i], s.unit)], ...(s.counts ? [["", "n", number(s.counts[i])]] : []),
          ["", c.figure.x.label, text(s.x, c.figure.x, column)], ["", c.figure.y.label, text(s.y, c.figure.y, row)]],
      };
    },
  },
};

// stacked gives the heights that bars reach, those of the same stack below them included.
const stacked = (s, f) => s.stack ? s.y.map((_, i) => f.series.filter(o => o.stack === s.stack).reduce((sum, o) => sum + (o.y[i] || 0), 0)) : s.y;

const binsOf = (s, log) => log.x && s.logBins || s.bins;

const heights = (s, f, log) => {
  const { counts } = binsOf(s, log);
  return f.y.unit === "%" ? counts.map(n => n / Math.max(s.n, 1)) : counts;
};

const spreads = s => s.spreads.filter(b => b).flatMap(b => [b.five, b.out]);

// drawCells paints all cells of a shade as one path: a heat map may have thousands of cells.
const drawCells = (s, c, api) => {
  const columns = s.x ? s.x.length - 1 : c.figure.x.categories.length;
  const [w, h] = api.size([1, 1]), byShade = new Map(), texts = [];
  const side = (edges, f, k) => edges ? [f(edges[k]), f(edges[k + 1])] : [k, k];
  s.cells.forEach((v, i) => {
    if (!finite(v)) return;
    const [xa, xb] = side(s.x, c.fx, i % columns), [ya, yb] = side(s.y, c.fy, Math.floor(i / columns));
    let [x1, y1] = api.coord([xa, ya]), [x2, y2] = api.coord([xb, yb]);
    if (!s.x) [x1, x2] = [x1 - w / 2, x2 + w / 2];
    if (!s.y) [y1, y2] = [y1 + h / 2, y2 - h / 2];
    const fill = shade(c.theme.ramp, Math.round(s.level(v) * 63) / 63);
    const gap = x2 - x1 > 6 && y1 - y2 > 6 ? 0.5 : -0.25;
    if (!byShade.has(fill)) byShade.set(fill, []);
    byShade.get(fill).push(x1 + gap, y2 + gap, x2 - x1 - 2 * gap, y1 - y2 - 2 * gap);
    if (x2 - x1 < 46 || y1 - y2 < 16) return;
    const text = (text, dy, size, opacity) => texts.push({
      type: "text", style: {
        text, x: (x1 + x2) / 2, y: (y1 + y2) / 2 + dy, align: "center", verticalAlign: "middle", fill: legible(fill), opacity, fontSize: size, fontFamily: c.theme.font,
      },
    });
    const two = s.counts && y1 - y2 >= 34;
    text(format(v, s.unit), two ? -7 : 0, 12, 1);
    if (two) text("n = " + number(s.counts[i]), 8, 10.5, 0.75);
  });
  return [...[...byShade].map(([fill, at]) => ({ type: "bars", shape: { at }, style: { fill } })), ...texts];
};
