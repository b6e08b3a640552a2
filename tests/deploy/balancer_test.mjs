// Two replicas behind the shipped HAProxy configuration: what is changed are the addresses and the number of servers.
//   node tests/deploy/balancer_test.mjs PROGRAM      the service's program
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { test } from "node:test";
import { text } from "./files.mjs";
import { Program, Replica, freePort, tempFolder, until } from "./processes.mjs";

const key = { Authorization: "Bearer k3y" };
const replicas = [await Replica.make(process.argv[2], { API_KEYS: "k3y" }), await Replica.make(process.argv[2], { API_KEYS: "k3y" })];
for (const replica of replicas) await replica.start();

const [port, stats] = [await freePort(), await freePort()];
const config = (servers) =>
  text("deploy/haproxy/haproxy.cfg")
    .replace("bind :8000", `bind 127.0.0.1:${port}`).replace("127.0.0.1:8404", `127.0.0.1:${stats}`)
    .replace(/^ +server replica3.*\n/gm, "")
    .replaceAll("health-agent-1:8080", `127.0.0.1:${servers[0]}`).replaceAll("health-agent-2:8080", `127.0.0.1:${servers[1]}`);
const folder = tempFolder();
async function startBalancer(servers) {
  writeFileSync(`${folder}/haproxy.cfg`, config(servers));
  return new Program("haproxy", ["-db", "-f", "haproxy.cfg"], { cwd: folder }).ready(`http://127.0.0.1:${port}/api/health`);
}
let haproxy = await startBalancer(replicas.map((one) => one.api));
const get = (path, headers = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers: { ...key, ...headers } });

test("a request id goes through, both ways, and into the balancer's log", async () => {
  const response = await get("/api/v1/users/nobody", { "X-Request-ID": "one.2-three" });
  assert.equal(response.status, 404);
  assert.equal(response.headers.get("x-request-id"), "one.2-three");
  await until("the line is in the log", () => haproxy.output.includes("id=one.2-three"));
});

test("one that the service would not take is not passed on", async () => {
  const response = await get("/api/v1/users/nobody", { "X-Request-ID": "not one" });
  assert.match(response.headers.get("x-request-id"), /^[0-9a-f-]{36}$/);
});

test("metrics and the console are for the inside, however they are written", async () => {
  for (const path of ["/metrics", "/METRICS", "/%6detrics", "/console", "/console/app.js"]) assert.equal((await get(path)).status, 404, path);
  assert.equal((await fetch(`http://127.0.0.1:${stats}/metrics`)).status, 200, "the balancer's own");
});

test("a replica that dies is not noticed by its users", async () => {
  let failed = 0;
  const load = async () => {
    for (let i = 0; i < 150; ++i) {
      // Where a request was on its way into the replica that died, no balancer may send it again.
      await get("/api/v1/users/nobody").then((response) => (failed += response.status !== 404), () => ++failed);
      if (i === 30) await replicas[0].end("SIGTERM");
    }
  };
  await load();
  assert.equal(failed, 0);
  await replicas[0].start();
});

test("what may have been carried out is not sent again", async () => {
  await haproxy.end();
  // Reads the request, and closes without an answer.
  let seen = 0;
  const sink = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      if (String(data).includes("GET /api/health")) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      else if (++seen) socket.destroy();
    });
  });
  const sinkPort = await freePort();
  await new Promise((resolve) => sink.listen(sinkPort, "127.0.0.1", resolve));
  sink.unref();
  haproxy = await startBalancer([sinkPort, sinkPort]);
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/chat`, { method: "POST", body: "{}", headers: key });
  assert.equal(response.status, 502);
  assert.equal(seen, 1);
  sink.close();
});

test("everything ends", async () => {
  await haproxy.end();
  for (const replica of replicas) await replica.end();
  setImmediate(() => process.exit(process.exitCode ?? 0));
});
