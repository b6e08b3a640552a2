// The shipped Prometheus and Alertmanager configuration, running. What is changed, and nothing else:
//   - names and ports of targets, and the paths that follow from the folder;
//   - scrapes and evaluations come twice a second (shipped: every 15 seconds);
//   - every duration in a rule (windows and `for`) and in Alertmanager's route is divided by kQuicker, so that an hour is half a minute;
//   - in place of PagerDuty and Slack stands a webhook of the test, at /pagerduty and /slack.
import { cpSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { stringify } from "yaml";
import { list, root, yaml } from "./files.mjs";
import { duration, quicken, seconds } from "./promql.mjs";
import { Program, freePort, startVictoria, tempFolder } from "./processes.mjs";

export const kQuicker = 120;

/** Takes notifications: [{receiver, status, alerts: [{status, labels, annotations}]}] in the order of their arrival. */
async function startReceiver() {
  const port = await freePort();
  const notifications = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (data) => (body += data));
    request.on("end", () => {
      notifications.push({ receiver: request.url.slice(1), ...JSON.parse(body) });
      response.end();
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  server.unref();
  return { port, notifications };
}

function quickRules(folder) {
  for (const path of list("deploy/prometheus/rules", ".yml")) {
    const rules = yaml(path);
    for (const rule of rules.groups.flatMap((group) => group.rules)) {
      rule.expr = quicken(rule.expr, kQuicker);
      if (rule.for) rule.for = duration(seconds(rule.for) / kQuicker);
    }
    writeFileSync(`${folder}/rules/${path.split("/").at(-1)}`, stringify(rules, { lineWidth: 0 }));
  }
}

function quickAlertmanager(receiverPort) {
  const config = yaml("deploy/alertmanager/alertmanager.yml");
  const quick = (route) => {
    for (const key of ["group_wait", "group_interval", "repeat_interval"]) {
      if (route[key]) route[key] = duration(Math.max(seconds(route[key]) / kQuicker, 0.2));
    }
    (route.routes ?? []).forEach(quick);
  };
  quick(config.route);
  for (const receiver of config.receivers.filter((one) => one.name !== "heartbeat")) {
    const { name } = receiver;
    for (const key of Object.keys(receiver)) if (key !== "name") delete receiver[key];
    receiver.webhook_configs = [{ url: `http://127.0.0.1:${receiverPort}/${name}`, send_resolved: true }];
  }
  return config;
}

/** Starts it all for the given metrics ports. */
export async function startStack(targets, { token, rules = true } = {}) {
  const folder = tempFolder();
  cpSync(`${root}deploy/prometheus`, folder, { recursive: true });
  cpSync(`${root}deploy/alertmanager/templates`, `${folder}/templates`, { recursive: true });
  const receiver = await startReceiver();
  const victoria = await startVictoria();
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];

  const config = yaml("deploy/prometheus/prometheus.yml");
  Object.assign(config.global, { scrape_interval: "500ms", evaluation_interval: "500ms" });
  config.alerting.alertmanagers[0].static_configs[0].targets = [`127.0.0.1:${alertmanagerPort}`];
  config.remote_write[0].url = `${victoria.url}/api/v1/write`;
  for (const job of config.scrape_configs) {
    if (job.job_name === "prometheus") job.static_configs[0].targets = [`127.0.0.1:${prometheusPort}`];
    if (job.job_name === "alertmanager") job.static_configs[0].targets = [`127.0.0.1:${alertmanagerPort}`];
  }
  writeFileSync(`${folder}/prometheus.yml`, stringify(config));
  writeFileSync(`${folder}/secrets/metrics_token`, token);
  writeFileSync(`${folder}/targets/health-agent.yml`, stringify([{ targets: targets.map((port) => `127.0.0.1:${port}`) }]));
  if (rules) quickRules(folder);
  writeFileSync(`${folder}/alertmanager.yml`, stringify(quickAlertmanager(receiver.port)));

  const url = `http://127.0.0.1:${prometheusPort}`;
  const alertmanager = await new Program("prometheus-alertmanager", ["--config.file=alertmanager.yml", "--storage.path=am",
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`, "--cluster.listen-address=", "--log.level=warn"], { cwd: folder })
    .ready(`http://127.0.0.1:${alertmanagerPort}/-/ready`);
  const prometheus = await new Program("prometheus", ["--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
    `--web.listen-address=127.0.0.1:${prometheusPort}`, "--enable-feature=exemplar-storage", "--log.level=warn"], { cwd: folder })
    .ready(`${url}/-/ready`);
  return { url, prometheus, alertmanager, alertmanagerUrl: `http://127.0.0.1:${alertmanagerPort}`, victoria, notifications: receiver.notifications };
}
