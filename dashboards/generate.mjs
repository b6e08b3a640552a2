#!/usr/bin/env node
// Writes the dashboards from source/ as the JSON files that Grafana reads.
//   node dashboards/generate.mjs            writes them
//   node dashboards/generate.mjs --check    says which are stale, and fails
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const here = new URL("./", import.meta.url);
const names = readdirSync(new URL("source/", here)).filter((name) => name.endsWith(".mjs") && name !== "panels.mjs");
const check = process.argv.includes("--check");
let stale = 0;

for (const name of names.sort()) {
  const { default: dashboard } = await import(new URL(`source/${name}`, here));
  const text = JSON.stringify(dashboard, null, 2) + "\n";
  const file = new URL(name.replace(/\.mjs$/, ".json"), here);
  if (!check) {
    writeFileSync(file, text);
    continue;
  }
  let written = "";
  try {
    written = readFileSync(file, "utf8");
  } catch {}
  if (written !== text) {
    console.error(`${file.pathname} is stale: run node dashboards/generate.mjs`);
    stale++;
  }
}
process.exit(stale ? 1 : 0);
