// The overview: figures, charts, endpoints, journeys.
import { Chart } from "./charts.js";
import { h, put, say } from "./dom.js";
import * as format from "./format.js";
import { SECTIONS } from "./panels.js";

const COLUMNS = ["Requests", "Rate", "4xx", "5xx", "p50", "p95", "p99"];

function tile(title) {
  const value = h("p", { class: "figure" }, "–");
  const note = h("p", { class: "note" });
  const element = h("div", { class: "card tile" }, h("h3", {}, title), value, note);
  return {
    element,
    show(text, more = "", tone = "") {
      say(value, text);
      say(note, more);
      element.dataset.tone = tone;
    },
  };
}

export class Overview {
  constructor(app) {
    this.app = app;
    this.tiles = {
      requests: tile("Requests"), errors: tile("Server errors"), latency: tile("p95 latency"),
      active: tile("In progress"), pool: tile("Database pool"), memory: tile("Memory"),
    };
    this.charts = [];
    this.endpoints = h("tbody");
    this.endpointNote = h("p", { class: "note" });
    this.journeys = h("div", { class: "funnels" });
    this.filter = h("p", { class: "filter", hidden: true });
    this.rows = "";
    this.filtered = null;
  }

  mount(root) {
    const parts = [];
    for (const section of SECTIONS) {
      const charts = section.panels.map((panel) => new Chart(panel));
      this.charts.push(...charts);
      const element = h("section", { class: "group", id: section.id, "aria-labelledby": `${section.id}-title` },
        h("h2", { id: `${section.id}-title` }, section.title),
        section.id === "http" ? this.filter : null,
        h("div", { class: `grid panels-${section.panels.length}` }, charts.map((chart) => chart.element)),
        section.id === "http" ? this.endpointTable() : null);
      if (section.optional) this.optional = { element, track: section.optional };
      parts.push(element);
      if (section.id === "agent") {
        parts.push(h("section", { class: "group", id: "journeys", "aria-labelledby": "journeys-title" },
          h("h2", { id: "journeys-title" }, "Journeys"), this.journeys));
      }
    }
    this.off = h("p", { class: "card empty", hidden: true },
      "Metrics are off: there is nothing to draw. Errors and traces are on their own pages.");
    this.body = h("div", {}, h("div", { class: "tiles" }, Object.values(this.tiles).map((one) => one.element)), parts);
    put(root, h("div", { class: "heading" }, h("h2", { class: "hidden" }, "Overview"), this.windows()), this.off, this.body);
  }

  windows() {
    const choice = (window, text) => h("label", {},
      h("input", { type: "radio", name: "window", value: window, checked: this.app.window === window,
        onchange: () => this.app.setWindow(window) }), h("span", {}, text));
    return h("fieldset", { class: "windows" }, h("legend", { class: "hidden" }, "Time span"),
      choice("15m", "15 minutes"), choice("24h", "24 hours"));
  }

