// How the monitoring itself is.
import * as api from "./api.js";
import { Chart } from "./charts.js";
import { h, put, say } from "./dom.js";
import * as format from "./format.js";
import { MONITORING } from "./panels.js";
import { fields } from "./rows.js";

const EVERY = 5000;

export class Monitoring {
  constructor(app) {
    this.app = app;
    this.charts = MONITORING.map((panel) => new Chart(panel));
    this.facts = h("div", { class: "grid panels-3" });
    this.familyNote = h("p", { class: "note" });
    this.familyRows = h("tbody");
    this.families = h("section", { class: "card table", id: "families", hidden: true }, h("h3", {}, "Series by family"),
      this.familyNote,
      h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Series by family" },
        h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Family"),
          h("th", { scope: "col", class: "number" }, "Series"), h("th", { scope: "col", class: "number" }, "Overflows"))),
        this.familyRows)));
  }

  mount(root) {
    put(root, h("div", { class: "heading" }, h("h2", {}, "Monitoring"),
      h("p", { class: "note" }, "What the monitoring says of itself.")),
    this.facts,
    h("section", { class: "group" }, h("div", { class: "grid panels-4" }, this.charts.map((chart) => chart.element))),
    this.families);
    this.load();
    this.timer = setInterval(() => this.load(), EVERY);
  }

  unmount() {
    clearInterval(this.timer);
    for (const chart of this.charts) chart.end();
  }

  update() {
    for (const chart of this.charts) chart.update(this.app.data);
  }

  async load() {
    try {
      this.show(await api.get("health"));
    } catch (problem) {
      if (problem instanceof api.NeedsKey) this.app.askForKey(problem.message);
    }
  }

  show(health) {
    const { ring } = health;
    const lost = health.outcomes.filter((row) => !["sent", "sampled", "before_send"].includes(row.outcome));
    const lostCount = lost.reduce((sum, row) => sum + row.count, 0);
    const full = health.families.filter((family) => family.overflows > 0);
    const otlpLost = health.otlp.outcomes.filter((row) => row.outcome !== "sent");
    put(this.facts,
      h("section", { class: "card" }, h("h3", {}, "Sentry"),
        health.sentry ? fields([
          ["Waiting", `${format.count(health.queue_depth)} in the queue, ${format.bytes(health.spool_bytes)} on disk`],
          ["Lost", lostCount === 0 ? "nothing" : h("span", { class: "bad" },
            lost.map((row) => `${format.count(row.count)} ${row.category} (${row.outcome.replaceAll("_", " ")})`).join(", "))],
          ...health.outcomes.filter((row) => row.outcome === "sent").map((row) => [`Sent, ${row.category.replace("_item", "")}`, format.count(row.count)])])
          : h("p", { class: "note" }, "Off: no errors or traces are sent or kept.")),
      health.otlp.on && h("section", { class: "card" }, h("h3", {}, "OpenTelemetry"), fields([
        ["Lost", otlpLost.length === 0 ? "nothing" : h("span", { class: "bad" },
          otlpLost.map((row) => `${format.count(row.count)} ${row.signal} (${row.outcome.replaceAll("_", " ")})`).join(", "))],
        ...health.otlp.outcomes.filter((row) => row.outcome === "sent").map((row) => [`Sent, ${row.signal}`, format.count(row.count)])])),
      h("section", { class: "card" }, h("h3", {}, "Metrics"),
        health.metrics ? fields([
          ["Series", format.count(health.families.reduce((sum, family) => sum + family.series, 0))],
          ["Families", format.count(health.families.length)],
          ["Overflowing", full.length === 0 ? "none" : h("span", { class: "bad" }, full.map((family) => family.name).join(", "))]])
          : h("p", { class: "note" }, "Off: nothing is counted.")),
      h("section", { class: "card" }, h("h3", {}, "Console"), fields([
        ring && ["Series kept", ring.not_kept ? h("span", { class: "bad" }, `${ring.series}; ${ring.not_kept} found no room`) : format.count(ring.series)],
        ring && ["Memory", `${format.bytes(ring.bytes)} of ${format.bytes(ring.budget)}`],
        ring && ["Last sample took", format.seconds(ring.sample_seconds)],
        health.store_bytes !== undefined && ["Errors and traces", format.bytes(health.store_bytes)],
        ["Viewers", `${health.viewers} of ${health.max_viewers}`],
        ["vitals", `${health.build.version} (${health.build.revision.slice(0, 12)}, ${health.build.compiler})`]].filter(Boolean))));
    const rows = [...health.families].sort((a, b) => b.overflows - a.overflows || b.series - a.series || a.name.localeCompare(b.name));
    this.families.hidden = rows.length === 0;
    say(this.familyNote, full.length === 0 ? "No family has reached its limit."
      : "A family that is full counts new label sets under (other).");
    put(this.familyRows, rows.map((family) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, family.name)),
      h("td", { class: "number" }, format.count(family.series)),
      h("td", { class: `number ${family.overflows ? "bad" : "nil"}` }, format.count(family.overflows)))));
  }
}
