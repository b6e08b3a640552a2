// Real servers for the tests, on free ports of 127.0.0.1, and gone when the test is.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../ports.mjs";

export { freePort };

const running = new Set();
const folders = [];

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

export function tempFolder() {
  const folder = mkdtempSync(`${tmpdir()}/vitals-deploy-`);
  folders.push(folder);
  return folder;
}

/** Waits until `condition` gives something true, and gives it; fails with `what` and what `tell` says at the deadline. */
export async function until(what, condition, { within = 30, tell = () => "" } = {}) {
  const end = Date.now() + within * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) assert.fail(`not within ${within} s: ${what}\n${await tell()}`);
    await sleep(200);
  }
}

export const answers = (url) => fetch(url).then((response) => response.arrayBuffer().then(() => response.status), () => 0);

/** A program that runs beside the test. */
export class Program {
  output = "";
  constructor(command, words, { cwd, env = {} } = {}) {
    this.child = spawn(command, words, { cwd, env: { PATH: process.env.PATH, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.child);
    this.ended = new Promise((resolve) => {
      this.child.once("error", (error) => resolve((this.output += error)));
      this.child.once("exit", resolve);
    }).finally(() => running.delete(this.child));
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on("data", (data) => (this.output = (this.output + data).slice(-20000)));
  }
  /** Waits until the address answers with 200. */
  async ready(url) {
    await until(`${this.child.spawnfile} answers at ${url}`, async () => (await answers(url)) === 200, { tell: () => this.output });
    return this;
  }
  async end(signal = "SIGTERM") {
    this.child.kill(signal);
    await this.ended;
  }
}

/** A health-agent, which can be killed and started again at the same ports with other settings. */
export class Replica {
  constructor(program, { api, metrics, settings = {} }) {
    Object.assign(this, { program: resolve(program), api, metrics, settings, folder: tempFolder() });
    mkdirSync(`${this.folder}/data`, { recursive: true });
  }
  static async make(program, settings) {
    return new Replica(program, { api: await freePort(), metrics: await freePort(), settings });
  }
  get url() {
    return `http://127.0.0.1:${this.api}`;
  }
  async start(more = {}, words = []) {
    this.process = new Program(this.program, words, {
      cwd: this.folder,
      env: { API_PORT: String(this.api), PROMETHEUS_PORT: String(this.metrics), LOG_LEVEL: "warning", ...this.settings, ...more },
    });
    await this.process.ready(`${this.url}/api/health`);
  }
  async end(signal) {
    await this.process.end(signal);
  }
}

export async function startVictoria() {
  const port = await freePort();
  const server = await new Program("victoria-metrics",
    [`-storageDataPath=${tempFolder()}`, `-httpListenAddr=127.0.0.1:${port}`, "-retentionPeriod=1", "-memory.allowedBytes=64MB",
      "-search.latencyOffset=0s", "-search.disableCache"]).ready(`http://127.0.0.1:${port}/health`);
  return { port, server, url: `http://127.0.0.1:${port}` };
}

/** A PostgreSQL of its own, which can be stopped and started again with what it holds. */
export class Postgres {
  static #programs = "/usr/lib/postgresql";
  // It does not run for root.
  static #user = process.getuid() === 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : [];
  static #command(name, ...words) {
    const newest = readdirSync(Postgres.#programs).sort((a, b) => b - a)[0];
    return [...Postgres.#user, `${Postgres.#programs}/${newest}/bin/${name}`, ...words];
  }

  static async make() {
    const postgres = new Postgres();
    postgres.folder = tempFolder();
    postgres.port = await freePort();
    if (Postgres.#user.length) execFileSync("chown", ["postgres", postgres.folder]);
    const [program, ...words] = Postgres.#command("initdb", "-D", `${postgres.folder}/data`, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync");
    execFileSync(program, words, { cwd: postgres.folder, stdio: ["ignore", "ignore", "pipe"] });
    await postgres.start();
    return postgres;
  }
  get url() {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres`;
  }
  async start() {
    const [program, ...words] = Postgres.#command("postgres", "-D", `${this.folder}/data`, "-p", String(this.port), "-c", "fsync=off",
      "-c", "listen_addresses=127.0.0.1", "-c", `unix_socket_directories=${this.folder}`);
    this.process = new Program(program, words, { cwd: this.folder });
    await until("PostgreSQL is ready", () => this.process.output.includes("ready to accept connections"), { tell: () => this.process.output });
  }
  /** At once, whatever is under way. */
  async stop() {
    await this.process.end("SIGINT");
  }
}

/** Prometheus' answer to an instant query: its series. */
export async function ask(url, expr) {
  const response = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expr })}`);
  const body = await response.json();
  assert.equal(body.status, "success", `${expr}: ${body.error}`);
  return body.data.resultType === "scalar" ? [{ metric: {}, value: body.data.result }] : body.data.result;
}
