// What the guides and dashboards ask, asked of a real Prometheus that scrapes the demo, until they have an answer: every example query of
// MONITORING.md and every query of a dashboard has an answer, and VictoriaMetrics, which got it all by remote write, gives the same.
// The demo runs with a bot and with Claude, on the peers that the integration tests use.
//   node tests/deploy/live_test.mjs PROGRAM      the service's program
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { test } from "node:test";
import { blocks, dashboards, queries, root } from "./files.mjs";
import { Program, Replica, ask, freePort, tempFolder, until } from "./processes.mjs";
import { startStack } from "./stack.mjs";

const token = "t0ken";
// A Sentry that takes everything: its metrics move, and requests have traces.
const sentryPort = await freePort();
const sentry = createServer((request, response) => request.resume().on("end", () => response.end("{}")));
await new Promise((resolve) => sentry.listen(sentryPort, "127.0.0.1", resolve));
const peers = `${root}tests/integration/peers`;
const post = (url, body, headers = {}) =>
  fetch(url, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", ...headers } })
    .then((response) => response.text(), () => {});

// Claude knows one answer, and has too much to do where eggs are concerned: then the local agent takes over.
const [modelPort, botPort, innerPort] = [await freePort(), await freePort(), await freePort()];
const usage = { input_tokens: 120, output_tokens: 30 };
const fixtures = `${tempFolder()}/fixtures.json`;
writeFileSync(fixtures, JSON.stringify({ fixtures: [
  { match: { userMessage: "egg" }, response: { error: { message: "overloaded", type: "overloaded_error" }, status: 529, retryAfter: 0 } },
  { match: { userMessage: "a" }, response: { content: "Well eaten.", usage } },
] }));
const model = await new Program("node", ["node_modules/@copilotkit/aimock/dist/cli.js", "-h", "127.0.0.1", "--log-level", "warn",
  "-p", String(modelPort), "-f", fixtures], { cwd: peers }).ready(`http://127.0.0.1:${modelPort}/health`);
const botToken = "4711:token";
const telegram = await new Program("node", ["telegram.mjs", String(botPort), String(innerPort), botToken], { cwd: peers })
  .ready(`http://127.0.0.1:${botPort}/control/pending`);

const demo = await Replica.make(process.argv[2], { METRICS_TOKEN: token, ENABLE_SENTRY: "true", SENTRY_DSN: `http://public@127.0.0.1:${sentryPort}/1`,
  AGENT_MODEL: "anthropic:claude-opus-5-5", ANTHROPIC_API_KEY: "key", ANTHROPIC_BASE_URL: `http://127.0.0.1:${modelPort}`, AGENT_FALLBACK_MODEL: "local",
  RUN_MODE: "both", TELEGRAM_BOT_TOKEN: botToken, TELEGRAM_API_URL: `http://127.0.0.1:${botPort}`, ALLOWED_TELEGRAM_IDS: "1" });
await demo.start({}, ["--demo"]);
await post(`${demo.url}/api/v1/users`, { user_id: "reader" });
setInterval(() => {
  const ann = { id: 1, first_name: "Ann", is_bot: false };
  post(`http://127.0.0.1:${botPort}/sendMessage`, { botToken, from: ann, chat: { id: 1, type: "private" }, date: 1, text: "a banana" });
  post(`${demo.url}/api/v1/chat`, { user_id: "reader", message: "a pear" }, { Accept: "text/event-stream" });
}, 1000).unref();
// The rules as shipped: their windows are longer than this test, but the recorded series are there.
const stack = await startStack([demo.metrics], { token, rules: false });

const has = (url, expr) => async () => (await ask(url, expr)).length > 0;
await until("the demo is scraped", has(stack.url, "rate(agent_calls_total[5m]) > 0"));
await until("something failed", has(stack.url, 'rate(http_errors_total[5m]) > 0'), { within: 60 });
await until("the rules are evaluated", has(stack.url, "job:http_error_ratio:rate5m > 0"), { within: 60 });

test("every example query of the guides has an answer", async () => {
  for (const [block, line] of blocks("MONITORING.md", "promql")) {
    await until(`MONITORING.md:${line} has an answer: ${block}`, async () => (await ask(stack.url, block)).length > 0, { within: 150 });
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

/** What a few minutes of a service that is well do not have: a user's second day, an alert that fires, a start of half a minute ago. */
const kNotHere = /second_day|ALERTS\{|process_start_time_seconds.* < 30/;

for (const dashboard of dashboards()) {
  test(`${dashboard.path}: Prometheus answers, and VictoriaMetrics with the same series`, async () => {
    for (const [where, expr] of queries(dashboard)) {
      let wanted, got;
      await until(`${where}: the same series by ${expr}`, async () => {
        wanted = labels(await ask(stack.url, expr));
        await fetch(`${stack.victoria.url}/internal/force_flush`);
        got = labels(await ask(stack.victoria.url, expr));
        if (wanted.length === 0 && !kNotHere.test(expr)) return false;
        // What topk chooses among equals is anybody's.
        return /topk/.test(expr) ? got.length === wanted.length : wanted.every((one) => got.includes(one));
      }, { within: 150, tell: () => `Prometheus: ${wanted}\nVictoriaMetrics: ${got}` });
    }
  });
}

test("everything ends", async () => {
  await stack.prometheus.end();
  await stack.alertmanager.end();
  await stack.victoria.server.end();
  await demo.end();
  await model.end();
  await telegram.end();
  setImmediate(() => process.exit(process.exitCode ?? 0));
});
