// What the guides and dashboards ask, asked of real servers that have scraped the real demo: every example query of MONITORING.md has an
// answer, every panel's query is understood, and VictoriaMetrics, which got it all by remote write, answers as Prometheus does.
//   node tests/deploy/live_test.mjs PROGRAM      the service's program
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { blocks, dashboards, queries } from "./files.mjs";
import { Replica, ask, freePort, until } from "./processes.mjs";
import { startStack } from "./stack.mjs";

const token = "t0ken";
// A Sentry that takes everything: its metrics move, and requests have traces.
const sentryPort = await freePort();
const sentry = createServer((request, response) => request.resume().on("end", () => response.end("{}")));
await new Promise((resolve) => sentry.listen(sentryPort, "127.0.0.1", resolve));
const demo = await Replica.make(process.argv[2], { METRICS_TOKEN: token, ENABLE_SENTRY: "true", SENTRY_DSN: `http://public@127.0.0.1:${sentryPort}/1` });
await demo.start({}, ["--demo"]);
// The rules as shipped: their windows are longer than this test, but the recorded series are there.
const stack = await startStack([demo.metrics], { token, rules: false });

const has = (url, expr) => async () => (await ask(url, expr)).length > 0;
await until("the demo is scraped", has(stack.url, "rate(agent_calls_total[5m]) > 0"));
await until("something failed", has(stack.url, 'rate(http_errors_total[5m]) > 0'), { within: 60 });
await until("the rules are evaluated", has(stack.url, "job:http_error_ratio:rate5m > 0"), { within: 60 });

test("every example query of the guides has an answer", async () => {
  for (const [block, line] of blocks("MONITORING.md", "promql")) {
    // What only a real outage, a bill or a bot makes is understood, and empty here.
    const empty = /agent_cost_usd|agent_fallbacks|bot_|ALERTS|agent_unpriced/.test(block);
    await until(`MONITORING.md:${line} has an answer: ${block}`, async () => (await ask(stack.url, block)).length > 0 || empty, { within: 20 });
  }
  for (const [block] of blocks("docs/runbooks.md", "promql")) await ask(stack.url, block);
});

test("a request leads to its trace: exemplars are kept", async () => {
  await until("an exemplar is there", async () => {
    const now = Date.now() / 1000;
    const query = new URLSearchParams({ query: "http_request_duration_seconds_bucket", start: now - 300, end: now + 5 });
    const { data } = await (await fetch(`${stack.url}/api/v1/query_exemplars?${query}`)).json();
    return data.some((series) => series.exemplars.some((one) => /^[0-9a-f]{32}$/.test(one.labels.trace_id)));
  });
});

/** The label sets of an answer. Those without a number are left out: VictoriaMetrics does not give them at all. */
const labels = (series) =>
  series.filter(({ value }) => value[1] !== "NaN")
    .map(({ metric }) => JSON.stringify(Object.entries(metric).filter(([name]) => name !== "environment").sort()));

let asked = 0;
let answered = 0;
for (const dashboard of dashboards()) {
  test(`${dashboard.path}: Prometheus answers, and VictoriaMetrics with the same series`, async () => {
    for (const [where, expr] of queries(dashboard)) {
      let wanted, got;
      await until(`${where}: the same series by ${expr}`, async () => {
        wanted = labels(await ask(stack.url, expr));
        await fetch(`${stack.victoria.url}/internal/force_flush`);
        got = labels(await ask(stack.victoria.url, expr));
        // What topk chooses among equals is anybody's.
        return /topk/.test(expr) ? got.length === wanted.length : wanted.every((one) => got.includes(one));
      }, { within: 15, tell: () => `Prometheus: ${wanted}\nVictoriaMetrics: ${got}` });
      ++asked;
      answered += wanted.length > 0;
    }
  });
}

test("most of the queries had something to say", () => assert.ok(answered > 0.7 * asked, `${answered} of ${asked}`));

test("everything ends", async () => {
  await stack.prometheus.end();
  await stack.alertmanager.end();
  await stack.victoria.server.end();
  await demo.end();
  setImmediate(() => process.exit(process.exitCode ?? 0));
});
