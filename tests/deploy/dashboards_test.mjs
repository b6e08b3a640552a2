// The dashboards are what their source says, and what Grafana reads: its own types (generated from Grafana's kinds), checked by TypeScript.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import ts from "typescript";
import { dashboards, root, yaml } from "./files.mjs";

const kPlugins = ["timeseries", "stat", "heatmap", "table"];

// JSON has words and numbers where the types have enums, and no functions.
const kPrelude = `
import type { Dashboard, Panel, RowPanel, VariableModel, AnnotationQuery } from "@grafana/grafana-foundation-sdk/dashboard";
import type { Dataquery } from "@grafana/grafana-foundation-sdk/prometheus";
${kPlugins.map((name) => `import type * as ${name} from "@grafana/grafana-foundation-sdk/${name}";`).join("\n")}
type Json<T> = 0 extends 1 & T ? T
  : T extends string ? \`\${T}\`
  : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : never)
  : T extends (infer U)[] ? Json<U>[]
  : T extends object ? { [K in keyof T as T[K] extends Function ? never : K]: Json<T[K]> }
  : T;
`;

/** The program that compiles when, and only when, the dashboard fits. */
function program({ panels, templating, annotations, ...frame }) {
  const lines = [kPrelude];
  const declare = (type, value) => lines.push(`export const c${lines.length}: Json<${type}> = ${JSON.stringify(value)};`);
  declare("Dashboard", { ...frame, panels: [], templating: {}, annotations: {} });
  for (const variable of templating.list) declare("VariableModel", variable);
  for (const annotation of annotations.list) declare("AnnotationQuery", annotation);
  for (const { targets = [], options, fieldConfig, ...panel } of panels) {
    if (panel.type === "row") {
      declare("RowPanel", panel);
      continue;
    }
    assert.ok(kPlugins.includes(panel.type), `no types for ${panel.type}`);
    const { custom, ...defaults } = fieldConfig.defaults;
    declare("Panel", { ...panel, fieldConfig: { ...fieldConfig, defaults } });
    declare(`${panel.type}.Options`, options);
    if (custom) declare(`${panel.type}.FieldConfig`, custom);
    for (const target of targets) declare("Dataquery", target);
  }
  return lines.join("\n");
}

/** TypeScript's complaints about the sources {name: text}, as {name: [words]}. */
function complaints(sources) {
  const options = { strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext, skipLibCheck: true, types: [] };
  const here = fileURLToPath(new URL("./", import.meta.url));
  const host = ts.createCompilerHost(options);
  const [read, exists] = [host.getSourceFile.bind(host), host.fileExists.bind(host)];
  const own = (path) => sources[path.slice(here.length)];
  host.getSourceFile = (path, language) => (own(path) ? ts.createSourceFile(path, own(path), language) : read(path, language));
  host.fileExists = (path) => Boolean(own(path)) || exists(path);
  const names = Object.keys(sources).map((name) => here + name);
  const compiled = ts.createProgram(names, options, host);
  return Object.fromEntries(names.map((path) => {
    const file = compiled.getSourceFile(path);
    const found = [...compiled.getSyntacticDiagnostics(file), ...compiled.getSemanticDiagnostics(file)];
    return [path.slice(here.length), found.map((one) => {
      const { line } = file.getLineAndCharacterOfPosition(one.start);
      return `${ts.flattenDiagnosticMessageText(one.messageText, " ")}\n    in ${file.text.split("\n")[line].slice(0, 160)}`;
    })];
  }));
}

const all = dashboards();
const copy = (json, change) => {
  const changed = structuredClone(json);
  change(changed);
  return program(changed);
};
const panel = (json, type) => json.panels.find((one) => one.type === type);
const overview = all.find(({ json }) => json.uid === "health-agent-overview").json;
const small = { ...overview, panels: ["timeseries", "stat"].map((type) => panel(overview, type)) };
const broken = {
  "unknown_field.ts": copy(small, (json) => (json.colour = "red")),
  "wrong_word.ts": copy(small, (json) => (panel(json, "timeseries").options.tooltip.mode = "many")),
  "wrong_custom.ts": copy(small, (json) => (panel(json, "timeseries").fieldConfig.defaults.custom.lineWidth = "1")),
  "wrong_target.ts": copy(small, (json) => (panel(json, "stat").targets[0].query = "up")),
  "missing_field.ts": copy(small, (json) => delete json.schemaVersion),
  "wrong_variable.ts": copy(small, (json) => (json.templating.list[1].refresh = 9)),
};
const said = complaints({ "small.ts": program(small), ...broken, ...Object.fromEntries(all.map(({ json }) => [`${json.uid}.ts`, program(json)])) });

test("the files are what their source says", () => {
  execFileSync(process.execPath, [`${root}dashboards/generate.mjs`, "--check"], { stdio: "inherit" });
});

for (const { path, json } of all) {
  test(`${path} is what Grafana reads`, () => assert.deepEqual(said[`${json.uid}.ts`], []));

  test(`${path} has no panel upon another, and no id twice`, () => {
    const cells = new Set();
    for (const { title, gridPos: { x, y, w, h } } of json.panels) {
      assert.ok(x >= 0 && x + w <= 24, title);
      for (let column = x; column < x + w; ++column) {
        for (let line = y; line < y + h; ++line) {
          assert.ok(!cells.has(`${column} ${line}`), `${title} lies on another panel`);
          cells.add(`${column} ${line}`);
        }
      }
    }
    assert.equal(new Set(json.panels.map((one) => one.id)).size, json.panels.length);
  });
}

test("a dashboard that Grafana would not read is refused", () => {
  assert.deepEqual(said["small.ts"], []);
  for (const name of Object.keys(broken)) assert.equal(said[name].length, 1, `${name}: ${said[name]}`);
});

test("each dashboard has variables for job and instance, and shows exemplars", () => {
  for (const { path, json } of all) {
    assert.deepEqual(json.templating.list.map((one) => one.name), ["datasource", "job", "instance"], path);
  }
  const exemplars = all.filter(({ json }) => json.panels.some((one) => one.targets?.some((target) => target.exemplar)));
  assert.ok(exemplars.length >= 4);
});

test("the data source that is provisioned leads from an exemplar to its trace", () => {
  const [prometheus] = yaml("deploy/grafana/provisioning/datasources/health-agent.yml").datasources;
  const [link] = prometheus.jsonData.exemplarTraceIdDestinations;
  assert.equal(link.name, "trace_id");
  assert.match(link.url, /\$\$\{__value\.raw\}/, "Grafana takes one $ away");
});

test("uids are not taken twice", () => assert.equal(new Set(all.map(({ json }) => json.uid)).size, all.length));
