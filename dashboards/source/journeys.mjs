import { chosen, dashboard, lines, number, query, row } from "./panels.mjs";

const steps = ["created", "first_message", "first_food_entry", "second_day"];
const reached = (step, window) => `sum(increase(user_journey_steps_total{${chosen},journey="onboarding",step="${step}"}[${window}]))`;

export default dashboard({
  uid: "health-agent-journeys",
  title: "health-agent: journeys",
  description: "How far new users come, and how long it takes them.",
  rows: [
    row("Onboarding, the last day",
      ...steps.map((step) => number(step, `Users who reached the step ${step} in the last 24 hours.`, [query(reached(step, "1d"))], { width: 6, decimals: 0 }))),
    row("Over time",
      lines("Users by step", "In each hour.",
        [query(`sum by (step) (increase(user_journey_steps_total{${chosen},journey="onboarding"}[1h]))`, "{{step}}")]),
      lines("Of those who came", "Share of the last day's new users, by step. A step may lie in another day than the beginning.",
        steps.slice(1).map((step) => query(`${reached(step, "1d")} / ${reached("created", "1d")}`, step)), { unit: "percentunit" })),
    row("How long",
      lines("Half of the users needed less", "From the journey's beginning to the step, over the last day.",
        [query(`histogram_quantile(0.5, sum by (step, le) (rate(user_journey_duration_seconds_bucket{${chosen},journey="onboarding"}[1d])))`, "{{step}}")], { unit: "s" }),
      lines("Nine in ten needed less", "The same.",
        [query(`histogram_quantile(0.9, sum by (step, le) (rate(user_journey_duration_seconds_bucket{${chosen},journey="onboarding"}[1d])))`, "{{step}}")], { unit: "s" })),
  ],
});
