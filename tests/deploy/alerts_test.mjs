// The shipped rules and routes against real outages: a PostgreSQL that is stopped under load, failing requests, a killed replica. The right alert
// reaches the right receiver within its time, nothing else pages, and all of it resolves.
//   node tests/deploy/alerts_test.mjs PROGRAM      the service's program
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Postgres, Replica, ask, until } from "./processes.mjs";
import { startStack } from "./stack.mjs";

const token = "t0ken";
const program = process.argv[2];
const postgres = await Postgres.make();
const settings = { METRICS_TOKEN: token, DATABASE_URL: postgres.url };
const replicas = [await Replica.make(program, settings), await Replica.make(program, settings)];
for (const replica of replicas) await replica.start();

// Load until the end: fifteen requests a second to each replica, whether it answers or not.
for (const { url } of replicas) {
  fetch(`${url}/api/v1/users`, { method: "POST", body: '{"user_id":"ann"}', headers: { "Content-Type": "application/json" } });
  setInterval(() => fetch(`${url}/api/v1/users/ann`).then((response) => response.arrayBuffer(), () => {}), 66).unref();
}
const stack = await startStack(replicas.map((one) => one.metrics), { token });
const { notifications } = stack;

const alertsOf = (receiver, status, since = 0) =>
  notifications.slice(since).filter((one) => one.receiver === receiver)
    .flatMap((one) => one.alerts).filter((alert) => alert.status === status);
const names = (alerts) => [...new Set(alerts.map((alert) => alert.labels.alertname))].sort();
const state = async () => JSON.stringify({
  told: notifications.map((one) => [one.receiver, one.status, one.alerts.map((alert) => [alert.status, alert.labels.alertname])]),
  firing: (await ask(stack.url, 'ALERTS{alertname!="HealthAgentWatchdog"}')).map((one) => one.metric),
}, null, 1);
const comes = (receiver, status, alertname, since, within) =>
  until(`${alertname} ${status} at ${receiver}`, () => alertsOf(receiver, status, since).find((alert) => alert.labels.alertname === alertname),
    { within, tell: state });
const quiet = async () => (await ask(stack.url, 'ALERTS{alertname!="HealthAgentWatchdog"}')).length === 0;

test("while all is well nobody is told anything", async () => {
  await until("both replicas are scraped", async () => (await ask(stack.url, 'sum(up{job="health-agent"}) == 2')).length);
  await until("requests are seen", async () => (await ask(stack.url, "job:http_error_ratio:rate5m == 0")).length, { tell: state });
  // Prometheus takes its first sample five seconds after its start, which are ten minutes here: HealthAgentNoTargets may have come.
  await until("all is quiet", quiet, { tell: state });
  const since = notifications.length;
  await sleep(5000);
  assert.deepEqual(notifications.slice(since), [], await state());
  assert.ok((await ask(stack.url, 'ALERTS{alertname="HealthAgentWatchdog",alertstate="firing"}')).length, "the watchdog fires all the same");
});

test("a killed replica is a warning, and no page, until it is back", async () => {
  const since = notifications.length;
  await replicas[1].end("SIGKILL");
  const alert = await comes("slack", "firing", "HealthAgentReplicaDown", since, 15);
  assert.equal(alert.labels.instance, `127.0.0.1:${replicas[1].metrics}`);
  assert.match(alert.annotations.summary, /cannot be scraped/);
  await replicas[1].start();
  await comes("slack", "resolved", "HealthAgentReplicaDown", since, 20);
  assert.deepEqual(alertsOf("pagerduty", "firing", since), []);
});

test("requests that fail burn the error budget, and that pages; the database is not blamed", async () => {
  const since = notifications.length;
  await replicas[1].end();
  await replicas[1].start({ FAULTS: "handler:0.5" });
  const alert = await comes("pagerduty", "firing", "HealthAgentErrorBudgetBurnFast", since, 25);
  assert.match(alert.annotations.summary, /% of requests fail/);
  assert.equal(alert.labels.environment, "production");
  assert.deepEqual(names(alertsOf("pagerduty", "firing", since)), ["HealthAgentErrorBudgetBurnFast"]);
  await replicas[1].end();
  await replicas[1].start();
  await comes("pagerduty", "resolved", "HealthAgentErrorBudgetBurnFast", since, 60);
});

test("a database that is stopped under load pages, and the page ends when it is back", async () => {
  const since = notifications.length;
  await postgres.stop();
  await comes("pagerduty", "firing", "HealthAgentDatabaseFailing", since, 20);
  await postgres.start();
  await comes("pagerduty", "resolved", "HealthAgentDatabaseFailing", since, 40);
  const others = names(alertsOf("pagerduty", "firing", since)).filter((name) => !/DatabaseFailing|ErrorBudgetBurnFast/.test(name));
  assert.deepEqual(others, [], "nothing else pages");
});

test("everything ends", async () => {
  await stack.prometheus.end();
  await stack.alertmanager.end();
  await stack.victoria.server.end();
  for (const replica of replicas) await replica.end();
  await postgres.stop();
  setImmediate(() => process.exit(process.exitCode ?? 0));
});
