// Reads a request of OTLP in protobuf on stdin, by the message definitions of OpenTelemetry's own package, and writes it as JSON:
// `otlp_decode.cjs trace|metrics|logs`. Ids are in hexadecimal and 64-bit numbers are strings, as in OTLP's JSON.
const path = require("node:path");
const folder = path.dirname(require.resolve("@opentelemetry/otlp-transformer/package.json"));
const { opentelemetry } = require(path.join(folder, "build/src/generated/root.js"));

const signal = process.argv[2];
const names = { trace: "ExportTraceServiceRequest", metrics: "ExportMetricsServiceRequest", logs: "ExportLogsServiceRequest" };
const Message = opentelemetry.proto.collector[signal].v1[names[signal]];
const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk));
process.stdin.on("end", () => {
  const message = Message.toObject(Message.decode(Buffer.concat(chunks)), { longs: String, json: true, bytes: Array });
  const ids = new Set(["traceId", "spanId", "parentSpanId"]);
  const shown = JSON.stringify(message, (key, value) => (ids.has(key) ? Buffer.from(value).toString("hex") : value));
  process.stdout.write(shown);
});