  endpointTable() {
    return h("div", { class: "card table", id: "endpoints" },
      h("h3", {}, "Endpoints"), this.endpointNote,
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Endpoints" },
        h("table", {},
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Endpoint"),
            COLUMNS.map((name) => h("th", { scope: "col", class: "number" }, name)))),
          this.endpoints)));
  }

  unmount() {
    for (const chart of this.charts) chart.end();
  }

  update() {
    const { data, overview, flags } = this.app;
    this.off.hidden = flags.metrics;
    this.body.hidden = !flags.metrics;
    if (!flags.metrics) return;
    if (this.optional) this.optional.element.hidden = data.matching(this.optional.track).length === 0;
    for (const chart of this.charts) chart.update(data);
    this.showTiles();
    this.showEndpoints(overview.endpoints);
    this.showJourneys(overview.journeys ?? []);
    this.showFilter();
  }

  showFilter() {
    const { filter } = this.app;
    if (filter === this.filtered) return;
    this.filtered = filter;
    this.filter.hidden = !filter;
    put(this.filter, filter && ["Charts of ", h("code", {}, `${filter.method} ${filter.endpoint}`), " alone ",
      h("button", { type: "button", onclick: () => this.app.setFilter(null) }, "Show all")]);
  }

  showTiles() {
    const live = this.app.liveData;
    const rates = live.matching("http.status").map(([key]) => [key, live.recent(key) ?? 0]);
    const total = rates.reduce((sum, [, rate]) => sum + rate, 0);
    const failed = live.recent("http.status.5xx") ?? 0;
    const none = rates.length === 0;
    this.tiles.requests.show(none ? "–" : format.inUnit("/s", total), "mean of 10 s");
    const part = total > 0 ? failed / total : 0;
    this.tiles.errors.show(none ? "–" : format.percent(part), "of requests, 10 s", part >= 0.05 ? "bad" : part > 0 ? "odd" : "");
    this.tiles.latency.show(format.seconds(live.last("http.latency.p95")), `p99 ${format.seconds(live.last("http.latency.p99"))}`);
    this.tiles.active.show(format.count(live.last("http.active")), "requests now");
    const size = live.last("pool.size");
    const free = live.last("pool.available");
    this.tiles.pool.show(free === null ? "–" : `${free} free`, size === null ? "" : `of ${size} connections`,
      size > 0 && free === 0 ? "bad" : "");
    const started = this.app.overview.started;
    this.tiles.memory.show(format.bytes(live.last("process.memory")),
      started ? `up ${format.span(this.app.now - started)}` : "");
  }

  showEndpoints(table) {
    if (!table) return;
    const text = JSON.stringify([table, this.app.filter, this.app.window]);
    if (text === this.rows) return;
    this.rows = text;
    say(this.endpointNote, table.rows.length === 0 ? "No request yet."
      : `Over ${this.app.window === "24h" ? "24 hours" : "15 minutes"}, the busiest first.` +
        (table.left_out ? ` ${table.left_out} more are not shown.` : ""));
    const focused = document.activeElement?.dataset?.endpoint;
    put(this.endpoints, table.rows.map((row) => {
      const name = `${row.method} ${row.endpoint}`;
      const chosen = this.app.filter && name === `${this.app.filter.method} ${this.app.filter.endpoint}`;
      return h("tr", { "data-chosen": chosen },
        h("th", { scope: "row" }, h("button", { type: "button", class: "link", "data-endpoint": name, "aria-pressed": String(Boolean(chosen)),
          title: "Charts of this endpoint alone",
          onclick: () => this.app.setFilter(chosen ? null : { method: row.method, endpoint: row.endpoint }) },
        h("span", { class: "method" }, row.method), " ", row.endpoint)),
        [format.count(row.requests), format.inUnit("/s", row.requests / Math.max(1, table.seconds)),
          format.count(row.c4), format.count(row.c5),
          format.seconds(row.p50), format.seconds(row.p95), format.seconds(row.p99)].map((text, i) => h("td", {
          class: `number ${i === 2 ? (row.c4 ? "odd" : "nil") : i === 3 ? (row.c5 ? "bad" : "nil") : ""}`,
          "data-name": COLUMNS[i] }, text)));
    }));
    if (focused) this.endpoints.querySelector(`[data-endpoint="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  showJourneys(rows) {
    const text = JSON.stringify(rows);
    if (text === this.journeyText) return;
    this.journeyText = text;
    const byName = Map.groupBy ? Map.groupBy(rows, (row) => row.journey) : group(rows);
    if (byName.size === 0) {
      put(this.journeys, h("p", { class: "card empty" }, "Nobody has begun a journey."));
      return;
    }
    put(this.journeys, [...byName].map(([journey, steps]) => {
      const sorted = [...steps].sort((a, b) => b.total - a.total);
      const most = Math.max(1, sorted[0].total);
      return h("div", { class: "card funnel" }, h("h3", {}, journey),
        h("ol", {}, sorted.map((step, i) => {
          const bar = h("span", { class: "bar", "aria-hidden": "true" });
          bar.style.width = `${Math.max(0.5, (step.total / most) * 100)}%`;
          const before = i > 0 ? sorted[i - 1].total : 0;
          return h("li", {},
            h("span", { class: "step" }, step.step),
            h("span", { class: "track" }, bar),
            h("span", { class: "number" }, format.count(step.total)),
            h("span", { class: "number note" }, i === 0 ? "" : format.percent(step.total / Math.max(1, before))));
        })),
        h("p", { class: "note" }, "Users since the process began, and the share of the step before."));
    }));
  }
}

function group(rows) {
  const byName = new Map();
  for (const row of rows) byName.set(row.journey, [...(byName.get(row.journey) ?? []), row]);
  return byName;
}
