#include "bench/overhead/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "bench/overhead/statistics.h"
#include "integration/support/http.h"

namespace overhead {
namespace {

using integration::Json;

using Field = double Slot::*;

std::vector<double> column(const Measured& measured, std::size_t variant, Field field) {
  std::vector<double> values;
  for (const Slot& slot : measured.slots[variant])
    values.push_back(slot.*field);
  return values;
}

[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...) {
  std::array<char, 512> text{};
  std::va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text.data(), text.size(), pattern, arguments);
  va_end(arguments);
  return text.data();
}

struct Costs {
  Ratio throughput;
  Ratio p99;
  Ratio cpu;
  std::optional<double> instructions;  // A ratio, of those on the serving threads.
  double user_share = 1;
  // What the added instructions are of a request's whole time, the kernel's part included; a share.
  [[nodiscard]] std::optional<double> by_instructions() const {
    if (!instructions) return std::nullopt;
    return (*instructions - 1) * user_share;
  }
};

Costs costs_of(const Measured& measured, std::size_t variant) {
  const auto ratio_of = [&](Field field) {
    return ratio(column(measured, variant, field), column(measured, 0, field));
  };
  Costs costs{.throughput = ratio_of(&Slot::requests_per_second),
              .p99 = ratio_of(&Slot::p99_us),
              .cpu = ratio_of(&Slot::cpu_us_per_request),
              .instructions = {},
              .user_share = median(column(measured, 0, &Slot::user_share))};
  const auto& counted = measured.instructions.per_request;
  if (counted[0] && counted[variant])
    costs.instructions = counted[variant]->serving / counted[0]->serving;
  return costs;
}

std::string percent(double ratio, double sign) {
  return format("%+.2f %%", (ratio - 1) * 100 * sign);
}

std::string with_spread(const Ratio& ratio, double sign) {
  const double low = (std::min(ratio.lower * sign, ratio.upper * sign) - sign) * 100;
  const double high = (std::max(ratio.lower * sign, ratio.upper * sign) - sign) * 100;
  return percent(ratio.of_medians, sign) + format(" (%+.1f…%+.1f)", low, high);
}

struct Limit {
  std::size_t variant;
  const char* what;
  double at_most;  // A share.
};

constexpr std::array kLimits{
    Limit{3, "the whole monitoring, Sentry at 10 % sampling", 0.015},
    Limit{2, "metrics alone", 0.005},
    Limit{1, "both off", 0.001},
};

// Costs are positive where (a) is better. p99 has a limit of its own for the whole monitoring only.
std::string verdict(const Limit& limit, const Costs& costs) {
  const double throughput = 1 - costs.throughput.of_medians;
  const double p99 = costs.p99.of_medians - 1;
  const bool good = throughput <= limit.at_most && (limit.variant != 3 || p99 <= limit.at_most);
  const double spread = (costs.throughput.upper - costs.throughput.lower) / 2;
  const char* doubt =
      spread > limit.at_most ? ", but the rounds differ by more than the limit" : "";
  return std::string{good ? "pass" : "miss"} + doubt;
}

std::string verdict_by_instructions(const Limit& limit, const Costs& costs) {
  const std::optional<double> cost = costs.by_instructions();
  if (!cost) return "not counted";
  return *cost <= limit.at_most ? "pass" : "miss";
}

}  // namespace

