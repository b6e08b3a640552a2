// What the charts show: a track's key is `panel.line`, as the service names it.

const quantiles = (track) => [
  { key: `${track}.p99`, label: "p99", colour: "violet" },
  { key: `${track}.p95`, label: "p95", colour: "blue" },
  { key: `${track}.p50`, label: "p50", colour: "cyan" },
];

const STATUS = { "1xx": "grey", "2xx": "blue", "3xx": "cyan", "4xx": "amber", "5xx": "red" };

/** The share of the requests whose status begins with a digit. */
const share = (digit) => (data, calm) => {
  const total = new Array(data.times.length).fill(0);
  const lines = data.matching("http.status").map(([key, values]) => [key, calm(values)]);
  for (const [, values] of lines) values.forEach((value, i) => { total[i] += value ?? 0; });
  const part = lines.find(([key]) => key === `http.status.${digit}xx`)?.[1] ?? [];
  return total.map((sum, i) => (sum > 0 ? (part[i] ?? 0) / sum : null));
};

export const SECTIONS = [
  {
    id: "http", title: "HTTP", panels: [
      { id: "http-status", title: "Requests by status", unit: "/s", by: "http.status", colours: STATUS, stack: true },
      {
        id: "http-share", title: "Share of errors", unit: "share", needs: "http.status", lines: [
          { of: share("5"), label: "5xx", colour: "red" },
          { of: share("4"), label: "4xx", colour: "amber" },
        ],
      },
      { id: "http-latency", title: "Latency", unit: "s", lines: quantiles("http.latency") },
    ],
  },
  {
    id: "db", title: "Database", panels: [
      { id: "db-queries", title: "Queries by type", unit: "/s", by: "db.queries", stack: true,
        colours: { SELECT: "blue", INSERT: "green", UPDATE: "violet", DELETE: "pink", OTHER: "grey" } },
      { id: "db-latency", title: "Query time", unit: "s", lines: quantiles("db.latency") },
      { id: "db-pool", title: "Connection pool", unit: "", lines: [
        { key: "pool.size", label: "size", colour: "grey" },
        { key: "pool.available", label: "free", colour: "green" },
      ] },
      { id: "db-errors", title: "Failed queries", unit: "/s", lines: [{ key: "db.errors", label: "failed", colour: "red" }],
        quiet: "No query has failed." },
    ],
  },
  {
    id: "agent", title: "Agent", panels: [
      { id: "agent-calls", title: "Calls by outcome", unit: "/s", by: "agent.calls", stack: true,
        colours: { success: "blue", error: "red" } },
      { id: "agent-latency", title: "Call time", unit: "s", lines: quantiles("agent.latency") },
      { id: "agent-tokens", title: "Tokens", unit: "/s", by: "agent.tokens", stack: true,
        colours: { input: "cyan", output: "violet" } },
      { id: "agent-cost", title: "Cost by model", unit: "$/h", by: "agent.cost", stack: true, scale: 3600,
        quiet: "No call has been priced." },
    ],
  },
  {
    id: "cache", title: "Cache", panels: [
      { id: "cache-ops", title: "Operations by result", unit: "/s", by: "cache.ops", stack: true,
        colours: { hit: "blue", miss: "amber", ok: "green", error: "red" } },
      { id: "cache-rate", title: "Hit rate, five minutes", unit: "share", top: 1,
        lines: [{ key: "cache.hit_rate", label: "hits", colour: "blue" }] },
    ],
  },
  {
    id: "bot", title: "Bot", optional: "bot.updates", panels: [
      { id: "bot-updates", title: "Updates by outcome", unit: "/s", by: "bot.updates", stack: true,
        colours: { success: "blue", error: "red" } },
      { id: "bot-latency", title: "Update time", unit: "s", lines: quantiles("bot.latency") },
    ],
  },
  {
    id: "process", title: "Process", panels: [
      { id: "process-cpu", title: "CPU, of one core", unit: "share", smooth: true, lines: [{ key: "process.cpu", label: "CPU", colour: "blue" }] },
      { id: "process-memory", title: "Resident memory", unit: "bytes", lines: [{ key: "process.memory", label: "resident", colour: "violet" }] },
      { id: "process-handles", title: "Threads and open files", unit: "", lines: [
        { key: "process.fds", label: "open files", colour: "cyan" },
        { key: "process.threads", label: "threads", colour: "blue" },
      ] },
    ],
  },
];

export const MONITORING = [
  { id: "sentry-events", title: "Errors and traces, by outcome", unit: "/s", by: "sentry.events", stack: true, nonzero: true,
    colours: { sent: "blue", sampled: "grey", network: "red", rate_limited: "amber", queue_full: "pink", before_send: "cyan" } },
  { id: "sentry-queue", title: "Waiting to be sent", unit: "", lines: [{ key: "sentry.queue", label: "in the queue", colour: "blue" }] },
  { id: "sentry-spool", title: "Waiting on disk", unit: "bytes", lines: [{ key: "sentry.spool", label: "spool", colour: "violet" }] },
  { id: "scrape", title: "Scrape time", unit: "s", lines: quantiles("scrape.duration"), quiet: "Nobody has scraped yet." },
];
