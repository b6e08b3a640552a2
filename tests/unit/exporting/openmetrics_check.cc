#include "tests/unit/exporting/openmetrics_check.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

namespace vitals::exporting {
namespace {

using Labels = std::map<std::string, std::string>;

struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void must(bool holds, const char* what) {
  if (!holds) throw Fault(what);
}

bool plain(std::string_view name, bool colons) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && !(colons && c == ':') && (i == 0 || c < '0' || c > '9')) return false;
  }
  return !name.empty();
}

double number(std::string_view text) {
  if (text == "NaN") return std::nan("");
  if (text == "+Inf") return HUGE_VAL;
  if (text == "-Inf") return -HUGE_VAL;
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  must(read.ec == std::errc{} && read.ptr == text.data() + text.size() && std::isfinite(value),
       "not a number");
  return value;
}

/// Reads one line from its front.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool take(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  void want(std::string_view wanted) { must(take(wanted), "malformed line"); }
  std::string until(char end) {
    const std::size_t size = std::min(rest_.find(end), rest_.size());
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }
  /// A metric's name without quotes; empty where it stands in the braces.
  std::string name() {
    const std::size_t size = std::min(rest_.find_first_of("{ "), rest_.size());
    std::string text(rest_.substr(0, size));
    must(text.empty() || plain(text, true), "bad metric name");
    rest_.remove_prefix(size);
    return text;
  }
  std::string quoted() {
    want("\"");
    std::string text;
    for (;;) {
      must(!rest_.empty(), "no closing quote");
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c != '\\') {
        text += c;
        continue;
      }
      must(!rest_.empty() && (rest_[0] == '\\' || rest_[0] == '"' || rest_[0] == 'n'),
           "bad escape");
      text += rest_[0] == 'n' ? '\n' : rest_[0];
      rest_.remove_prefix(1);
    }
  }
  /// After the opening brace. A name in quotes without a value is the metric's, if `metric` is
  /// given.
  Labels labels(std::string* metric) {
    Labels labels;
    bool first = true;
    while (!take("}")) {
      if (!std::exchange(first, false)) want(",");
      const bool in_quotes = rest_.starts_with('"');
      const std::string name = in_quotes ? quoted() : until('=');
      if (metric != nullptr && metric->empty() && in_quotes && !rest_.starts_with('=')) {
        *metric = name;
        continue;
      }
      must(in_quotes || plain(name, false), "bad label name");
      want("=");
      must(labels.emplace(name, quoted()).second, "a label twice");
    }
    return labels;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  [[nodiscard]] bool in_quotes() const { return rest_.starts_with('"'); }

 private:
  std::string_view rest_;
};

struct Sample {
  std::string suffix;
  Labels labels;
  double value = 0;
};

struct Checker {
  std::string family, type, unit, help;
  bool has_type = false, has_unit = false, has_help = false;
  std::vector<Sample> samples;
  std::set<std::string> families;
  std::set<std::pair<std::string, Labels>> seen;

  void begin(const std::string& name) {
    if (name == family) return;
    end();
    must(families.insert(name).second, "a family twice, or not in one piece");
    family = name;
    type = "unknown";
    unit.clear();
    has_type = has_unit = has_help = false;
  }

