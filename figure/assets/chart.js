// A chart is one figure on the page: its drawing, its legend and switches, and what is read under the pointer.

const tip = (() => {
  const el = make("div", "tip");
  el.hidden = true;
  document.body.append(el);
  return {
    hide: () => { el.hidden = true; },
    show: (x, y, title, rows) => {
      el.replaceChildren();
      if (title) el.append(make("div", "tip-title", title));
      const table = make("table");
      for (const [hue, name, value] of rows) {
        const row = make("tr");
        const swatch = make("td", "tip-swatch");
        if (hue) {
          const dot = make("i");
          dot.style.background = hue;
          swatch.append(dot);
        }
        row.append(swatch, make("td", "tip-name", name), make("td", "tip-value", value));
        table.append(row);
      }
      el.append(table);
      el.hidden = false;
      const { offsetWidth: w, offsetHeight: h } = el;
      const left = x + 16 + w > innerWidth - 8 ? x - w - 16 : x + 16;
      el.style.left = Math.max(8, Math.min(left, innerWidth - w - 8)) + "px";
      el.style.top = Math.max(8, Math.min(y + 16, innerHeight - h - 8)) + "px";
    },
  };
})();

const isLanes = s => s.kind === "timeline" || s.kind === "flame";

class Chart {
  constructor(el, figure) {
    this.el = el;
    this.figure = figure;
    this.tools = el.previousElementSibling;
    this.hidden = new Set();
    figure.series.forEach((s, i) => {
      s.id = "s" + i;
      if (isLanes(s)) index(s);
      if (s.kind === "flame") figure.y.categories = Array.from({ length: s.depth }, (_, i) => String(i));
      if (s.kind === "heatmap") this.level(s);
    });
    this.zoomable = isLanes(figure.series[0]) || !!figure.x.time;
    this.log = { x: this.canLog("x") && !!figure.x.log, y: this.canLog("y") && !!figure.y.log };
    el.style.height = this.height() + "px";
    this.label();
  }

  // level maps the values of a heat map to its ramp.
  level(s) {
    const [lo, hi] = s.bounds = extent([s.cells]);
    const f = s.log && lo > 0 ? Math.log : v => v;
    s.level = v => hi > lo ? (f(v) - f(lo)) / (f(hi) - f(lo)) : 0.5;
  }

  height() {
    const { series, y } = this.figure, kind = series[0].kind, n = y.categories ? y.categories.length : 0;
    if (kind === "timeline") return Math.min(Math.max(n * 22 + 40, 120), 520);
    if (kind === "flame") return n * 23 + 34;
    if (kind === "heatmap") return Math.min(Math.max(n * 38 + 40, 260), 520);
    return n ? Math.max(n * (14 + 18 * Math.min(this.places(), 4)) + 40, 120) : 280;
  }

  columns(name, log) {
    const f = this.figure, shown = this.shown();
    return shown.flatMap(s => kinds[s.kind][name + "s"](s, f, log));
  }

  canLog(name) {
    const axis = this.figure[name];
    if (axis.categories || axis.time || this.figure.series.some(s => !kinds[s.kind]["log" + name.toUpperCase()])) return false;
    if (this.figure.series.some(s => s.kind === "histogram" && !s.logBins)) return false;
    const [lo, hi] = extent([...this.columns(name, { x: true, y: true }), this.figure.marks.filter(m => m.kind !== (name === "x" ? "y" : "x")).map(m => m[name])]);
    return lo > 0 && hi > lo && (axis.log || hi > 4 * lo); // a narrower range looks the same
  }

  // places is how many series stand side by side.
  places() {
    const beside = this.figure.series.filter(s => kinds[s.kind].beside);
    return meet(beside) ? new Set(beside.map(s => s.name)).size : 1;
  }

  shown() { return this.figure.series.filter(s => isLanes(s) || !this.hidden.has(s.name)); }

  context() {
    const { log, figure } = this, same = v => v, c = { figure, log, theme: theme(), hidden: this.hidden };
    c.fx = log.x ? Math.log10 : same;
    c.fy = log.y ? Math.log10 : same;
    c.slots = this.shown().filter(s => kinds[s.kind].beside);
    c.meet = meet(c.slots);
    for (const s of figure.series) {
      s.hue = c.theme.series[s.color];
      if (isLanes(s)) s.entries = (s.kinds || [{ name: "", color: 0 }]).map((k, kind) => ({ name: k.name, kind, hue: c.theme.series[k.color] }));
    }
    return c;
  }

