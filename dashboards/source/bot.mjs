import { chosen, dashboard, lines, number, orNone, quantile, query, rate, row, spread } from "./panels.mjs";

export default dashboard({
  uid: "health-agent-bot",
  title: "health-agent: bot",
  description: "What comes in by Telegram, and how it is answered.",
  rows: [
    row("Now",
      number("Updates", "Per second.", [query(rate("bot_updates_total", chosen))], { unit: "ops", width: 8 }),
      number("Failed", "Share of updates that ended in an apology.",
        [query(`${orNone(rate("bot_updates_total", `${chosen},status="error"`))} / ${rate("bot_updates_total", chosen)}`)],
        { unit: "percentunit", width: 8, thresholds: [[0.05, "orange"], [0.2, "red"]] }),
      number("p95", "From taking an update to having answered.", [query(quantile(0.95, "bot_update_duration_seconds", chosen))], { unit: "s", width: 8 })),
    row("Updates",
      lines("Updates", "By kind and outcome.", [query(rate("bot_updates_total", chosen, ["kind", "status"]), "{{kind}} {{status}}")], { unit: "ops", stack: true }),
      lines("Duration", "By kind.",
        [query(quantile(0.5, "bot_update_duration_seconds", chosen, ["kind"]), "p50 {{kind}}"),
          query(quantile(0.95, "bot_update_duration_seconds", chosen, ["kind"]), "p95 {{kind}}")], { unit: "s" }),
      lines("Who polls", "Only one replica does at a time.", [query(rate("bot_updates_total", chosen, ["instance"]), "{{instance}}")], { unit: "ops" }),
      spread("Spread of durations", "All updates.", "bot_update_duration_seconds", chosen)),
  ],
});
