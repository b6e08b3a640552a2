// The list of what the service is made of.
//   node tests/deploy/sbom_test.mjs PROGRAM      the service's program
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const program = process.argv[2];
const script = fileURLToPath(new URL("../../scripts/sbom", import.meta.url));
const written = (...words) => execFileSync(script, words, { encoding: "utf8" });
const first = written(program);
const bom = JSON.parse(first);

test("it is CycloneDX and names the very program", () => {
  assert.equal(bom.bomFormat, "CycloneDX");
  assert.equal(bom.specVersion, "1.5");
  assert.equal(bom.metadata.component.name, "health-agent");
  assert.equal(bom.metadata.component.hashes[0].content, createHash("sha256").update(readFileSync(program)).digest("hex"));
});

test("each component has a version, a package URL and a reference of its own, and the program depends on all", () => {
  assert.ok(bom.components.length > 20, `${bom.components.length} components`);
  for (const one of bom.components) {
    assert.match(one.purl, /^pkg:(deb\/debian|npm)\/[a-z0-9.+-]+@\S+$/, one.name);
    assert.ok(one.version, one.name);
  }
  const references = bom.components.map((one) => one["bom-ref"]);
  assert.equal(new Set(references).size, references.length);
  assert.deepEqual(bom.dependencies[0].dependsOn, references);
});

test("it has what is loaded, what is compiled in from headers, and what the console embeds", () => {
  const names = new Set(bom.components.map((one) => one.name));
  for (const name of ["libc6", "libstdc++6", "libsqlite3-0", "libpq5", "libcurl4", "libhiredis0.14", "libssl3", "nlohmann-json3-dev", "libcli11-dev", "uplot"])
    assert.ok(names.has(name), name);
  assert.ok([...names].some((name) => /^libboost1\.\d+-dev$/.test(name)), "the HTTP server's headers");
  for (const name of ["librestinio-dev", "libasio-dev", "libgtest-dev", "libc6-dev"]) assert.ok(!names.has(name), `${name} is not in it`);
  const loaded = execFileSync("ldd", [program], { encoding: "utf8" }).match(/=> \//g).length;
  assert.ok(names.size > loaded / 2, "libraries are missing");
});

test("the same program gives the same text, and nothing is written for none", () => {
  assert.equal(written(program), first);
  assert.equal(spawnSync(script, []).status, 64);
  assert.notEqual(spawnSync(script, ["/nowhere"]).status, 0);
  assert.equal(spawnSync(script, ["/bin/sh"]).status, 66, "a program without the records of its build");
});
