#include "vitals/testing/lint.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::testing {
namespace {

using metrics::FamilyInfo;
using metrics::SeriesInfo;

struct Unit {
  std::string_view name;
  std::string_view base;
};

constexpr std::array kUnits{
    Unit{"amperes", "amperes"}, Unit{"bytes", "bytes"},     Unit{"celsius", "celsius"},
    Unit{"grams", "grams"},     Unit{"joules", "joules"},   Unit{"kelvin", "kelvin"},
    Unit{"meters", "meters"},   Unit{"metres", "metres"},   Unit{"moles", "moles"},
    Unit{"seconds", "seconds"}, Unit{"volts", "volts"},     Unit{"minutes", "seconds"},
    Unit{"hours", "seconds"},   Unit{"days", "seconds"},    Unit{"weeks", "seconds"},
    Unit{"bits", "bytes"},      Unit{"calories", "joules"}, Unit{"fahrenheit", "celsius"},
    Unit{"rankine", "celsius"}, Unit{"inches", "meters"},   Unit{"yards", "meters"},
    Unit{"miles", "meters"},    Unit{"pounds", "grams"},    Unit{"ounces", "grams"},
};
constexpr std::array<std::string_view, 19> kPrefixes{
    "",     "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo",
    "kibi", "mega", "mibi", "giga",  "gibi",  "tera",  "tebi", "peta", "pebi"};
constexpr std::array<std::string_view, 14> kAbbreviations{"s",  "ms", "us", "ns", "sec", "b", "kb",
                                                          "mb", "gb", "tb", "pb", "m",   "h", "d"};
constexpr std::array<std::string_view, 5> kTypes{"counter", "gauge", "histogram", "summary",
                                                 "untyped"};

/// Calls `visit(word)` for the parts of a name between underscores.
template <class Visit>
void for_each_word(std::string_view name, const Visit& visit) {
  while (!name.empty()) {
    const std::size_t end = std::min(name.find('_'), name.size());
    visit(name.substr(0, end));
    name.remove_prefix(std::min(end + 1, name.size()));
  }
}

/// The unit that a word is and should not be, with the one it should.
std::optional<Unit> unit_to_avoid(std::string_view word) {
  for (const Unit& unit : kUnits) {
    if (!word.ends_with(unit.name)) continue;
    const std::string_view prefix = word.substr(0, word.size() - unit.name.size());
    if (std::ranges::find(kPrefixes, prefix) == kPrefixes.end()) continue;
    if (prefix.empty() && unit.name == unit.base) return std::nullopt;
    return Unit{word, unit.base};
  }
  return std::nullopt;
}

bool is_camel_case(std::string_view name) {
  for (std::size_t i = 1; i < name.size(); ++i) {
    const bool lower = name[i - 1] >= 'a' && name[i - 1] <= 'z';
    if (lower && name[i] >= 'A' && name[i] <= 'Z') return true;
  }
  return false;
}

class Linter final : public metrics::SampleSink {
 public:
  explicit Linter(std::vector<std::string>& problems) : problems_(problems) {}

  void begin_family(const FamilyInfo& family) override {
    name_ = family.name;
    labels_seen_.clear();
    for_each_word(name_, [&](std::string_view word) {
      if (const std::optional<Unit> unit = unit_to_avoid(word)) {
        say("use the base unit " + std::string(unit->base) + " in place of " +
            std::string(unit->name));
      } else if (std::ranges::find(kAbbreviations, word) != kAbbreviations.end()) {
        say("a unit is not abbreviated: " + std::string(word));
      } else if (std::ranges::find(kTypes, word) != kTypes.end()) {
        say("a name does not say its type: " + std::string(word));
      }
    });
    if (is_camel_case(name_)) say("a name is written snake_case");
  }
  void counter(const SeriesInfo& series, const metrics::CounterView&) override { look(series); }
  void gauge(const SeriesInfo& series, double) override { look(series); }
  void histogram(const SeriesInfo& series, const metrics::HistogramView&) override { look(series); }
  void summary(const SeriesInfo& series, const metrics::SummaryView&) override { look(series); }

 private:
  void say(const std::string& problem) { problems_.push_back(name_ + ": " + problem); }

  void look(const SeriesInfo& series) {
    for (const auto& [label, value] : metrics::decode_labels(series.labels)) {
      if (std::ranges::find(labels_seen_, label) != labels_seen_.end()) continue;
      labels_seen_.push_back(label);
      if (is_camel_case(label)) say("the label " + label + " is written snake_case");
    }
  }

  std::vector<std::string>& problems_;
  std::string name_;
  std::vector<std::string> labels_seen_;
};

}  // namespace

std::vector<std::string> lint(const metrics::Registry& registry) {
  std::vector<std::string> problems;
  Linter linter(problems);
  registry.collect(linter);
  return problems;
}

}  // namespace vitals::testing
