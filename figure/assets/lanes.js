// Timelines and flame graphs: bars on lanes, many thousands of them. All bars of a kind are one path, in which bars that
// would fall on the same pixels are drawn once; what is under the pointer is found by searching the lane.

// index says where each lane's bars begin, and up to where any bar of the lane reaches before each one ends.
const index = s => {
  s.first = new Array(s.depth + 1).fill(s.x.length);
  s.reach = new Float64Array(s.x.length);
  for (let i = s.x.length - 1; i >= 0; i--) s.first[s.lanes[i]] = i;
  for (let lane = s.depth - 1; lane >= 0; lane--) s.first[lane] = Math.min(s.first[lane], s.first[lane + 1]);
  for (let i = 0; i < s.x.length; i++) {
    const end = s.x[i] + s.y[i];
    s.reach[i] = i > s.first[s.lanes[i]] ? Math.max(s.reach[i - 1], end) : end;
  }
  s.span = [s.x.reduce((a, b) => Math.min(a, b), Infinity), s.reach.reduce((a, b) => Math.max(a, b), -Infinity)];
};

const kindOf = (s, i) => s.of ? s.of[i] : 0;

// geometry maps times and lanes to pixels, whatever part of the axis is shown.
const geometry = (s, api, box) => {
  const [lo, hi] = s.span;
  const a = api.coord([lo, 0])[0], b = api.coord([hi, 0])[0];
  const scale = hi > lo ? (b - a) / (hi - lo) : 0;
  const band = Math.abs(api.size([0, 1])[1]);
  const height = band > 6 ? Math.min(band * (s.kind === "flame" ? 1 : 0.72) - 1, 22) : band;
  return { x: t => a + (t - lo) * scale, scale, height, y: lane => api.coord([lo, lane])[1] - height / 2, left: box.x, right: box.x + box.width };
};

const drawBars = (s, c, k, hue, api, box) => {
  const g = geometry(s, api, box);
  const at = [], wide = [], labelled = s.labels && g.height >= 12;
  for (let lane = 0; lane < s.depth; lane++) {
    const y = g.y(lane);
    let painted = -Infinity;
    for (let i = s.first[lane]; i < s.first[lane + 1]; i++) {
      if (kindOf(s, i) !== k) continue;
      const from = Math.max(g.x(s.x[i]), g.left), to = Math.min(g.x(s.x[i]) + s.y[i] * g.scale, g.right);
      const end = Math.max(to, from + 0.75);
      if (to < g.left || from > g.right || end <= painted) continue;
      painted = end;
      at.push(from, y, end - from - (to - from > 4 ? 0.75 : 0), g.height);
      if (labelled && to - from >= 34 && s.labels[i] && wide.length < 500) wide.push([i, from, to]);
    }
  }
  const ink = legible(hue);
  return [
    { type: "bars", shape: { at }, style: { fill: hue, opacity: 0.92 } },
    ...wide.map(([i, from, to]) => ({
      type: "text",
      style: {
        text: s.labels[i], x: from + 5, y: g.y(s.lanes[i]) + g.height / 2 + 0.5, width: to - from - 10, overflow: "truncate", ellipsis: "…",
        verticalAlign: "middle", fill: ink, fontSize: 11, fontFamily: c.theme.font,
      },
    })),
  ];
};

// under gives the bar at a time of a lane, the topmost one, or the nearest within a few pixels.
const under = (s, lane, t, slack) => {
  let best = -1, least = slack;
  for (let i = s.first[lane + 1] - 1; i >= s.first[lane]; i--) {
    if (s.reach[i] < t - slack) break;
    const off = Math.max(s.x[i] - t, t - s.x[i] - s.y[i], 0);
    if (off === 0) return i;
    if (off < least) [best, least] = [i, off];
  }
  return best;
};

const hitBar = (s, c, p) => {
  const lane = Math.round(p.y);
  if (lane < 0 || lane >= s.depth) return -1;
  const perPixel = Math.abs(p.valueAt(p.px + 1) - p.valueAt(p.px));
  return under(s, lane, p.valueAt(p.px), 4 * perPixel);
};

const bars = rows => ({
  xs: s => [s.span], ys: () => [], fitX: () => "tight",
  draw: (s, c) => s.entries.filter(e => !c.hidden.has(e.name)).map(e =>
    custom({ ...s, name: e.name, id: s.id + "." + e.kind }, "", 3, (api, box) => drawBars(s, c, e.kind, e.hue, api, box))),
  read: (s, c, p) => {
    const i = hitBar(s, c, p);
    if (i < 0) return null;
    const e = s.entries[kindOf(s, i)];
    return { distance: 0, title: s.labels && s.labels[i] || c.figure.y.categories[s.lanes[i]], rows: rows(s, c, i, e) };
  },
});

kinds.timeline = bars((s, c, i, e) => {
  const unit = c.figure.x.unit, lane = c.figure.y.categories[s.lanes[i]];
  return [
    [e.hue, e.name || "length", format(s.y[i], unit)], ["", "from", exact(s.x[i], unit)], ["", "to", exact(s.x[i] + s.y[i], unit)],
    ...(s.labels && s.labels[i] && s.labels[i] !== lane ? [["", c.figure.y.label || "lane", lane]] : []),
  ];
});

kinds.flame = bars((s, c, i, e) => [
  [e.hue, e.name || "value", format(s.y[i], c.figure.x.unit)], ["", "of the whole", format(s.y[i] / (s.span[1] - s.span[0]), "%")],
]);

// exact writes an instant with more digits than a value needs: it is compared with its neighbours.
const exact = (v, unit) => {
  const [size] = scaleOf(unit, v);
  return tick(Number((v / size).toPrecision(7)) * size, unit, v);
};
