// Every PromQL expression of dashboards, rules and guides asks for metrics and labels that the code has.
import assert from "node:assert/strict";
import { test } from "node:test";
import { blocks, dashboards, queries, rules, text } from "./files.mjs";
import { Checker } from "./promql.mjs";

const metrics = JSON.parse(text("tests/deploy/metrics.json"));
const checker = new Checker(metrics, rules());

for (const dashboard of dashboards()) {
  test(`${dashboard.path} asks for what is there`, () => {
    for (const [where, expr] of queries(dashboard)) {
      assert.doesNotThrow(() => checker.check(expr), (error) => assert.fail(`${where}: ${error.message}`));
    }
  });

  test(`${dashboard.path} names labels in its legends that its series have`, () => {
    for (const panel of dashboard.json.panels) {
      for (const { expr, legendFormat } of panel.targets ?? []) {
        const labels = checker.check(expr.replaceAll("$__rate_interval", "5m"));
        for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) assert.ok(labels.has(label), `${panel.title}: {{${label}}} of ${expr}`);
      }
    }
  });

  test(`${dashboard.path} shows only what was chosen`, () => {
    for (const [where, expr] of queries(dashboard, { job: "JOB" })) {
      if (!/prometheus_|alertmanager_/.test(expr)) assert.ok(expr.includes('job=~"JOB"'), `${where}: ${expr}`);
    }
  });
}

test("alerts name labels in their texts that their series have", () => {
  for (const rule of rules().filter((rule) => rule.alert)) {
    const labels = checker.check(rule.expr);
    for (const words of Object.values(rule.annotations)) {
      for (const [, label] of words.matchAll(/\$labels\.(\w+)/g)) assert.ok(labels.has(label), `${rule.alert}: ${label}`);
    }
  }
});

test("every rule that is recorded is asked for", () => {
  for (const dashboard of dashboards()) for (const [, expr] of queries(dashboard)) checker.check(expr);
  for (const rule of rules().filter((rule) => rule.record)) assert.ok(checker.used.has(rule.record), rule.record);
});

test("every metric of the service is on a dashboard or in a rule", () => {
  for (const dashboard of dashboards()) for (const [, expr] of queries(dashboard)) checker.check(expr);
  // Beside those that say what others say.
  const spared = new Set(["process_virtual_memory_bytes", "process_heap_bytes"]);
  for (const name of Object.keys(metrics)) {
    const series = [name, `${name}_bucket`, `${name}_count`, `${name}_sum`];
    assert.ok(spared.has(name) || series.some((one) => checker.used.has(one)), name);
  }
});

for (const document of ["MONITORING.md", "docs/runbooks.md"]) {
  test(`${document} asks for what is there`, () => {
    for (const [block, line] of blocks(document, "promql")) {
      assert.doesNotThrow(() => checker.check(block), (error) => assert.fail(`${document}:${line}: ${error.message}`));
    }
  });
}

test("what is not there is refused, with the reason", () => {
  for (const [expr, why] of [
    ["rate(http_request_total[5m])", /no such metric: http_request_total/],
    ["sum by (route) (http_requests_total)", /no label route/],
    ['http_requests_total{code="200"}', /no label code/],
    ["histogram_quantile(0.9, sum(rate(http_request_duration_seconds_bucket[5m])))", /no label le/],
    ["http_request_duration_seconds", /no such metric/],
    ["sum by (job) (rate(http_requests_total[5m])", /no PromQL/],
    ["job:http_error_ratio:rate7m", /no such metric/],
    ["sum(db_query_errors_total) or vector(0) / sum(db_queries_total)", /`or` binds less/],
  ]) {
    assert.throws(() => checker.check(expr), why, expr);
  }
});
