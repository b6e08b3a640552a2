// What several pages show in the same way: a row for an error or a trace, names with their values.
import { h } from "./dom.js";
import * as format from "./format.js";

export function sentryOff(app) {
  if (app.flags.sentry) return null;
  return h("p", { class: "card empty" }, "Sentry is off: no errors or traces are kept. They appear here once the service runs with a Sentry client.");
}

/** Names and values; those without one are left out. */
export function fields(entries) {
  return h("dl", { class: "fields" }, entries.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false)
    .map(([name, value]) => [h("dt", {}, name), h("dd", {}, value instanceof Node ? value : String(value))]));
}

export function lists(object, title) {
  if (!object || Object.keys(object).length === 0) return null;
  return h("section", { class: "card" }, h("h3", {}, title), fields(Object.entries(object)));
}

export function errorRow(error, now, extra = []) {
  return h("li", {}, h("a", { class: "row", href: error.group ? `#/errors/${error.group}` : `#/error/${error.id}` },
    h("span", { class: `badge ${error.level ?? ""}` }, error.level ?? "error"),
    h("span", { class: "what" },
      h("strong", {}, error.title), " ", h("span", { class: "text" }, error.text ?? ""),
      h("span", { class: "where" }, [error.culprit, error.name].filter(Boolean).join(" · "))),
    ...extra,
    h("span", { class: "when" }, format.ago(error.last ?? error.time, now))));
}

export function traceRow(trace, now, longest) {
  const bar = h("span", { class: `bar ${trace.failed ? "failed" : ""}` });
  bar.style.width = `${Math.max(0.5, (trace.seconds / Math.max(longest, 1e-9)) * 100)}%`;
  return h("li", {}, h("a", { class: "row trace", href: `#/traces/${trace.id}` },
    h("span", { class: `badge ${trace.failed ? "error" : trace.status === "ok" ? "info" : "warning"}` }, (trace.status ?? "unset").replaceAll("_", " ")),
    h("span", { class: "what" }, h("strong", {}, trace.title),
      h("span", { class: "where" }, [`${trace.spans} spans`, trace.request_id].filter(Boolean).join(" · "))),
    h("span", { class: "track", "aria-hidden": "true" }, bar),
    h("span", { class: "number" }, format.seconds(trace.seconds)),
    h("span", { class: "when" }, format.ago(trace.time, now))));
}
