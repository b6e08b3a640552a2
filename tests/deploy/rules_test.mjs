// promtool's unit tests of the rules, and that none is without.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { list, root, rules, yaml } from "./files.mjs";

// One thread and a lazy collector: promtool's own choice spends half of its time on collecting garbage.
const env = { ...process.env, GOMAXPROCS: "1", GOGC: "800" };

for (const path of list("deploy/prometheus/tests", ".test.yml")) {
  test(`${path} passes`, () => {
    const { status, stdout, stderr, error } = spawnSync("promtool", ["test", "rules", path], { cwd: root, env, encoding: "utf8" });
    assert.equal(status, 0, `${error ?? ""}${stdout}${stderr}`);
  });
}

test("each alert is tested: it fires, it does not, and it ends", () => {
  const checks = list("deploy/prometheus/tests", ".test.yml").flatMap((path) => yaml(path).tests).map((one) => one.alert_rule_test);
  for (const { alert } of rules().filter((rule) => rule.alert)) {
    const sequences = checks.map((steps) => steps.filter((step) => step.alertname === alert).map((step) => Boolean(step.exp_alerts)));
    assert.ok(sequences.some((steps) => steps.includes(true)), `${alert} never fires`);
    if (alert === "HealthAgentWatchdog") continue;
    assert.ok(sequences.some((steps) => steps[0] === false), `${alert} is never seen quiet`);
    assert.ok(sequences.some((steps) => steps.lastIndexOf(true) >= 0 && steps.at(-1) === false), `${alert} never ends`);
  }
});
