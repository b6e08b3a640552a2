// The slowest and the failed traces, and one as a waterfall.
import * as api from "./api.js";
import { h, put } from "./dom.js";
import * as format from "./format.js";
import { fields, sentryOff, traceRow } from "./rows.js";

function traceList(title, note, traces, now, empty) {
  const longest = Math.max(0, ...traces.map((trace) => trace.seconds));
  return h("section", { class: "group" }, h("h3", {}, title), h("p", { class: "note" }, note),
    traces.length === 0 ? h("p", { class: "card empty" }, empty)
      : h("ul", { class: "card rows" }, traces.map((trace) => traceRow(trace, now, longest))));
}

export class Traces {
  constructor(app) {
    this.app = app;
    this.body = h("div");
  }

  mount(root) {
    put(root, h("div", { class: "heading" }, h("h2", {}, "Traces"),
      h("p", { class: "note" }, "Of the sampled ones. Open one to see where its time went.")), this.body);
  }

  unmount() {}

  update() {
    const { traces, now } = this.app;
    const off = sentryOff(this.app);
    if (off) {
      put(this.body, off);
      return;
    }
    const key = JSON.stringify(traces) + Math.floor(now / 5);
    if (key === this.key) return;
    this.key = key;
    const focused = document.activeElement?.getAttribute?.("href");
    put(this.body,
      traceList("Failed", "The last that ended in an error of the service.", traces.failed, now, "None has failed."),
      traceList("Slowest", "Of the last 15 minutes, at most five of a name.", traces.slow, now, "No trace yet."));
    if (focused) this.body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

/** Spans as a tree, in the order of time: [{span, depth}]. */
function tree(root, spans) {
  const children = new Map();
  const known = new Set([root, ...spans.map((span) => span.span_id)]);
  for (const span of spans) {
    const parent = known.has(span.parent_span_id) && span.parent_span_id !== span.span_id ? span.parent_span_id : root;
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  const rows = [];
  const seen = new Set();
  const visit = (id, depth) => {
    const below = (children.get(id) ?? []).sort((a, b) => a.start_timestamp - b.start_timestamp);
    for (const span of below) {
      if (seen.has(span.span_id)) continue;
      seen.add(span.span_id);
      rows.push({ span, depth });
      visit(span.span_id, depth + 1);
    }
  };
  visit(root, 1);
  return rows;
}

function colourOf(op = "") {
  if (op.startsWith("db")) return "violet";
  if (op.startsWith("cache")) return "green";
  if (op.startsWith("gen_ai")) return "amber";
  if (op.startsWith("http.client")) return "pink";
  return op.startsWith("http") ? "blue" : "cyan";
}

function spanRow(span, depth, begin, length) {
  const start = span.start_timestamp - begin;
  const lasts = span.timestamp - span.start_timestamp;
  const failed = span.status && span.status !== "ok";
  const bar = h("span", { class: `bar ${failed ? "red" : colourOf(span.op)}` });
  bar.style.left = `${Math.min(99.5, Math.max(0, (start / length) * 100))}%`;
  bar.style.width = `${Math.max(0.4, Math.min(100, (lasts / length) * 100))}%`;
  const label = h("span", { class: "label" }, h("span", { class: "op" }, span.op || "span"), " ", span.description ?? "");
  label.style.paddingInlineStart = `${Math.min(depth, 8) * 12}px`;
  return h("li", {}, h("details", {},
    h("summary", {}, label, h("span", { class: "time" }, h("span", { class: "lane", "aria-hidden": "true" }, bar)),
      h("span", { class: "number" }, format.seconds(lasts))),
    fields([["Status", span.status], ["Begins after", format.seconds(start)], ["Span", span.span_id],
      ...Object.entries(span.data ?? {})])));
}

export class TraceDetail {
  constructor(app, id) {
    this.app = app;
    this.id = id;
    this.body = h("div", {}, h("p", { class: "empty" }, "Loading…"));
  }

  async mount(root) {
    put(root, this.body);
    try {
      this.show(await api.get("trace", { id: this.id }));
    } catch (problem) {
      if (problem instanceof api.NeedsKey) this.app.askForKey(problem.message);
      put(this.body, h("div", { class: "heading" }, h("h2", {}, "Trace")), h("p", { class: "card empty" }, problem.message));
    }
  }

  unmount() {}
  update() {}

  show({ trace, errors, event }) {
    const context = event?.contexts?.trace ?? {};
    const begin = event?.start_timestamp ?? trace.time;
    const length = Math.max(trace.seconds, 1e-9);
    const whole = event && { op: context.op, description: event.transaction, status: context.status, span_id: context.span_id,
      start_timestamp: event.start_timestamp, timestamp: event.timestamp, data: context.data };
    const rows = event ? [spanRow(whole, 0, begin, length),
      ...tree(context.span_id, event.spans ?? []).map(({ span, depth }) => spanRow(span, depth, begin, length))] : [];
    put(this.body,
      h("div", { class: "heading" },
        h("p", { class: "crumb" }, h("a", { href: "#/traces" }, "Traces")),
        h("h2", {}, trace.title),
        h("p", { class: "lead" }, `${format.seconds(trace.seconds)}, ${(trace.status ?? "unset").replaceAll("_", " ")}, ${format.dateTime(trace.time)}`)),
      h("div", { class: "detail" },
        h("section", { class: "card" },
          h("div", { class: "scale", "aria-hidden": "true" }, [0, 0.25, 0.5, 0.75, 1].map((part) => h("span", {}, format.seconds(part * length)))),
          rows.length ? h("ol", { class: "waterfall", id: "waterfall" }, rows) : h("p", { class: "empty" }, "This trace was too large to keep.")),
        h("aside", { "aria-label": "Facts" },
          h("section", { class: "card" }, h("h3", {}, "Facts"), fields([
            ["Request id", trace.request_id && h("a", { href: `#/search/${encodeURIComponent(trace.request_id)}` }, trace.request_id)],
            ["Trace", trace.trace], ["Status", trace.status], ["Spans", String(trace.spans)],
            ["User", event?.user?.id], ["Release", event?.release]])),
          errors.length ? h("section", { class: "card" }, h("h3", {}, "Errors of this trace"),
            h("ul", { class: "others" }, errors.map((error) => h("li", {}, h("a", { href: `#/error/${error.id}` }, error.title), " ",
              h("span", { class: "note" }, error.text ?? ""))))) : null,
          event?.tags ? h("section", { class: "card" }, h("h3", {}, "Tags"), fields(Object.entries(event.tags))) : null)));
  }
}
