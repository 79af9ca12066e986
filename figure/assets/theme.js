// The theme: that of the reader's system until the reader chooses another.

const root = document.documentElement;
const data = JSON.parse(document.getElementById("data").textContent);
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

const isDark = () => !printing && (root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches);

const theme = () => {
  const css = getComputedStyle(root);
  const of = name => css.getPropertyValue("--" + name).trim();
  return {
    ...(isDark() ? data.dark : data.light),
    ink: of("ink"), muted: of("muted"), line: of("line"), grid: of("grid"), paper: of("paper"),
    font: getComputedStyle(document.body).fontFamily,
  };
};

const rgb = hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16));

// shade is the colour of t, from 0 to 1, on a ramp.
const shade = (ramp, t) => {
  const at = Math.min(Math.max(t, 0), 1) * (ramp.length - 1);
  const i = Math.min(Math.floor(at), ramp.length - 2);
  const [a, b] = [rgb(ramp[i]), rgb(ramp[i + 1])];
  return "#" + a.map((v, k) => Math.round(v + (b[k] - v) * (at - i)).toString(16).padStart(2, "0")).join("");
};

// legible is black or white, whichever is read better on a colour.
const legible = hex => {
  const [r, g, b] = rgb(hex).map(v => (v / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.3 ? "#10151b" : "#ffffff";
};

const faded = (hex, alpha) => `rgba(${rgb(hex).join(",")},${alpha})`;

// make builds an element. Texts are set as text, never as markup.
const make = (tag, className, text) => {
  const el = document.createElement(tag);
  if (className) el.className = className;
  if (text !== undefined) el.textContent = text;
  return el;
};
