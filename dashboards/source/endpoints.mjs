import { chosen, dashboard, lines, ofUsers, quantile, query, rate, row, spread, table } from "./panels.mjs";

export default dashboard({
  uid: "health-agent-endpoints",
  title: "health-agent: endpoints",
  description: "Each route by itself: how often, how slow, how wrong.",
  rows: [
    row("All",
      table("Endpoints", "By route and method; the busiest first.", ["method", "endpoint"], [
        ["Requests/s", "reqps", rate("http_requests_total", chosen, ["method", "endpoint"])],
        ["Failed (5xx)", "percentunit",
          `${rate("http_requests_total", `${chosen},status=~"5.."`, ["method", "endpoint"])} / ${rate("http_requests_total", chosen, ["method", "endpoint"])}`],
        ["Refused (4xx)", "percentunit",
          `${rate("http_requests_total", `${chosen},status=~"4.."`, ["method", "endpoint"])} / ${rate("http_requests_total", chosen, ["method", "endpoint"])}`],
        ["p50", "s", quantile(0.5, "http_request_duration_seconds", chosen, ["method", "endpoint"])],
        ["p95", "s", quantile(0.95, "http_request_duration_seconds", chosen, ["method", "endpoint"])],
        ["p99", "s", quantile(0.99, "http_request_duration_seconds", chosen, ["method", "endpoint"])],
      ], { height: 12 })),
    row("By endpoint",
      lines("Requests", "Per second.", [query(rate("http_requests_total", ofUsers, ["method", "endpoint"]), "{{method}} {{endpoint}}")], { unit: "reqps" }),
      lines("p95", "A dot is a request with its trace.",
        [query(quantile(0.95, "http_request_duration_seconds", ofUsers, ["method", "endpoint"]), "{{method}} {{endpoint}}", { exemplars: true })], { unit: "s" }),
      lines("Errors", "By class and endpoint.", [query(rate("http_errors_total", chosen, ["endpoint", "error_type"]), "{{error_type}} {{endpoint}}")], { unit: "reqps" }),
      lines("Answers that are no 2xx", "By status and endpoint.",
        [query(rate("http_requests_total", `${chosen},status!~"2.."`, ["status", "endpoint"]), "{{status}} {{endpoint}}")], { unit: "reqps" })),
    row("Chat",
      spread("Duration of chats", "The agent's time is in it.", "http_request_duration_seconds", `${chosen},endpoint="/api/v1/chat"`),
      lines("Chats", "By status.", [query(rate("http_requests_total", `${chosen},endpoint="/api/v1/chat"`, ["status"]), "{{status}}")], { unit: "reqps", stack: true })),
  ],
});
