// What a PromQL expression asks for, by Prometheus' own grammar: which metrics, which labels, and whether they are there.
import { parser } from "@prometheus-io/lezer-promql";

/** The labels that every scraped series has beside its own. */
const kTarget = ["job", "instance"];

/** Series that Prometheus and Alertmanager make themselves. An empty list of labels means: only the target's. */
const kForeign = {
  up: [],
  scrape_duration_seconds: [],
  scrape_samples_scraped: [],
  prometheus_rule_group_last_duration_seconds: ["rule_group"],
  prometheus_remote_storage_samples_pending: ["remote_name", "url"],
  prometheus_remote_storage_samples_failed_total: ["remote_name", "url"],
  prometheus_notifications_dropped_total: [],
  alertmanager_notifications_failed_total: ["integration"],
};

const union = (...sets) => new Set(sets.flatMap((set) => [...set]));

/**
 * Checks expressions against the metrics that are known: the code's (metrics.json), those that rules record, and Prometheus' own.
 * `check` gives the labels that the result may have, and throws with the reason when a metric or a label is not there.
 */
export class Checker {
  #known = new Map();
  /** The code's metrics that were asked for. */
  used = new Set();

  constructor(metrics, rules = []) {
    for (const [name, { type, labels }] of Object.entries(metrics)) {
      const own = new Set([...kTarget, ...labels]);
      if (type === "histogram") {
        this.#known.set(`${name}_bucket`, union(own, ["le"]));
        this.#known.set(`${name}_count`, own);
        this.#known.set(`${name}_sum`, own);
      } else {
        this.#known.set(name, own);
      }
    }
    for (const [name, labels] of Object.entries(kForeign)) this.#known.set(name, new Set([...kTarget, ...labels]));
    // In their order: a rule may ask for what an earlier one records.
    for (const rule of rules.filter((rule) => rule.record)) this.#known.set(rule.record, this.check(rule.expr));
    const alerts = new Set(["alertname", "alertstate", "severity"]);
    for (const rule of rules.filter((rule) => rule.alert)) {
      for (const label of union(this.check(rule.expr), Object.keys(rule.labels ?? {}))) alerts.add(label);
    }
    this.#known.set("ALERTS", alerts);
  }

  check(expr) {
    const source = String(expr);
    const tree = parser.parse(source);
    tree.iterate({
      enter: (node) => {
        if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${source}`);
      },
    });
    return this.#labels(tree.topNode.firstChild, source);
  }

  #labels(node, source) {
    const of = (inner) => this.#labels(inner, source);
    const words = (inner) => inner.getChildren("LabelName").map((label) => source.slice(label.from, label.to));
    const need = (labels, there, what) => {
      for (const label of labels) {
        if (!there.has(label)) throw new Error(`${what} has no label ${label}: ${source}`);
      }
    };
    const inside = (name) => children(node.getChild(name)).map(of);

    switch (node.name) {
      case "VectorSelector": {
        const identifier = node.getChild("Identifier");
        const name = identifier && source.slice(identifier.from, identifier.to);
        const labels = this.#known.get(name);
        if (!labels) throw new Error(`no such metric: ${name} in ${source}`);
        this.used.add(name);
        const matchers = node.getChild("LabelMatchers");
        for (const matcher of matchers?.getChildren("UnquotedLabelMatcher") ?? []) need(words(matcher), labels, name);
        return labels;
      }
      case "AggregateExpr": {
        const there = union(...inside("FunctionCallBody"));
        const modifier = node.getChild("AggregateModifier");
        if (!modifier) return /Topk|Bottomk/.test(node.getChild("AggregateOp").firstChild.name) ? there : new Set();
        const named = words(modifier.getChild("GroupingLabels"));
        need(named, there, source.slice(node.from, node.to));
        return modifier.getChild("By") ? new Set(named) : new Set([...there].filter((label) => !named.includes(label)));
      }
      case "FunctionCall": {
        const arguments_ = inside("FunctionCallBody");
        const call = source.slice(node.from, node.to);
        switch (node.getChild("FunctionIdentifier").firstChild.name) {
          case "HistogramQuantile":
            need(["le"], arguments_[1], call);
            return new Set([...arguments_[1]].filter((label) => label !== "le"));
          case "Scalar":
          case "Vector":
            return new Set();
          default:
            return union(...arguments_);
        }
      }
      case "BinaryExpr": {
        const [left, right] = [of(node.firstChild), of(node.lastChild)];
        const leftCall = node.firstChild.getChild("FunctionIdentifier")?.firstChild.name;
        if (leftCall === "Vector" && !["And", "Or", "Unless"].some((word) => node.getChild(word))) {
          throw new Error(`\`or\` binds less than what follows vector(): ${source}`);
        }
        const clause = node.getChild("MatchingModifierClause");
        if (clause?.getChild("On")) {
          const [on, include] = clause.getChildren("GroupingLabels");
          need(words(on), left, "the left side");
          need(words(on), right, "the right side");
          if (include) return union(left, words(include));
        }
        return node.getChild("Or") ? union(left, right) : left.size ? left : right;
      }
      case "NumberDurationLiteral":
      case "StringLiteral":
        return new Set();
      case "ParenExpr":
      case "MatrixSelector":
      case "SubqueryExpr":
      case "OffsetExpr":
      case "UnaryExpr":
        return of(children(node).find((child) => child.name !== "UnaryOp"));
      default:
        throw new Error(`not understood: ${node.name} in ${source}`);
    }
  }
}

function children(node) {
  const all = [];
  for (let child = node?.firstChild; child; child = child.nextSibling) all.push(child);
  return all;
}

/** The expression with every duration in it divided: rate(a[5m]) by 60 is rate(a[5s]). */
export function quicken(expr, factor) {
  const source = String(expr);
  let result = "";
  let end = 0;
  parser.parse(source).iterate({
    enter(node) {
      if (node.name !== "NumberDurationLiteralInDurationContext") return;
      result += source.slice(end, node.from) + duration(seconds(source.slice(node.from, node.to)) / factor);
      end = node.to;
    },
  });
  return result + source.slice(end);
}

const kUnits = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };
/** 1h30m in seconds. */
export const seconds = (text) => [...String(text).matchAll(/(\d+)(ms|[smhdw])/g)].reduce((sum, [, n, unit]) => sum + n * kUnits[unit], 0);
export const duration = (s) => `${Math.max(1, Math.round(s * 1000))}ms`;