  // limits gives the ends of an axis, transformed as the axis is, and about how many ticks fit.
  limits(name, c) {
    const axis = this.figure[name], shown = this.shown();
    const pixels = name === "x" ? this.el.clientWidth : this.el.clientHeight;
    const count = Math.max(2, Math.round(pixels / (name === "x" ? 95 : 52)));
    const fits = shown.map(s => (kinds[s.kind]["fit" + name.toUpperCase()] || (() => "rooted"))(s));
    const fit = ["rooted", "loose", "tight"].find(f => fits.includes(f)) || "tight";
    const marks = this.figure.marks.filter(m => m.kind === "point" || m.kind === name).map(m => m[name]);
    return { ends: range(extent([...this.columns(name, this.log), marks]), this.log[name], fit, count, axis.unit), count };
  }

  ticks(name, [lo, hi], count) {
    const axis = this.figure[name], { unit } = axis;
    if (this.log[name]) {
      const at = logTicks(lo, hi, count, axis);
      return { customValues: at, formatter: v => tick(Number((10 ** v).toPrecision(6)), unit, 10 ** v) };
    }
    const span = Math.max(Math.abs(lo), Math.abs(hi));
    return { customValues: linearTicks(lo, hi, count, axis), formatter: v => tick(v, unit, span) };
  }

  axis(name, c) {
    const axis = this.figure[name], t = c.theme, lanes = isLanes(this.figure.series[0]), kind = this.figure.series[0].kind;
    const text = { color: t.muted, fontSize: 11.5, fontFamily: t.font, hideOverlap: true };
    if (axis.categories) {
      const room = this.el.clientHeight / axis.categories.length; // for one label of the y axis
      return {
        type: "category", data: axis.categories, inverse: name === "y" && kind !== "heatmap", axisTick: { show: false },
        axisLine: { show: !lanes, onZero: false, lineStyle: { color: t.line } }, splitLine: { show: false },
        axisLabel: {
          ...text, show: kind !== "flame", interval: name === "y" ? Math.ceil(15 / room) - 1 : "auto",
          width: name === "y" ? Math.min(this.el.clientWidth * 0.3, 170) : undefined, overflow: name === "y" ? "truncate" : "none",
        },
      };
    }
    const { ends, count } = this.limits(name, c), ticks = this.ticks(name, ends, count);
    const across = name === "x" ? lanes || !!this.figure.y.categories : true;
    return {
      type: "value", min: ends[0], max: ends[1], axisTick: { show: name === "x", customValues: ticks.customValues, length: 4, lineStyle: { color: t.line } },
      axisLine: { show: name === "x", onZero: false, lineStyle: { color: t.line } },
      splitLine: { show: across, lineStyle: { color: t.grid, width: 1 } }, axisLabel: { ...text, ...ticks },
    };
  }

