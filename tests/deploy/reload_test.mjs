// What SIGHUP changes in a service that is set up as deploy/ does it, by its environment: what stands in files, and nothing else.
//   node tests/deploy/reload_test.mjs PROGRAM      the service's program
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { Replica, until } from "./processes.mjs";

const replica = await Replica.make(process.argv[2], { LOG_LEVEL: "info", SENTRY_TRACES_SAMPLE_RATE: "0.1", SENTRY_FINGERPRINT_RULES: "rules.txt" });
const write = (name, words) => writeFileSync(`${replica.folder}/${name}`, words);
write("rules.txt", "");
write(".env", "API_KEYS=one\n");
await replica.start();
const status = async (key) => (await fetch(`${replica.url}/api/v1/users/nobody`, { headers: { Authorization: `Bearer ${key}` } })).status;
const says = (words) => until(`it says: ${words}`, () => replica.process.output.includes(words), { within: 10, tell: () => replica.process.output });

test("SIGHUP takes what .env and the files that variables name hold; a variable of the environment stays until a restart", async () => {
  assert.equal(await status("one"), 404);
  write("rules.txt", 'type:DatabaseError -> database\n');
  write(".env", "API_KEYS=two\nSENTRY_SAMPLE_RATE=0.5\nSENTRY_TRACES_SAMPLE_RATE=0.9\n");
  replica.process.child.kill("SIGHUP");
  await says("took LOG_LEVEL info");
  await says("took SENTRY_FINGERPRINT_RULES, 1 rules");
  await says("took SENTRY_SAMPLE_RATE 0.5");
  await says("took SENTRY_TRACES_SAMPLE_RATE 0.1");
  assert.deepEqual([await status("one"), await status("two")], [401, 404]);

  await replica.end();
  await replica.start({ SENTRY_TRACES_SAMPLE_RATE: "0.9" });
  replica.process.child.kill("SIGHUP");
  await says("took SENTRY_TRACES_SAMPLE_RATE 0.9");
});

test("what a .env that is being written has not got yet is as before", async () => {
  await replica.end();
  write(".env", "API_KEYS=one\nSENTRY_SAMPLE_RATE=0\n");
  await replica.start();
  write(".env", "API_KEYS=two\n");
  replica.process.child.kill("SIGHUP");
  await says("took 1 API_KEYS");
  await says("took LOG_LEVEL info");
  await says("SENTRY_SAMPLE_RATE is not set: the value from before stays");
  assert.doesNotMatch(replica.process.output, /took SENTRY_SAMPLE_RATE/);
  assert.equal(await status("two"), 404);
});

test("everything ends", async () => {
  await replica.end();
  setImmediate(() => process.exit(process.exitCode ?? 0));
});
