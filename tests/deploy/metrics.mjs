#!/usr/bin/env node
// The list of metrics, from the code: metrics.json, which the other tests read, and the table in MONITORING.md.
//   node tests/deploy/metrics.mjs CATALOGUE           says what is stale, and fails
//   node tests/deploy/metrics.mjs CATALOGUE --write   writes it
// CATALOGUE is the program of catalogue.cc, as built: build/release/bin/metric_catalogue.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { root, text } from "./files.mjs";

/** The families of a page in the text format: {name: {type, help, labels, buckets?}}. */
export function families(page) {
  const found = {};
  let current;
  for (const line of page.split("\n")) {
    const [, word, name, rest] = line.match(/^# (HELP|TYPE) (\S+) (.*)$/) ?? [];
    if (word === "HELP") found[name] = { type: "", help: rest, labels: [] };
    if (word === "TYPE") current = Object.assign(found[name], { type: rest });
    if (word || !line || line.startsWith("#")) continue;
    for (const [, label, value] of line.slice(line.indexOf("{") + 1).matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      if (label === "le") {
        if (value !== "+Inf" && !(current.buckets ??= []).includes(Number(value))) current.buckets.push(Number(value));
      } else if (!current.labels.includes(label)) {
        current.labels.push(label);
      }
    }
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const kBegin = "<!-- metrics: written by tests/deploy/metrics.mjs -->";
const kEnd = "<!-- metrics: end -->";

export function markdown(metrics) {
  const rows = Object.entries(metrics).map(([name, { type, help, labels, buckets }]) =>
    `| \`${name}\` | ${type} | ${labels.join(", ")} | ${help}${buckets ? ` Buckets: ${buckets.join(" ")}.` : ""} |`);
  return ["| metric | type | labels | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function main(catalogue, write) {
  const metrics = families(execFileSync(catalogue, { encoding: "utf8" }));
  // Only there where the machine limits it.
  delete metrics.process_virtual_memory_max_bytes;
  const guide = text("MONITORING.md");
  const [begin, end] = [guide.indexOf(kBegin), guide.indexOf(kEnd)];
  if (begin < 0 || end < begin) throw new Error(`MONITORING.md has no place for the table: ${kBegin}`);
  const outputs = {
    "tests/deploy/metrics.json": JSON.stringify(metrics, null, 2) + "\n",
    "MONITORING.md": guide.slice(0, begin + kBegin.length) + "\n\n" + markdown(metrics) + "\n\n" + guide.slice(end),
  };
  let stale = 0;
  for (const [path, content] of Object.entries(outputs)) {
    if (write) {
      writeFileSync(root + path, content);
    } else if (text(path) !== content) {
      console.error(`${path} is stale: run node tests/deploy/metrics.mjs ${catalogue} --write`);
      stale++;
    }
  }
  return stale ? 1 : 0;
}

if (import.meta.url === `file://${process.argv[1]}`)
  process.exit(main(process.argv[2], process.argv.includes("--write")));
