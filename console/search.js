// What is kept of an id.
import * as api from "./api.js";
import { h, put } from "./dom.js";
import { errorRow, sentryOff, traceRow } from "./rows.js";

export class Search {
  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.body = h("div", {}, h("p", { class: "empty" }, "Searching…"));
  }

  async mount(root) {
    put(root, h("div", { class: "heading" }, h("h2", {}, "Search"), h("p", { class: "lead" }, h("code", {}, this.id))), this.body);
    try {
      const found = await api.get("search", { id: this.id });
      const now = this.app.now;
      const off = sentryOff(this.app);
      const longest = Math.max(0, ...found.traces.map((trace) => trace.seconds));
      put(this.body, off,
        off || found.errors.length + found.traces.length > 0 ? null : h("p", { class: "card empty" },
          "Nothing of this id is kept. Whole request, trace and event ids are found, of the last errors and of sampled traces."),
        found.errors.length ? [h("h3", {}, "Errors"), h("ul", { class: "card rows", id: "found-errors" }, found.errors.map((error) => errorRow(error, now)))] : null,
        found.traces.length ? [h("h3", {}, "Traces"), h("ul", { class: "card rows", id: "found-traces" },
          found.traces.map((trace) => traceRow(trace, now, longest)))] : null);
    } catch (problem) {
      if (problem instanceof api.NeedsKey) this.app.askForKey(problem.message);
      put(this.body, h("p", { class: "card empty" }, problem.message));
    }
  }

  unmount() {}
  update() {}
}