std::string to_text(const Measured& measured) {
  std::string text = format(
      "\nGET /api/v1/users/{user_id} on SQLite: %d connections, %zu rounds of %d s, medians; "
      "LOG_LEVEL=warning\n\n"
      "%-34s %11s %9s %9s %12s %9s %12s %12s\n",
      measured.load.connections, measured.slots[0].size(), measured.load.seconds, "", "requests/s",
      "p50 ms", "p99 ms", "CPU us/req", "in user", "instr./req", "background");
  for (std::size_t i = 0; i < measured.variants.size(); ++i) {
    const std::optional<InstructionCount> counted = measured.instructions.per_request[i];
    text += format("(%c) %-30s %11.0f %9.3f %9.3f %12.2f %7.0f %% %12s %12s\n",
                   measured.variants[i].letter, measured.variants[i].name.c_str(),
                   median(column(measured, i, &Slot::requests_per_second)),
                   median(column(measured, i, &Slot::p50_us)) / 1000,
                   median(column(measured, i, &Slot::p99_us)) / 1000,
                   median(column(measured, i, &Slot::cpu_us_per_request)),
                   median(column(measured, i, &Slot::user_share)) * 100,
                   counted ? format("%.0f", counted->serving).c_str() : "-",
                   counted ? format("%.0f", counted->background).c_str() : "-");
  }
  text += "Instructions: " + measured.instructions.how +
          "; background: on the monitoring's own threads\n\n";
  text +=
      "What it costs against (a), ratio of medians; in brackets the quartiles of the rounds' own "
      "ratios\n\n";
  text += format("%-34s %26s %26s %26s %14s\n", "", "throughput lost", "p99 added", "CPU added",
                 "instr. added");
  for (std::size_t i = 1; i < measured.variants.size(); ++i) {
    const Costs costs = costs_of(measured, i);
    text += format("(%c) %-30s %26s %26s %26s %14s\n", measured.variants[i].letter,
                   measured.variants[i].name.c_str(), with_spread(costs.throughput, -1).c_str(),
                   with_spread(costs.p99, 1).c_str(), with_spread(costs.cpu, 1).c_str(),
                   costs.instructions ? percent(*costs.instructions, 1).c_str() : "-");
  }
  text +=
      "\nThe budget; by instructions: those added on the serving threads, times the share of a "
      "request's time in user space\n\n";
  text += format("%-47s %8s %16s %12s %16s  %s\n", "what it may cost", "at most", "throughput lost",
                 "p99 added", "by instructions", "verdict by load; by instructions");
  for (const Limit& limit : kLimits) {
    const Costs costs = costs_of(measured, limit.variant);
    const std::optional<double> counted = costs.by_instructions();
    text += format("%-47s %6.1f %% %16s %12s %16s  %s; %s\n", limit.what, limit.at_most * 100,
                   percent(costs.throughput.of_medians, -1).c_str(),
                   percent(costs.p99.of_medians, 1).c_str(),
                   counted ? percent(1 + *counted, 1).c_str() : "-", verdict(limit, costs).c_str(),
                   verdict_by_instructions(limit, costs).c_str());
  }
  text += "\nvitals_sentry_events_total of (d), all rounds:\n";
  for (const auto& [name, count] : measured.sentry_events) {
    if (count > 0) text += format("  %-28s %12.0f\n", name.c_str(), count);
  }
  text += "its sink: " + measured.sink;
  return text;
}

std::string to_json(const Measured& measured) {
  Json variants = Json::array();
  for (std::size_t i = 0; i < measured.variants.size(); ++i) {
    Json rounds = Json::array();
    for (const Slot& slot : measured.slots[i]) {
      rounds.push_back({{"requests_per_second", slot.requests_per_second},
                        {"p50_us", slot.p50_us},
                        {"p99_us", slot.p99_us},
                        {"cpu_us_per_request", slot.cpu_us_per_request}});
    }
    const Costs costs = costs_of(measured, i);
    const auto ratio_json = [](const Ratio& value) {
      return Json{{"of_medians", value.of_medians},
                  {"lower_quartile", value.lower},
                  {"upper_quartile", value.upper}};
    };
    const std::optional<InstructionCount> counted = measured.instructions.per_request[i];
    variants.push_back(
        {{"letter", std::string(1, measured.variants[i].letter)},
         {"name", measured.variants[i].name},
         {"rounds", std::move(rounds)},
         {"throughput_ratio", ratio_json(costs.throughput)},
         {"p99_ratio", ratio_json(costs.p99)},
         {"cpu_ratio", ratio_json(costs.cpu)},
         {"user_share", median(column(measured, i, &Slot::user_share))},
         {"instructions_per_request", counted ? Json(counted->serving) : Json()},
         {"background_instructions_per_request", counted ? Json(counted->background) : Json()},
         {"instructions_ratio", costs.instructions ? Json(*costs.instructions) : Json()}});
  }
  Json limits = Json::array();
  for (const Limit& limit : kLimits) {
    const Costs costs = costs_of(measured, limit.variant);
    limits.push_back({{"what", limit.what},
                      {"at_most", limit.at_most},
                      {"throughput_lost", 1 - costs.throughput.of_medians},
                      {"p99_added", costs.p99.of_medians - 1},
                      {"cost_by_instructions",
                       costs.by_instructions() ? Json(*costs.by_instructions()) : Json()},
                      {"by_load", verdict(limit, costs)},
                      {"by_instructions", verdict_by_instructions(limit, costs)}});
  }
  return Json{{"connections", measured.load.connections},
              {"seconds_per_round", measured.load.seconds},
              {"instructions", measured.instructions.how},
              {"variants", std::move(variants)},
              {"budget", std::move(limits)},
              {"sentry_events", measured.sentry_events},
              {"sink", measured.sink}}
             .dump(2) +
         "\n";
}

}  // namespace overhead
