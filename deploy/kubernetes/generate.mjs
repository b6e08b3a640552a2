#!/usr/bin/env node
// Writes prometheus-rule.yaml, the rules of deploy/prometheus/rules as the Prometheus operator wants them. The text is carried over as it stands.
//   node deploy/kubernetes/generate.mjs            writes it
//   node deploy/kubernetes/generate.mjs --check    says whether it is stale, and fails
import { readFileSync, writeFileSync } from "node:fs";

const head = `# Written by generate.mjs from deploy/prometheus/rules; change those.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: health-agent
  namespace: health-agent
  labels: {app.kubernetes.io/name: health-agent}
spec:
  groups:
`;
const groups = ["recording", "alerts"].map((name) => {
  const text = readFileSync(new URL(`../prometheus/rules/${name}.yml`, import.meta.url), "utf8");
  const body = text.slice(text.indexOf("\ngroups:\n") + "\ngroups:\n".length);
  return body.replace(/^(?=.)/gm, "  ");
});
const file = new URL("prometheus-rule.yaml", import.meta.url);
const text = head + groups.join("\n");

if (!process.argv.includes("--check")) {
  writeFileSync(file, text);
} else if (readFileSync(file, "utf8") !== text) {
  console.error(`${file.pathname} is stale: run node deploy/kubernetes/generate.mjs`);
  process.exit(1);
}