  void metadata(Line line) {
    line.want("# ");
    const std::string what = line.until(' ');
    line.want(" ");
    const bool in_quotes = line.in_quotes();
    const std::string name = in_quotes ? line.quoted() : line.until(' ');
    must(in_quotes || plain(name, true), "bad family name");
    line.want(" ");
    const std::string text = line.until('\n');
    begin(name);
    must(samples.empty(), "metadata after a sample");
    if (what == "TYPE") {
      must(!std::exchange(has_type, true), "TYPE twice");
      must(std::set<std::string>{"counter", "gauge", "histogram", "gaugehistogram", "summary",
                                 "info", "stateset", "unknown"}
               .contains(text),
           "unknown type");
      type = text;
    } else if (what == "UNIT") {
      must(!std::exchange(has_unit, true), "UNIT twice");
      must(name.ends_with("_" + text), "the unit is not the name's end");
      must(type != "info" && type != "stateset", "a unit on this");
      unit = text;
    } else {
      must(what == "HELP" && !std::exchange(has_help, true), "neither HELP, TYPE nor UNIT");
      for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') must(++i < text.size(), "bad escape");
      }
    }
  }

  [[nodiscard]] std::set<std::string> suffixes() const {
    if (type == "counter") return {"_total", "_created"};
    if (type == "histogram") return {"_bucket", "_count", "_sum", "_created"};
    if (type == "gaugehistogram") return {"_bucket", "_gcount", "_gsum"};
    if (type == "summary") return {"", "_count", "_sum", "_created"};
    if (type == "info") return {"_info"};
    return {""};
  }

  void sample(Line line) {
    Sample sample;
    std::string name = line.name();
    if (line.take("{")) sample.labels = line.labels(name.empty() ? &name : nullptr);
    line.want(" ");
    sample.value = number(line.until(' '));
    must(name.starts_with(family), "a sample of no family");
    sample.suffix = name.substr(family.size());
    must(suffixes().contains(sample.suffix), "a suffix that the type does not have");
    must(seen.emplace(name, sample.labels).second, "a sample twice");
    if (!line.empty()) exemplar(line, sample);
    check(sample);
    samples.push_back(std::move(sample));
  }

  void exemplar(Line& line, const Sample& sample) {
    must(sample.suffix == "_total" || sample.suffix == "_bucket", "an exemplar on this");
    line.want(" # {");
    std::size_t length = 0;
    for (const auto& [name, value] : line.labels(nullptr)) {
      for (const char c : name + value)
        length += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
    }
    must(length <= 128, "an exemplar over 128 characters");
    line.want(" ");
    const double value = number(line.until(' '));
    if (sample.suffix == "_bucket") {
      must(value <= number(sample.labels.at("le")), "an exemplar outside of its bucket");
    }
    if (line.empty()) return;
    line.want(" ");
    must(std::isfinite(number(line.until('\n'))), "an exemplar's time");
  }

  void check(const Sample& sample) const {
    const bool total = sample.suffix == "_total" || sample.suffix == "_sum" ||
                       sample.suffix == "_count" || sample.suffix == "_bucket" ||
                       sample.suffix == "_gcount";
    must(!total || sample.value >= 0, "a total that is NaN or negative");
    must(sample.suffix != "_gsum" || !std::isnan(sample.value), "a sum that is NaN");
    if (sample.suffix == "_count" || sample.suffix == "_bucket" || sample.suffix == "_gcount") {
      must(std::floor(sample.value) == sample.value, "a count that is not whole");
    }
    if (type == "info") must(sample.value == 1, "an info other than 1");
    if (type == "stateset") {
      must(sample.value == 0 || sample.value == 1, "a state other than 0 and 1");
      must(sample.labels.contains(family), "a state set without its label");
    }
    if (type == "summary" && sample.suffix.empty()) {
      must(sample.labels.contains("quantile"), "a quantile without its label");
      const double quantile = number(sample.labels.at("quantile"));
      must(quantile >= 0 && quantile <= 1, "a quantile outside of 0 to 1");
      must(!(sample.value < 0), "a negative quantile");
    }
    if (sample.suffix == "_bucket") {
      must(sample.labels.contains("le"), "a bucket without its bound");
      must(!std::isnan(number(sample.labels.at("le"))), "a bound that is NaN");
    }
  }

  void end() {
    struct Histogram {
      double last_bound = -HUGE_VAL;
      double below = 0;
      bool any = false;
      bool negative = false;
      std::optional<double> count, sum;
    };
    std::map<Labels, Histogram> histograms;
    if (type == "histogram" || type == "gaugehistogram") {
      for (const Sample& sample : samples) {
        Labels labels = sample.labels;
        labels.erase("le");
        Histogram& one = histograms[labels];
        if (sample.suffix == "_bucket") {
          const double bound = number(sample.labels.at("le"));
          must(!one.any || bound > one.last_bound, "buckets that do not ascend");
          must(sample.value >= one.below, "buckets that do not add up");
          one.any = true;
          one.negative = one.negative || bound < 0;
          one.last_bound = bound;
          one.below = sample.value;
        }
        if (sample.suffix == "_count" || sample.suffix == "_gcount") one.count = sample.value;
        if (sample.suffix == "_sum" || sample.suffix == "_gsum") one.sum = sample.value;
      }
      for (const auto& [labels, one] : histograms) {
        must(one.any && one.last_bound == HUGE_VAL, "no bucket up to +Inf");
        must(one.count.has_value() == one.sum.has_value(), "a count without a sum");
        must(!one.sum || !one.negative || type == "gaugehistogram", "a sum with negative buckets");
        must(!one.sum || one.negative || *one.sum >= 0, "a negative sum without negative buckets");
        must(!one.count || *one.count == one.below, "a count unlike the last bucket's");
      }
    }
    samples.clear();
  }
};

}  // namespace

std::string fault_in_openmetrics(std::string_view page) {
  Checker checker;
  std::string line;
  try {
    must(page.ends_with("# EOF\n"), "no # EOF at the end");
    page.remove_suffix(6);
    while (!page.empty()) {
      const std::size_t end = page.find('\n');
      must(end != std::string_view::npos, "no newline");
      line = page.substr(0, end);
      page.remove_prefix(end + 1);
      must(!line.empty() && line != "# EOF", "an empty line, or an early end");
      if (line.front() == '#') {
        checker.metadata(Line{line});
      } else {
        checker.sample(Line{line});
      }
    }
    line = "at the end of " + checker.family;
    checker.end();
  } catch (const std::exception& fault) {
    return std::string(fault.what()) + ": " + line;
  }
  return {};
}

}  // namespace vitals::exporting
