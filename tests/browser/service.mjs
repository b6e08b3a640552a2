// A health-agent of the test's own, in a fresh folder on free ports, with a server that takes its envelopes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { freePort } from "../ports.mjs";

async function envelopeSink() {
  const server = http.createServer((request, response) => {
    request.resume();
    request.on("end", () => response.end("{}"));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Starts it with these settings; `demo` adds the synthetic users. */
export async function startService(program, settings = {}, { demo = true } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "console-"));
  const sink = await envelopeSink();
  const port = await freePort();
  const environment = {
    API_PORT: String(port), PROMETHEUS_PORT: "0", LOG_LEVEL: "warning", ENABLE_SENTRY: "true",
    SENTRY_DSN: `http://key@127.0.0.1:${sink.address().port}/1`, SENTRY_CACHE_DIR: "",
    FAULTS: "handler:0.02,db:0.005,agent:0.05", ...settings,
  };
  const child = spawn(path.resolve(program), demo ? ["--demo"] : [], { cwd: folder, env: environment, stdio: ["ignore", "pipe", "pipe"] });
  process.on("exit", () => child.kill("SIGKILL")); // what a claim that does not hold has left
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => { output += piece; });
  const url = `http://127.0.0.1:${port}`;
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const service = {
    url,
    child,
    output: () => output,
    async stop() {
      const end = ended() ? Promise.resolve() : once(child, "exit");
      child.kill("SIGTERM");
      const began = Date.now();
      await end;
      sink.closeAllConnections();
      sink.close();
      fs.rmSync(folder, { recursive: true, force: true });
      return { code: child.exitCode, seconds: (Date.now() - began) / 1000 };
    },
  };
  for (const until = Date.now() + 30_000; Date.now() < until;) {
    if (ended()) break;
    try {
      if ((await fetch(`${url}/api/health`)).ok) return service;
    } catch {
      // It does not listen yet.
    }
    await new Promise((resume) => setTimeout(resume, 50));
  }
  child.kill("SIGKILL");
  sink.close();
  throw new Error(`the service did not start:\n${output}`);
}
