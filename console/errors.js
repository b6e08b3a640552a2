// The last errors, by group, and one of them with its stack.
import * as api from "./api.js";
import { h, put } from "./dom.js";
import * as format from "./format.js";
import { errorRow, fields, lists, sentryOff } from "./rows.js";

export class Errors {
  constructor(app) {
    this.app = app;
    this.body = h("div");
  }

  mount(root) {
    put(root, h("div", { class: "heading" }, h("h2", {}, "Errors"),
      h("p", { class: "note" }, "Grouped by fingerprint, seen last first.")), this.body);
  }

  unmount() {}

  update() {
    const { errors, now } = this.app;
    const off = sentryOff(this.app);
    if (off) {
      put(this.body, off);
      return;
    }
    // Only what is there changes with every second.
    const key = JSON.stringify(errors) + Math.floor(now / 5);
    if (key === this.key) return;
    this.key = key;
    const focused = document.activeElement?.getAttribute?.("href");
    put(this.body, errors.length === 0
      ? h("p", { class: "card empty" }, "No error yet.")
      : h("ul", { class: "card rows", id: "error-list" }, errors.map((error) =>
        errorRow(error, now, [h("span", { class: "count", title: "times seen" }, `${format.count(error.count)}×`)]))));
    if (focused) this.body.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
}

function source(frame) {
  if (frame.context_line === undefined) return null;
  const first = (frame.lineno ?? 1) - (frame.pre_context?.length ?? 0);
  const lines = [...(frame.pre_context ?? []), frame.context_line, ...(frame.post_context ?? [])];
  return h("pre", { class: "source", tabindex: "0", "aria-label": "Source" }, lines.map((line, i) => h("code", {
    class: first + i === frame.lineno ? "here" : null }, h("span", { class: "line" }, first + i), line, "\n")));
}

function frameRow(frame, open) {
  const place = frame.filename ? `${frame.filename}${frame.lineno ? `:${frame.lineno}` : ""}` : (frame.package ?? "").split("/").at(-1);
  const head = [h("span", { class: "function" }, frame.function || frame.instruction_addr), h("span", { class: "place" }, place)];
  const code = source(frame);
  const name = frame.in_app ? "frame own" : "frame";
  return code
    ? h("li", { class: name }, h("details", { open }, h("summary", {}, ...head), code))
    : h("li", { class: name }, h("div", { class: "bare" }, ...head));
}

/** One exception of the chain: the throwing line first, runs of others' frames folded. */
function stack(exception, i, said) {
  const frames = [...(exception.stacktrace?.frames ?? [])].reverse();
  const rows = [];
  let opened = false;
  for (let at = 0; at < frames.length;) {
    let end = at;
    while (end < frames.length && !frames[end].in_app) end += 1;
    if (end - at > 2 && at > 0) {
      rows.push(h("li", { class: "fold" }, h("details", {}, h("summary", {}, `${end - at} frames of libraries`),
        h("ol", { class: "frames" }, frames.slice(at, end).map((frame) => frameRow(frame, false))))));
      at = end;
      continue;
    }
    const open = frames[at].in_app && !opened;
    opened = opened || open;
    rows.push(frameRow(frames[at], open));
    at += 1;
  }
  return h("section", { class: "card" },
    // What was captured is in the page's head already, unless it was cut there.
    i > 0 ? h("h3", { class: "exception" }, h("span", { class: "note" }, "caused by "), exception.type) : h("h3", {}, "Where it was thrown"),
    i > 0 || exception.value !== said ? h("p", { class: "text" }, exception.value || "(without words)") : null,
    rows.length ? h("ol", { class: "frames", "aria-label": "Stack, the throwing line first" }, rows)
      : h("p", { class: "note" }, "No stack was taken."));
}

function breadcrumbs(event) {
  const crumbs = event.breadcrumbs?.values ?? [];
  if (crumbs.length === 0) return null;
  return h("section", { class: "card" }, h("h3", {}, "Breadcrumbs"),
    h("ol", { class: "crumbs" }, crumbs.map((crumb) => h("li", {},
      h("time", {}, format.clock(crumb.timestamp)),
      h("span", { class: `badge ${crumb.level ?? "info"}` }, crumb.category ?? crumb.type ?? "log"),
      h("span", {}, crumb.message ?? "", " ",
        Object.entries(crumb.data ?? {}).map(([key, value]) => h("span", { class: "datum" }, `${key}=${value} `)))))));
}

export class ErrorDetail {
  constructor(app, params) {
    this.app = app;
    this.params = params;
    this.body = h("div", {}, h("p", { class: "empty" }, "Loading…"));
  }

  async mount(root) {
    put(root, this.body);
    try {
      this.show(await api.get("error", this.params));
    } catch (problem) {
      if (problem instanceof api.NeedsKey) this.app.askForKey(problem.message);
      put(this.body, h("div", { class: "heading" }, h("h2", {}, "Error")), h("p", { class: "card empty" }, problem.message));
    }
  }

  unmount() {}
  update() {}

  show(found) {
    const { group, event } = found;
    const chain = [...(event?.exception?.values ?? [])].reverse();
    const shown = found.others.find((other) => other.id === found.shown) ?? group;
    const facts = [
      ["Request id", shown.request_id && h("a", { href: `#/search/${encodeURIComponent(shown.request_id)}` }, shown.request_id)],
      ["Trace", shown.trace && (found.trace_kept ? h("a", { href: `#/traces/${shown.trace}` }, shown.trace) : `${shown.trace} (not kept)`)],
      ["Transaction", shown.name], ["When", format.dateTime(shown.time)],
      ["Seen", `${format.count(group.count)}×, first ${format.dateTime(group.first)}, last ${format.dateTime(group.last)}`],
      ["User", event?.user?.id], ["Release", event?.release], ["Handled", shown.handled ? "yes" : "no"],
      ["Event", shown.id],
    ];
    put(this.body,
      h("div", { class: "heading" },
        h("p", { class: "crumb" }, h("a", { href: "#/errors" }, "Errors")),
        h("h2", {}, group.title), h("p", { class: "lead" }, shown.text ?? group.text ?? "")),
      h("div", { class: "detail" },
        h("div", {},
          event === null ? h("p", { class: "card empty" }, "This event was too large to keep.") : null,
          event?.logentry ? h("section", { class: "card" }, h("h3", {}, "Message"), h("p", { class: "text" }, event.logentry.formatted ?? "")) : null,
          chain.map((exception, i) => stack(exception, i, shown.text ?? "")),
          event ? breadcrumbs(event) : null),
        h("aside", { "aria-label": "Facts" },
          h("section", { class: "card" }, h("h3", {}, "Facts"), fields(facts)),
          event?.tags ? h("section", { class: "card" }, h("h3", {}, "Tags"), fields(Object.entries(event.tags))) : null,
          event?.request ? h("section", { class: "card" }, h("h3", {}, "Request"),
            fields([["Method", event.request.method], ["URL", event.request.url], ["Query", event.request.query_string],
              ...Object.entries(event.request.headers ?? {})])) : null,
          found.others.length > 1 ? h("section", { class: "card" }, h("h3", {}, "The last of this group"),
            h("ul", { class: "others" }, found.others.map((other) => h("li", {},
              h("a", { href: `#/error/${other.id}`, "aria-current": other.id === found.shown ? "true" : null },
                format.clock(other.time)), " ", h("span", { class: "note" }, other.request_id ?? ""))))) : null,
          lists(event?.extra, "Extra"))));
  }
}