  option() {
    const c = this.c = this.context();
    const option = {
      animation: false, backgroundColor: "transparent", textStyle: { fontFamily: c.theme.font },
      grid: { left: 2, right: 12, top: 8, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
      xAxis: this.axis("x", c), yAxis: this.axis("y", c),
      series: this.shown().flatMap(s => kinds[s.kind].draw(s, c)),
    };
    if (this.figure.marks.length) option.series.push(this.marks(c));
    if (this.zoomable) {
      option.dataZoom = [{
        type: "inside", xAxisIndex: 0, filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseMove: true, moveOnMouseWheel: false, preventDefaultMouseMove: false, ...this.shownPart,
      }];
    }
    return option;
  }

  marks(c) {
    const t = c.theme;
    return custom({ id: "marks", name: "" }, "", 6, (api, box) => this.figure.marks.flatMap(m => {
      const [x, y] = api.coord([m.kind === "y" ? 0 : c.fx(m.x), m.kind === "x" ? 0 : c.fy(m.y)]);
      const below = m.kind === "y" && y - box.y < 18; // what is above the drawing is cut off
      const right = m.kind === "y" ? !this.leftIsFreer(below ? y + 18 : y, 7 * m.label.length, c, api, box) : x > box.x + box.width * 0.6;
      const low = m.kind === "x" && this.shown().some(s => s.kind === "ecdf"); // which is high at its right end
      const [top, bottom] = m.kind === "x" ? [box.y + 4, box.y + box.height - 4] : [y + 4, y - (m.kind === "y" ? 4 : 6)];
      const hangs = m.kind === "x" ? !low : below;
      const text = {
        type: "text",
        style: {
          text: m.label, fill: t.ink, fontSize: 11.5, fontFamily: t.font, align: right ? "right" : "left", stroke: t.paper, lineWidth: 3,
          x: m.kind === "y" ? right ? box.x + box.width - 4 : box.x + 4 : right ? x - 7 : x + 7,
          y: hangs ? top : bottom, verticalAlign: hangs ? "top" : "bottom",
        },
      };
      const dash = { stroke: t.ink, lineWidth: 1, lineDash: [3, 3], opacity: 0.75 };
      if (m.kind === "x") return [{ type: "line", shape: { x1: x, x2: x, y1: box.y, y2: box.y + box.height }, style: dash }, text];
      if (m.kind === "y") return [{ type: "line", shape: { x1: box.x, x2: box.x + box.width, y1: y, y2: y }, style: dash }, text];
      return [dotShape(x, y, 7, { fill: "none", stroke: t.ink, lineWidth: 1.5 }), text];
    }));
  }

  // leftIsFreer says whether a label that ends at y, so wide, covers less of what is drawn at the left end than at the right.
  leftIsFreer(y, width, c, api, box) {
    let left = 0, right = 0;
    for (const s of this.shown()) {
      const columns = kinds[s.kind].ys(s, this.figure, this.log);
      (s.x || []).forEach((v, i) => {
        const places = columns.map(column => column[i]).filter(finite).map(at => api.coord([c.fx(v), c.fy(at)]));
        const ys = places.map(([, at]) => at);
        if (!places.length || Math.min(...ys) > y || Math.max(...ys) < y - 18) return;
        if (places[0][0] < box.x + width) left++;
        if (places[0][0] > box.x + box.width - width) right++;
      });
    }
    return left < right;
  }

  // draw draws the figure for the first time or anew. It does nothing while the figure has no room, in closed details.
  draw() {
    if (!this.el.clientWidth) return false;
    if (this.chart && this.printed !== printing) this.chart = this.chart.dispose();
    if (this.chart) {
      this.chart.resize();
    } else {
      this.chart = echarts.init(this.el, null, { renderer: "canvas", devicePixelRatio: printing ? 3 : devicePixelRatio });
      this.printed = printing;
      this.listen();
    }
    this.width = this.el.clientWidth;
    this.chart.setOption(this.option(), true);
    this.furnish();
    if (this.shownPart) this.zoomed();
    return true;
  }

  resize() {
    if (this.chart && this.el.clientWidth && this.el.clientWidth !== this.width) this.draw();
  }

  // label writes the names of the axes: that of the y axis above the drawing, so that it is read without turning the head.
  label() {
    const { x, y } = this.figure;
    this.yLabel = make("p", "axis-y", y.label);
    const below = make("p", "axis-x");
    below.append(make("span", "", x.label));
    if (this.zoomable) below.append(make("span", "hint", "Ctrl + wheel or pinch zooms, dragging moves"));
    this.el.after(below);
  }

  furnish() {
    const legend = make("div", "legend"), switches = make("div", "switches");
    for (const [name, hue, kind] of this.entries()) {
      const b = make("button", "key");
      b.type = "button";
      b.setAttribute("aria-pressed", String(!this.hidden.has(name)));
      const swatch = make("i", kind);
      swatch.style.background = hue;
      b.append(swatch, make("span", "", name));
      b.addEventListener("click", () => { this.toggle(name); });
      legend.append(b);
    }
    const heat = this.figure.series.find(s => s.kind === "heatmap");
    if (heat && finite(heat.bounds[0])) {
      const bar = make("i", "ramp");
      bar.style.background = "linear-gradient(90deg," + this.c.theme.ramp.join(",") + ")";
      legend.append(make("span", "", heat.name + (heat.log ? " (log)" : "")), make("span", "", format(heat.bounds[0], heat.unit)), bar, make("span", "", format(heat.bounds[1], heat.unit)));
    }
    for (const name of ["x", "y"]) if (this.canLog(name)) switches.append(this.logSwitch(name));
    this.reset = make("button", "switch", "reset zoom");
    this.reset.type = "button";
    this.reset.hidden = true;
    this.reset.addEventListener("click", () => this.zoom(0, 100));
    switches.append(this.reset);
    if (legend.childElementCount) this.tools.after(this.yLabel); else legend.append(this.yLabel); // one line where one will do
    this.yLabel.hidden = !this.figure.y.label;
    this.tools.replaceChildren(legend, switches);
  }

  logSwitch(name) {
    const b = make("button", "switch", "log " + name);
    b.type = "button";
    b.setAttribute("aria-pressed", String(this.log[name]));
    b.addEventListener("click", () => {
      this.log[name] = !this.log[name];
      this.draw();
      this.refocus("log " + name);
    });
    return b;
  }

  // entries gives name, colour and look of what the legend lists; one thing alone needs no legend.
  entries() {
    const first = this.figure.series[0];
    if (isLanes(first)) return first.entries.length > 1 ? first.entries.map(e => [e.name, e.hue, "block"]) : [];
    const seen = new Map();
    for (const s of this.figure.series) {
      if (s.kind === "heatmap" || !s.name) continue;
      const look = s.kind === "line" || s.kind === "ecdf" ? s.dashed ? "dashes" : "stroke" : s.kind === "scatter" || s.kind === "intervals" ? "dot" : "block";
      if (!seen.has(s.name) || seen.get(s.name)[2] === "block") seen.set(s.name, [s.name, s.hue, look]);
    }
    return seen.size > 1 ? [...seen.values()] : [];
  }

  toggle(name) {
    if (!this.hidden.delete(name)) this.hidden.add(name);
    if (this.entries().every(([n]) => this.hidden.has(n))) this.hidden.clear();
    this.draw();
    this.refocus(name);
  }

  // refocus gives the focus back to a button that was made anew.
  refocus(text) {
    const button = [...this.tools.querySelectorAll("button")].find(b => b.textContent === text);
    if (button) button.focus();
  }

  zoom(start, end) { this.chart.dispatchAction({ type: "dataZoom", start, end }); }

  listen() {
    const zr = this.chart.getZr();
    this.cross = make("div", "cross");
    this.cross.hidden = true;
    this.el.append(this.cross);
    zr.on("mousemove", e => this.point(e.offsetX, e.offsetY) || this.leave());
    zr.on("click", e => this.focus(e.offsetX, e.offsetY));
    zr.on("globalout", () => this.leave());
    this.chart.on("datazoom", () => {
      const { start, end } = this.chart.getOption().dataZoom[0];
      this.shownPart = { start, end };
      this.zoomed();
      this.leave();
    });
  }

  leave() {
    tip.hide();
    if (this.cross) this.cross.hidden = true;
  }

  // zoomed gives the part of the axis that is shown its own ticks.
  zoomed() {
    const { start, end, startValue, endValue } = this.chart.getOption().dataZoom[0];
    const { count } = this.limits("x", this.c), t = this.ticks("x", [startValue, endValue], count);
    this.chart.setOption({ xAxis: { axisTick: { customValues: t.customValues }, axisLabel: t } });
    this.reset.hidden = start <= 0 && end >= 100;
  }

  pointer(px, py) {
    const at = (x, y) => this.chart.convertFromPixel("grid", [x, y]), [x, y] = at(px, py), { log } = this;
    const pixel = (a, b) => this.chart.convertToPixel("grid", [a, b]);
    return {
      px, py, pixel, x: log.x ? 10 ** x : x, y: log.y ? 10 ** y : y, valueAt: a => at(a, py)[0],
      size: () => { const [a, b] = [pixel(0, 0), pixel(1, 1)]; return [Math.abs(b[0] - a[0]), Math.abs(b[1] - a[1])]; },
    };
  }

  // point shows what is read at a pixel; it says whether there is anything.
  point(px, py) {
    if (!this.chart.containPixel("grid", [px, py])) return false;
    const p = this.pointer(px, py);
    const found = this.shown().map(s => kinds[s.kind].read(s, this.c, p)).filter(r => r && !(r.title === undefined && !finite(r.x)));
    const items = found.filter(r => r.distance !== undefined).sort((a, b) => a.distance - b.distance);
    const box = this.el.getBoundingClientRect();
    const show = (title, rows) => { tip.show(box.left + px, box.top + py, title, rows); return true; };
    this.cross.hidden = true;
    if (isLanes(this.figure.series[0])) this.chart.getZr().setCursorStyle(items.length && this.figure.series[0].kind === "flame" ? "pointer" : "default");
    if (items.length) return show(items[0].title, items[0].rows);
    const groups = found.filter(r => r.category);
    if (groups.length) return show(groups[0].title, groups.flatMap(r => r.rows));
    const curves = found.filter(r => r.x !== undefined);
    if (!curves.length) return false;
    const grid = this.chart.getModel().getComponent("grid").coordinateSystem.getRect();
    Object.assign(this.cross.style, { left: px + "px", top: grid.y + "px", height: grid.height + "px" });
    this.cross.hidden = false;
    return show(format(curves[0].x, this.figure.x.unit), curves.flatMap(r => r.rows));
  }

  // focus zooms a flame graph to the frame that was clicked.
  focus(px, py) {
    const s = this.figure.series[0];
    if (s.kind !== "flame" || !this.chart.containPixel("grid", [px, py])) return;
    const i = hitBar(s, this.c, this.pointer(px, py));
    if (i >= 0) this.chart.dispatchAction({ type: "dataZoom", startValue: s.x[i], endValue: s.x[i] + s.y[i] });
  }
}
