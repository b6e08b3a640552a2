#include "bench/overhead/report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <optional>

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

// What is measured of the whole process. `sign` is -1 where less is worse.
struct Measure {
  Field field;
  const char* name;    // In the table of values.
  const char* change;  // In the table of costs.
  double unit;
  const char* pattern;
  double sign;
};

constexpr std::array kMeasures{
    Measure{&Slot::requests_per_second, "requests/s", "throughput lost", 1, "%.0f", -1},
    Measure{&Slot::cpu_us_per_request, "CPU us/request", "CPU added", 1, "%.1f", 1},
    Measure{&Slot::cpu_us_at_rate, "CPU us/request at rate", "CPU added at rate", 1, "%.1f", 1},
    Measure{&Slot::p50_us_at_rate, "p50 ms at rate", "p50 added at rate", 1000, "%.3f", 1},
    Measure{&Slot::p99_us_at_rate, "p99 ms at rate", "p99 added at rate", 1000, "%.3f", 1},
};

std::string value_with_spread(const Measured& measured, std::size_t variant,
                              const Measure& measure) {
  const std::vector<double> values = column(measured, variant, measure.field);
  std::string text;
  for (const double share : {0.5, 0.25, 0.75}) {
    std::array<char, 32> number{};
    // The pattern is one of kMeasures'.
    std::snprintf(number.data(), number.size(), measure.pattern,
                  quantile(values, share) / measure.unit);
    text += share == 0.5    ? number.data()
            : share == 0.25 ? std::string{" ("} + number.data()
                            : std::string{"…"} + number.data() + ")";
  }
  return text;
}

Ratio ratio_of(const Measured& measured, std::size_t variant, Field field) {
  return ratio(column(measured, variant, field), column(measured, 0, field));
}

// A cost is positive where (a) is better, whatever the measure.
struct Cost {
  double value = 0;
  double lower = 0;
  double upper = 0;
};

Cost cost_of(const Measured& measured, std::size_t variant, const Measure& measure) {
  const Ratio found = ratio_of(measured, variant, measure.field);
  const double one = (found.lower - 1) * measure.sign;
  const double other = (found.upper - 1) * measure.sign;
  return {(found.of_medians - 1) * measure.sign, std::min(one, other), std::max(one, other)};
}

std::string to_text(const Cost& cost) {
  return format("%+.1f %% (%+.1f…%+.1f)", cost.value * 100, cost.lower * 100, cost.upper * 100);
}

struct Limit {
  char letter;  // of the variant
  const char* what;
  double at_most;  // A share.
};

constexpr std::array kLimits{
    Limit{'d', "the whole monitoring, Sentry at 10 % sampling", 0.015},
    Limit{'c', "metrics alone", 0.005},
    Limit{'b', "both off", 0.001},
    Limit{'g', "metrics and OTLP at 10 % sampling", 0.03},
};

constexpr const Measure& kThroughput = kMeasures[0];
constexpr const Measure& kCpuAtRate = kMeasures[2];
constexpr const Measure& kP99AtRate = kMeasures[4];

/// Where the variant of that letter stands; nothing: it was not measured.
std::optional<std::size_t> find(const Measured& measured, char letter) {
  for (std::size_t i = 0; i < measured.variants.size(); ++i) {
    if (measured.variants[i].letter == letter) return i;
  }
  return std::nullopt;
}

// On the whole process. p99 has a limit for the whole monitoring only.
std::string verdict(const Measured& measured, const Limit& limit, std::size_t variant) {
  std::vector<Cost> costs{cost_of(measured, variant, kThroughput),
                          cost_of(measured, variant, kCpuAtRate)};
  if (limit.letter == 'd') costs.push_back(cost_of(measured, variant, kP99AtRate));
  bool met = true;
  bool doubt = false;
  for (const Cost& cost : costs) {
    met = met && cost.value <= limit.at_most;
    // Where the quartiles lie on both sides of the limit the rounds do not agree.
    doubt = doubt || (cost.lower <= limit.at_most && cost.upper > limit.at_most);
  }
  return std::string{met ? "met" : "MISSED"} +
         (doubt ? ", but the rounds differ by more than the limit" : "");
}

