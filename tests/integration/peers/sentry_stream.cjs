// Sends a streamed trace, an error within it and three metrics by Sentry's official SDK: `sentry_stream.cjs DSN`.
// Ends when all of it has been answered.
const Sentry = require("@sentry/node");

Sentry.init({
  dsn: process.argv[2],
  environment: "test",
  release: "kitchen@1.2.3",
  serverName: "stove",
  tracesSampleRate: 1,
  traceLifecycle: "stream",
  enableMetrics: true,
  defaultIntegrations: false,
  integrations: [Sentry.spanStreamingIntegration()],
});

Sentry.setUser({ id: "ann" });
Sentry.startSpan({ name: "GET /orders", op: "http.server", attributes: { eggs: 12, ratio: 0.5, fresh: true, kitchen: "north" } }, () => {
  Sentry.startSpan({ name: "SELECT * FROM orders", op: "db", attributes: { "db.system.name": "sqlite" } }, (span) => {
    span.setStatus({ code: 2, message: "internal_error" });
  });
  Sentry.metrics.count("orders.placed", 1, { attributes: { till: 4 } });
  Sentry.metrics.gauge("pots.free", 3);
  Sentry.metrics.distribution("order.total", 12.5, { unit: "euro" });
});
Sentry.close(20_000).then((done) => process.exit(done ? 0 : 1));
