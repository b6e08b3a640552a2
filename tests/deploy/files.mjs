// Where things are, and how they are read.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const text = (path) => readFileSync(root + path, "utf8");
export const yaml = (path) => parse(text(path));
export const documents = (path) => parseAllDocuments(text(path)).map((document) => document.toJS({ maxAliasCount: -1 }));
export const list = (folder, ending) =>
  readdirSync(root + folder).filter((name) => name.endsWith(ending)).sort().map((name) => `${folder}/${name}`);

export const dashboards = () => list("dashboards", ".json").map((path) => ({ path, json: JSON.parse(text(path)) }));
/** Every rule of deploy/prometheus/rules, with its group's name and file. */
export const rules = () =>
  list("deploy/prometheus/rules", ".yml").flatMap((path) =>
    yaml(path).groups.flatMap((group) => group.rules.map((rule) => ({ path, group: group.name, ...rule }))));

/** Every query of a dashboard: [where it stands, PromQL as Grafana would send it]. */
export function queries({ path, json }, { job = ".+", instance = ".+", window = "5m" } = {}) {
  const send = (expr) => expr.replaceAll("$job", job).replaceAll("$instance", instance).replaceAll("$__rate_interval", window);
  return [
    ...json.panels.flatMap((panel) => (panel.targets ?? []).map((target) => [`${path}: ${panel.title}`, send(target.expr)])),
    ...json.annotations.list.map((annotation) => [`${path}: annotation ${annotation.name}`, send(annotation.expr)]),
  ];
}

/** The fenced blocks of one language in a document: [its text, the line it begins at]. */
export const blocks = (path, language) =>
  [...text(path).matchAll(new RegExp("^```" + language + "\\n([\\s\\S]*?)^```", "gm"))]
    .map((match) => [match[1], text(path).slice(0, match.index).split("\n").length]);

/** The anchors that a document's headings have, by GitHub's rules. */
export const anchors = (path) =>
  new Set([...text(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-")));