// Pads by characters, not by bytes: the tables hold dots of three bytes.
std::string padded(const std::string& text, std::size_t width) {
  std::size_t characters = 0;
  for (const char byte : text)
    characters += (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
  return std::string(characters < width ? width - characters : 0, ' ') + text;
}

std::string name_of(const Variant& variant) {
  return std::string{"("} + variant.letter + ") " + variant.name;
}

std::string conditions(const Measured& measured) {
  return format(
      "GET /api/v1/users/{user_id} on SQLite, %d connections, %zu rounds of %d s, "
      "LOG_LEVEL=warning: "
      "as many requests as it takes, then %d a second. Medians, in brackets the quartiles of the "
      "rounds. CPU is that of the whole process, all threads.",
      measured.load.connections, measured.slots[0].size(), measured.load.seconds,
      measured.load.rate);
}

}  // namespace

std::string to_text(const Measured& measured) {
  std::string text = "\n" + conditions(measured) + "\n\n";
  const auto heading = [&text](const char* Measure::*name) {
    text += format("%-36s", "");
    for (const Measure& measure : kMeasures)
      text += padded(measure.*name, 26);
    text += "\n";
  };
  heading(&Measure::name);
  for (std::size_t i = 0; i < measured.variants.size(); ++i) {
    text += format("%-36s", name_of(measured.variants[i]).c_str());
    for (const Measure& measure : kMeasures)
      text += padded(value_with_spread(measured, i, measure), 26);
    text += "\n";
  }
  text += format(
      "\nWhat it costs against (%c), ratio of medians; in brackets the quartiles of the rounds' "
      "own "
      "ratios\n\n",
      measured.variants[0].letter);
  heading(&Measure::change);
  for (std::size_t i = 1; i < measured.variants.size(); ++i) {
    text += format("%-36s", name_of(measured.variants[i]).c_str());
    for (const Measure& measure : kMeasures)
      text += padded(to_text(cost_of(measured, i, measure)), 26);
    text += "\n";
  }
  text +=
      "\nThe budget, on the whole process: throughput, CPU at rate, and p99 at rate for Sentry\n\n";
  for (const Limit& limit : kLimits) {
    const std::optional<std::size_t> variant = find(measured, limit.letter);
    if (!variant || *variant == 0) continue;
    text += format("%-47s at most %4.1f %%  throughput %s, CPU %s, p99 %s  ", limit.what,
                   limit.at_most * 100, to_text(cost_of(measured, *variant, kThroughput)).c_str(),
                   to_text(cost_of(measured, *variant, kCpuAtRate)).c_str(),
                   to_text(cost_of(measured, *variant, kP99AtRate)).c_str()) +
            verdict(measured, limit, *variant) + "\n";
  }
  text += "\nInstructions a request, user space only, " + measured.instructions.how + "\n\n";
  text +=
      format("%-36s%14s%14s%14s%20s\n", "", "serving", "background", "together", "of the first");
  const auto& counted = measured.instructions.per_request;
  for (std::size_t i = 0; i < measured.variants.size(); ++i) {
    if (!counted[i] || !counted[0]) continue;
    const auto together = [](const InstructionCount& count) {
      return count.serving + count.background;
    };
    text += format("%-36s%14.0f%14.0f%14.0f%19.1f%%\n", name_of(measured.variants[i]).c_str(),
                   counted[i]->serving, counted[i]->background, together(*counted[i]),
                   together(*counted[i]) / together(*counted[0]) * 100);
  }
  text += "\nvitals_sentry_events_total of (d), all rounds:\n";
  for (const auto& [name, count] : measured.sentry_events) {
    if (count > 0) text += format("  %-28s %12.0f\n", name.c_str(), count);
  }
  text += "its sink: " + measured.sink;
  return text;
}

