// A service that OpenTelemetry's official SDK instruments, on 127.0.0.1: `otel_service.cjs PORT [tracecontext|b3|b3multi]`.
//   POST /v1/chat/completions   answers as a model does, so that a service calls it
//   POST /call?url=…            sends the body on, within a span of its own that has a tracestate and baggage
//   GET  /spans                 the spans that have ended, and the baggage that each server's span saw
const { context, propagation, trace, createTraceState } = require("@opentelemetry/api");
const { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } = require("@opentelemetry/core");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { B3InjectEncoding, B3Propagator } = require("@opentelemetry/propagator-b3");
const { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace-node");

const form = process.argv[3] ?? "tracecontext";
const own = {
  tracecontext: () => new W3CTraceContextPropagator(),
  b3: () => new B3Propagator({ injectEncoding: B3InjectEncoding.SINGLE_HEADER }),
  b3multi: () => new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
}[form]();
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register({ propagator: new CompositePropagator({ propagators: [own, new W3CBaggagePropagator()] }) });
registerInstrumentations({
  instrumentations: [new HttpInstrumentation({ ignoreIncomingRequestHook: (request) => request.url === "/spans" })],
});

const http = require("node:http");
const baggage = {};

function read(stream) {
  return new Promise((done) => {
    const chunks = [];
    stream.on("data", (chunk) => chunks.push(chunk));
    stream.on("end", () => done(Buffer.concat(chunks).toString()));
  });
}

function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function call(url, body) {
  return new Promise((done, failed) => {
    const request = http.request(url, { method: "POST", headers: { "content-type": "application/json" } }, async (response) =>
      done({ status: response.statusCode, body: await read(response) }));
    request.on("error", failed);
    request.end(body);
  });
}

/** A trace of this service's own, whose state and baggage others have written into. */
async function callWithState(url, body) {
  const outer = { traceId: process.env.TRACE_ID, spanId: "00f067aa0ba902b7", traceFlags: 1, isRemote: true, traceState: createTraceState("vendor=one,other=two") };
  let within = trace.setSpanContext(context.active(), outer);
  within = propagation.setBaggage(within, propagation.createBaggage({ tenant: { value: "kitchen & co" }, shift: { value: "early" } }));
  return context.with(within, () => call(url, body));
}

const server = http.createServer(async (request, response) => {
  const body = await read(request);
  const url = new URL(request.url, "http://localhost");
  if (url.pathname === "/spans") {
    const spans = exporter.getFinishedSpans().map((span) => ({
      name: span.name, kind: span.kind, ...span.spanContext(), parent: span.parentSpanContext?.spanId ?? null,
      state: span.spanContext().traceState?.serialize() ?? "", baggage: baggage[span.spanContext().spanId] ?? null,
    }));
    return answer(response, 200, spans);
  }
  const seen = propagation.getActiveBaggage();
  const span = trace.getActiveSpan();
  if (span && seen) baggage[span.spanContext().spanId] = Object.fromEntries(seen.getAllEntries().map(([name, entry]) => [name, entry.value]));
  if (url.pathname === "/call") return answer(response, 200, await callWithState(url.searchParams.get("url"), body));
  answer(response, 200, {
    id: "1", object: "chat.completion", created: 0, model: "egg-1",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "Hello." } }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
