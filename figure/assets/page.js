// The page: draws its figures one after another, so that the first ones are seen at once, and keeps them in step with the
// theme, the width and the printer. The root element says when all that can be seen is drawn (data-state="ready").

const charts = [...document.querySelectorAll("[data-figure]")].map(el => {
  const figure = data.figures[el.dataset.figure];
  figure.marks = figure.marks || [];
  return new Chart(el, figure);
});

let queue = [];

const work = () => {
  const chart = queue.shift();
  if (!chart) {
    root.dataset.state = "ready";
    return;
  }
  chart.draw();
  setTimeout(work);
};

const drawAll = chosen => {
  root.dataset.state = "drawing";
  const idle = queue.length === 0;
  queue = [...new Set([...queue, ...chosen])];
  if (idle) setTimeout(work);
};

const button = document.getElementById("theme");

const setTheme = () => {
  button.textContent = isDark() ? "Light" : "Dark";
  drawAll(charts.filter(c => c.chart));
};

const remember = name => { try { localStorage.setItem("theme", name); } catch { /* a page from disk may not be allowed to */ } };

try { root.dataset.theme = localStorage.getItem("theme") || ""; } catch { root.dataset.theme = ""; }
button.hidden = false;
button.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  remember(root.dataset.theme);
  setTheme();
});
prefersDark.addEventListener("change", setTheme);

for (const details of document.querySelectorAll("details")) {
  details.addEventListener("toggle", () => { if (details.open) drawAll(charts.filter(c => details.contains(c.el) && !c.chart)); });
}

addEventListener("scroll", () => { charts.forEach(c => c.leave()); }, { passive: true });
new ResizeObserver(() => { charts.forEach(c => c.resize()); }).observe(document.body);

// A print is on white paper and as wide as the paper; the print dialogue does not wait, so all is drawn at once.
const print = on => {
  printing = on;
  root.classList.toggle("printing", on);
  for (const c of charts) if (c.chart) c.draw();
};
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));

setTheme();
drawAll(charts);

globalThis.figures = { format, tick, charts };