std::string to_markdown(const Measured& measured) {
  constexpr std::array<std::size_t, 4> kQuoted{0, 1, 2, 4};
  std::string text = conditions(measured) + "\n\n| ";
  for (const std::size_t column : kQuoted)
    text += std::string{"| "} + kMeasures[column].name + " ";
  text += "|\n|---|---|---|---|---|\n";
  for (std::size_t i = 0; i < measured.variants.size(); ++i) {
    text += "| " + measured.variants[i].name + " ";
    for (const std::size_t column : kQuoted)
      text += "| " + value_with_spread(measured, i, kMeasures[column]) + " ";
    text += "|\n";
  }
  text += "\n| added to the first line | at most ";
  for (const std::size_t column : kQuoted)
    text += std::string{"| "} + kMeasures[column].change + " ";
  text += "| the budget is |\n|---|---|---|---|---|---|---|\n";
  for (const Limit& limit : kLimits) {
    const std::optional<std::size_t> variant = find(measured, limit.letter);
    if (!variant || *variant == 0) continue;
    text += std::string{"| "} + limit.what + format(" | %.1f %% ", limit.at_most * 100);
    for (const std::size_t column : kQuoted)
      text += "| " + to_text(cost_of(measured, *variant, kMeasures[column])) + " ";
    text += "| " + verdict(measured, limit, *variant) + " |\n";
  }
  // A client that drops its work would look cheap.
  const auto transactions = [&measured](const std::string& outcome) {
    const auto found = measured.sentry_events.find("transaction/" + outcome);
    return found == measured.sentry_events.end() ? 0 : found->second;
  };
  double kept = 0;
  for (const auto& [name, count] : measured.sentry_events) {
    if (name.starts_with("transaction/") && name != "transaction/sampled") kept += count;
  }
  if (kept > 0)
    text += format("\nOf the transactions that sampling kept %.1f %% were sent.\n",
                   transactions("sent") / kept * 100);
  return text;
}

std::string to_json(const Measured& measured) {
  Json variants = Json::array();
  for (std::size_t i = 0; i < measured.variants.size(); ++i) {
    Json rounds = Json::array();
    for (const Slot& slot : measured.slots[i]) {
      rounds.push_back({{"requests_per_second", slot.requests_per_second},
                        {"cpu_us_per_request", slot.cpu_us_per_request},
                        {"user_share", slot.user_share},
                        {"p50_us_at_rate", slot.p50_us_at_rate},
                        {"p99_us_at_rate", slot.p99_us_at_rate},
                        {"cpu_us_at_rate", slot.cpu_us_at_rate}});
    }
    Json costs = Json::object();
    for (const Measure& measure : kMeasures) {
      const Cost cost = cost_of(measured, i, measure);
      costs[measure.change] = {{"share", cost.value}, {"lower", cost.lower}, {"upper", cost.upper}};
    }
    const std::optional<InstructionCount> counted = measured.instructions.per_request[i];
    variants.push_back(
        {{"letter", std::string(1, measured.variants[i].letter)},
         {"name", measured.variants[i].name},
         {"rounds", std::move(rounds)},
         {"costs", std::move(costs)},
         {"instructions_per_request", counted ? Json(counted->serving) : Json()},
         {"background_instructions_per_request", counted ? Json(counted->background) : Json()}});
  }
  Json limits = Json::array();
  for (const Limit& limit : kLimits) {
    const std::optional<std::size_t> variant = find(measured, limit.letter);
    if (!variant || *variant == 0) continue;
    limits.push_back({{"what", limit.what},
                      {"at_most", limit.at_most},
                      {"verdict", verdict(measured, limit, *variant)}});
  }
  return Json{{"connections", measured.load.connections},
              {"seconds_per_round", measured.load.seconds},
              {"rate", measured.load.rate},
              {"instructions", measured.instructions.how},
              {"variants", std::move(variants)},
              {"budget", std::move(limits)},
              {"sentry_events", measured.sentry_events},
              {"sink", measured.sink}}
             .dump(2) +
         "\n";
}

}  // namespace overhead
