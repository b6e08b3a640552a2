import { chosen, dashboard, lines, number, orNone, query, rate, row } from "./panels.mjs";

const gets = `${chosen},operation="get"`;

export default dashboard({
  uid: "health-agent-cache",
  title: "health-agent: cache",
  description: "Whether the cache helps, and whether it is there.",
  rows: [
    row("Now",
      number("Hit rate", "Over the last five minutes, the mean of the replicas, as they say themselves.", [query(`avg(cache_hit_rate{${chosen}} >= 0)`)],
        { unit: "percentunit", width: 8 }),
      number("Calls", "Per second.", [query(rate("cache_operations_total", chosen))], { unit: "ops", width: 8 }),
      number("Failed", "Share of calls. The service goes on without its cache.",
        [query(`${orNone(rate("cache_operations_total", `${chosen},result="error"`))} / ${rate("cache_operations_total", chosen)}`)],
        { unit: "percentunit", width: 8, thresholds: [[0.05, "red"]] })),
    row("Reads",
      lines("Reads by result", "A hit saves a query.", [query(rate("cache_operations_total", gets, ["result"]), "{{result}}")], { unit: "ops", stack: true }),
      lines("Hit rate", "By replica: from its counters, and as it says itself.",
        [query(`sum by (instance) (rate(cache_operations_total{${gets},result="hit"}[$__rate_interval])) / sum by (instance) (rate(cache_operations_total{${gets},result=~"hit|miss"}[$__rate_interval]))`, "{{instance}} counted"),
          query(`cache_hit_rate{${chosen}}`, "{{instance}} five minutes")], { unit: "percentunit", max: 1 })),
    row("Writes",
      lines("Writes and removals", "By operation and result.",
        [query(rate("cache_operations_total", `${chosen},operation!="get"`, ["operation", "result"]), "{{operation}} {{result}}")], { unit: "ops", stack: true }),
      lines("Queries that were left", "SELECTs, beside the reads that found nothing.",
        [query(rate("db_queries_total", `${chosen},query_type="SELECT"`), "SELECT"),
          query(rate("cache_operations_total", `${gets},result=~"miss|error"`), "not found")], { unit: "ops" })),
  ],
});
