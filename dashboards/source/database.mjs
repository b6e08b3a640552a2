import { chosen, dashboard, lines, quantile, query, rate, row, spread } from "./panels.mjs";

export default dashboard({
  uid: "health-agent-database",
  title: "health-agent: database and pool",
  description: "Queries by type and table, their failures, and whether there are enough connections.",
  rows: [
    row("Queries",
      lines("Queries", "Per second, failed ones included, by type and table.",
        [query(rate("db_queries_total", chosen, ["query_type", "table"]), "{{query_type}} {{table}}")], { unit: "ops", stack: true }),
      lines("Duration", "By type. A dot is a query with its trace.",
        [query(quantile(0.5, "db_query_duration_seconds", chosen, ["query_type"]), "p50 {{query_type}}"),
          query(quantile(0.99, "db_query_duration_seconds", chosen, ["query_type"]), "p99 {{query_type}}", { exemplars: true })], { unit: "s" }),
      lines("Failures", "By kind and table.",
        [query(rate("db_query_errors_total", chosen, ["error_type", "table"]), "{{error_type}} {{table}}")], { unit: "ops" }),
      spread("Spread of durations", "All queries.", "db_query_duration_seconds", chosen)),
    row("Connection pool",
      lines("Connections in use", "By replica, with the pool's size.",
        [query(`db_connection_pool_size{${chosen}} - db_connection_pool_available{${chosen}}`, "{{instance}} in use"),
          query(`db_connection_pool_size{${chosen}}`, "{{instance}} size")], { width: 8 }),
      lines("Wait for a connection", "By replica.",
        [query(quantile(0.5, "db_connection_pool_wait_seconds", chosen, ["instance"]), "p50 {{instance}}"),
          query(quantile(0.99, "db_connection_pool_wait_seconds", chosen, ["instance"]), "p99 {{instance}}")],
        { unit: "s", width: 8, thresholds: [[0.1, "red"]] }),
      lines("Queries for each request", "Grows when a handler asks in a loop.",
        [query(`${rate("db_queries_total", chosen)} / ${rate("http_requests_total", `${chosen},endpoint!~"/metrics|/console.*"`)}`, "queries")], { width: 8 })),
  ],
});
