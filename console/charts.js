// One chart: title, legend with the newest or the pointed-at values, and uPlot below.
import { h, put, say } from "./dom.js";
import { inUnit } from "./format.js";

/* global uPlot */

const SPARE = ["blue", "violet", "cyan", "amber", "green", "pink", "grey", "red"];
const charts = new Set();
/** Rates by the second are drawn as the mean of so many. */
const CALM = 10;

function variable(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The tracks of a window, as the charts read them. */
export class Data {
  constructor() {
    this.clear();
  }

  clear() {
    this.times = [];
    this.step = 1;
    this.most = 900;
    this.tracks = new Map();
  }

  load(overview) {
    this.clear();
    this.step = overview.step ?? 1;
    this.most = overview.window === "24h" ? 1440 : 900;
    const points = overview.points ?? 0;
    for (let i = 0; i < points; i += 1) this.times.push(overview.newest - (points - 1 - i) * this.step);
    for (const [key, values] of Object.entries(overview.tracks ?? {})) this.tracks.set(key, values);
  }

  /** Adds one second; those that were missed stay empty. */
  push(time, tracks) {
    const newest = this.times.at(-1);
    if (newest !== undefined && time <= newest) return;
    if (newest !== undefined && time - newest > this.most) this.clear();
    for (let missed = (this.times.at(-1) ?? time - 1) + 1; missed <= time; missed += 1) {
      this.times.push(missed);
      for (const values of this.tracks.values()) values.push(null);
    }
    for (const [key, values] of Object.entries(tracks)) {
      if (!this.tracks.has(key)) this.tracks.set(key, new Array(this.times.length).fill(null));
      this.tracks.get(key)[this.times.length - 1] = values[0];
    }
    const over = this.times.length - this.most;
    if (over <= 0) return;
    this.times.splice(0, over);
    for (const values of this.tracks.values()) values.splice(0, over);
  }

  /** The lines of a panel, with their names. */
  matching(panel) {
    return [...this.tracks].filter(([key]) => key.startsWith(`${panel}.`));
  }

  at(key, i) {
    return this.tracks.get(key)?.[i] ?? null;
  }

  /** The mean of the last points of a track, of those that have a value. */
  recent(key, points = 10) {
    const values = (this.tracks.get(key) ?? []).slice(-points).filter((value) => value !== null);
    return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
  }
}

/** The mean of each point and those before it, where there are any: a second by itself says little. */
function smooth(values, points) {
  let sum = 0;
  let known = 0;
  return values.map((value, i) => {
    if (value !== null) { sum += value; known += 1; }
    const gone = i >= points ? values[i - points] : null;
    if (gone !== null) { sum -= gone; known -= 1; }
    // Taking off what was added leaves a trace of rounding.
    return value === null || known === 0 ? null : (sum < 1e-9 ? 0 : sum / known);
  });
}

/** The lines of a panel as they are now: [{label, colour, values}]. */
function linesOf(panel, data) {
  const rate = panel.unit.startsWith("/") || panel.unit.startsWith("$/") || panel.smooth;
  const calm = (values) => (rate && data.step === 1 ? smooth(values, CALM) : values);
  const scaled = (values) => calm(panel.scale ? values.map((value) => (value === null ? null : value * panel.scale)) : values);
  if (panel.by) {
    const order = Object.keys(panel.colours ?? {});
    const rank = (name) => (order.indexOf(name) + 1 || order.length + 1);
    let spare = 0;
    return data.matching(panel.by)
      .map(([key, values]) => ({ label: key.slice(panel.by.length + 1), values: scaled(values) }))
      .filter((line) => !panel.nonzero || line.values.some((value) => value))
      .sort((a, b) => rank(a.label) - rank(b.label) || a.label.localeCompare(b.label))
      .map((line) => ({ ...line, colour: panel.colours?.[line.label] ?? SPARE[spare++ % SPARE.length] }));
  }
  if (panel.needs && data.matching(panel.needs).length === 0) return [];
  return panel.lines
    .filter((line) => line.of || data.tracks.has(line.key))
    .map((line) => ({
      label: line.label,
      colour: line.colour,
      values: line.of ? line.of(data, (values) => (data.step === 1 ? smooth(values, CALM) : values)) : scaled(data.tracks.get(line.key)),
    }));
}

/** Each line on top of those before it. */
function stacked(lines) {
  const sums = [];
  return lines.map((line) => line.values.map((value, i) => {
    if (value === null) return sums[i] ?? null;
    sums[i] = (sums[i] ?? 0) + value;
    return sums[i];
  }));
}

export class Chart {
  constructor(panel) {
    this.panel = panel;
    this.legend = h("ul", { class: "legend" });
    this.plot = h("div", { class: "plot" });
    this.note = h("p", { class: "quiet" }, panel.quiet ?? "No data yet.");
    this.element = h("section", { class: "card chart", id: panel.id, "aria-label": panel.title },
      h("h3", {}, panel.title), this.legend, this.plot, this.note);
    this.shape = "";
    this.uplot = null;
    this.pointed = null;
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(this.plot);
    charts.add(this);
  }

  end() {
    charts.delete(this);
    this.observer.disconnect();
    this.uplot?.destroy();
  }

  resize() {
    const width = this.plot.clientWidth;
    if (this.uplot && width > 0 && width !== this.uplot.width) this.uplot.setSize({ width, height: this.height() });
  }

  height() {
    return 150;
  }

  update(data) {
    this.lines = linesOf(this.panel, data);
    this.times = data.times;
    const empty = this.lines.length === 0 || data.times.length === 0 ||
      !this.lines.some((line) => line.values.some((value) => value !== null));
    this.note.hidden = !empty;
    this.plot.hidden = empty;
    this.element.toggleAttribute("data-drawn", !empty);
    if (empty) {
      put(this.legend);
      this.shape = "";
      return;
    }
    const shape = this.lines.map((line) => line.label + line.colour).join("\n");
    if (shape !== this.shape || !this.uplot) this.build(shape);
    this.uplot.setData(this.columns());
    this.showValues();
  }

  /** As uPlot wants them: of a stack the highest first, so that the lower are drawn over it. */
  columns() {
    const values = this.panel.stack ? stacked(this.lines).reverse() : this.lines.map((line) => line.values);
    return [this.times, ...values];
  }

  build(shape) {
    this.uplot?.destroy();
    this.shape = shape;
    this.values = this.lines.map((line) => h("span", { class: "value" }));
    put(this.legend, this.lines.map((line, i) =>
      h("li", {}, h("i", { class: `swatch ${line.colour}`, "aria-hidden": "true" }), h("span", {}, line.label), this.values[i])));
    this.uplot = new uPlot(this.options(), this.columns(), this.plot);
  }

  options() {
    const muted = variable("--muted");
    const grid = { stroke: variable("--grid"), width: 1 };
    const font = `11px ${variable("--font")}`;
    const lines = this.panel.stack ? [...this.lines].reverse() : this.lines;
    const series = lines.map((line) => ({
      stroke: variable(`--${line.colour}`),
      width: this.panel.stack ? 1 : 1.5,
      fill: this.panel.stack ? variable(`--${line.colour}-fill`) : undefined,
      points: { show: false },
    }));
    const unit = this.panel.unit;
    return {
      width: Math.max(this.plot.clientWidth, 200),
      height: this.height(),
      padding: [8, 16, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { show: !this.panel.stack, size: 6 },
        sync: { key: "console", setSeries: false },
      },
      scales: {
        x: { range: (_, min, max) => [Math.min(min, max - 59), max] },
        y: { range: (_, min, max) => [0, Math.max(this.panel.top ?? 0, (max || 0) * 1.1, unit === "share" ? 0.01 : 0) || 1] },
      },
      axes: [
        { stroke: muted, font, grid: { show: false }, ticks: { show: false }, size: 24, gap: 4, space: 60,
          incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400],
          values: (_, splits, __, ___, step) => splits.map((time) => this.time(time, step)) },
        { stroke: muted, font, grid, ticks: { show: false }, size: 56, gap: 6, space: 28,
          incrs: this.steps(), values: (_, splits) => splits.map((value) => (value === 0 ? "0" : inUnit(unit, value))) },
      ],
      series: [{}, ...series],
      hooks: {
        setCursor: [(plot) => {
          this.pointed = plot.cursor.idx ?? null;
          this.showValues();
        }],
      },
    };
  }

  /** Steps of the value axis that are round in the panel's unit. */
  steps() {
    const steps = [];
    if (this.panel.unit === "bytes") {
      for (let size = 1; size < 2 ** 50; size *= 2) steps.push(size);
      return steps;
    }
    for (let size = 1e-7; size < 1e12; size *= 10) steps.push(size, 2 * size, 5 * size);
    return steps;
  }

  time(time, step) {
    const text = new Date(time * 1000).toLocaleTimeString("en-GB");
    return step < 60 ? text : text.slice(0, 5);
  }

  showValues() {
    const i = this.pointed ?? this.newest();
    const parts = this.lines.map((line, at) => {
      const text = inUnit(this.panel.unit, line.values[i] ?? null);
      if (this.values[at]) say(this.values[at], text);
      return `${line.label} ${text}`;
    });
    if (this.pointed === null) this.plot.setAttribute("aria-label", `Chart, now: ${parts.join(", ")}`);
    this.plot.setAttribute("role", "img");
  }

  /** The last point where any line has a value: of the newest second there may be none. */
  newest() {
    for (let i = this.times.length - 1; i > 0; i -= 1) {
      if (this.lines.some((line) => (line.values[i] ?? null) !== null)) return i;
    }
    return 0;
  }
}

// Colours are painted, not styled: another mode wants them painted again.
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of charts) if (chart.uplot) chart.build(chart.shape);
});
