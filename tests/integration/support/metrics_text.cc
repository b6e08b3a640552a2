#include "integration/support/metrics_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace integration {
namespace {

[[noreturn]] void refuse(const std::string& why, const std::string& line) {
  throw std::runtime_error(why + ": " + line);
}

bool is_name(const std::string& text, bool colon) {
  if (text.empty()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return true;
}

double number(const std::string& text, const std::string& line) {
  if (text == "+Inf") return std::numeric_limits<double>::infinity();
  if (text == "-Inf") return -std::numeric_limits<double>::infinity();
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    refuse("not a number", line);
  return value;
}

Sample parse_sample(const std::string& line) {
  Sample sample;
  std::size_t at = line.find_first_of("{ ");
  if (at == std::string::npos) refuse("no value", line);
  sample.name = line.substr(0, at);
  if (!is_name(sample.name, true)) refuse("a bad name", line);
  if (line[at] == '{') {
    for (++at; at < line.size() && line[at] != '}';) {
      const std::size_t equals = line.find("=\"", at);
      if (equals == std::string::npos) refuse("a label without a value", line);
      const std::string label = line.substr(at, equals - at);
      if (!is_name(label, false) || label.starts_with("__")) refuse("a bad label name", line);
      std::string value;
      for (at = equals + 2; at < line.size() && line[at] != '"'; ++at) {
        if (line[at] != '\\') {
          value += line[at];
          continue;
        }
        ++at;
        if (at >= line.size() || std::string_view{"\\n\""}.find(line[at]) == std::string_view::npos)
          refuse("a bad escape", line);
        value += line[at] == 'n' ? '\n' : line[at];
      }
      if (!sample.labels.emplace(label, value).second) refuse("a label twice", line);
      ++at;
      if (at < line.size() && line[at] == ',') ++at;
    }
    if (at + 1 >= line.size() || line[at] != '}') refuse("labels without an end", line);
    ++at;
  }
  if (line[at] != ' ') refuse("no space before the value", line);
  sample.value = number(line.substr(at + 1), line);
  return sample;
}

bool belongs(const std::string& sample, const std::string& family, const std::string& type) {
  if (sample == family) return type != "histogram";
  if (!sample.starts_with(family)) return false;
  const std::string suffix = sample.substr(family.size());
  if (type == "histogram") return suffix == "_bucket" || suffix == "_sum" || suffix == "_count";
  return type == "summary" && (suffix == "_sum" || suffix == "_count");
}

void check_histogram(const std::string& name, const MetricFamily& family) {
  struct Series {
    std::vector<std::pair<double, double>> buckets;
    std::optional<double> count;
    std::optional<double> sum;
  };
  std::map<Labels, Series> all;
  for (const Sample& sample : family.samples) {
    Labels labels = sample.labels;
    if (sample.name == name + "_bucket") {
      const auto le = labels.extract("le");
      if (le.empty()) refuse("a bucket without le", name);
      all[labels].buckets.emplace_back(number(le.mapped(), name), sample.value);
    } else {
      (sample.name == name + "_count" ? all[labels].count : all[labels].sum) = sample.value;
    }
  }
  for (const auto& [labels, series] : all) {
    if (series.buckets.empty() || !std::isinf(series.buckets.back().first))
      refuse("no bucket +Inf", name);
    if (!series.count || !series.sum) refuse("no count or no sum", name);
    if (series.buckets.back().second != *series.count) refuse("count is not the bucket +Inf", name);
    for (std::size_t i = 1; i < series.buckets.size(); ++i) {
      if (series.buckets[i - 1].first >= series.buckets[i].first)
        refuse("buckets out of order", name);
      if (series.buckets[i - 1].second > series.buckets[i].second)
        refuse("a bucket that falls", name);
    }
  }
}

}  // namespace

std::set<std::string> MetricFamily::label_names() const {
  std::set<std::string> names;
  for (const Sample& sample : samples) {
    for (const auto& label : sample.labels) {
      if (label.first != "le" || type != "histogram") names.insert(label.first);
    }
  }
  return names;
}

std::vector<std::string> MetricFamily::bounds() const {
  std::vector<std::string> result;
  for (const Sample& sample : samples) {
    const auto le = sample.labels.find("le");
    if (le == sample.labels.end()) continue;
    result.push_back(le->second);
    if (le->second == "+Inf") break;
  }
  return result;
}

std::set<std::string> MetricFamily::values_of(const std::string& label) const {
  std::set<std::string> values;
  for (const Sample& sample : samples) {
    const auto found = sample.labels.find(label);
    if (found != sample.labels.end()) values.insert(found->second);
  }
  return values;
}

std::size_t MetricFamily::series() const {
  if (type != "histogram") return samples.size();
  return static_cast<std::size_t>(std::count_if(
      samples.begin(), samples.end(), [](const Sample& s) { return s.name.ends_with("_count"); }));
}

Metrics Metrics::parse(const std::string& text) {
  Metrics metrics;
  std::string current;
  std::set<std::pair<std::string, Labels>> seen;
  if (!text.empty() && text.back() != '\n') refuse("the last line has no end", "");
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    const bool help = line.starts_with("# HELP ");
    if (help || line.starts_with("# TYPE ")) {
      const std::size_t space = line.find(' ', 7);
      if (space == std::string::npos || space + 1 == line.size())
        refuse("HELP or TYPE without words", line);
      const std::string name = line.substr(7, space - 7);
      if (!is_name(name, true)) refuse("a bad name", line);
      if (name != current && metrics.families_.contains(name))
        refuse("a family in two places", line);
      current = name;
      std::string& field = help ? metrics.families_[name].help : metrics.families_[name].type;
      if (!field.empty()) refuse("HELP or TYPE twice", line);
      if (!metrics.families_[name].samples.empty()) refuse("HELP or TYPE behind samples", line);
      field = line.substr(space + 1);
      continue;
    }
    if (line.empty() || line.starts_with('#')) continue;
    Sample sample = parse_sample(line);
    const auto found = metrics.families_.find(current);
    if (found == metrics.families_.end() || !belongs(sample.name, current, found->second.type))
      refuse("a sample outside of its family", line);
    if (found->second.help.empty() || found->second.type.empty())
      refuse("no HELP or no TYPE", line);
    if (!seen.emplace(sample.name, sample.labels).second) refuse("a series twice", line);
    found->second.samples.push_back(std::move(sample));
  }
  static const std::set<std::string> kTypes{"counter", "gauge", "histogram", "summary", "untyped"};
  for (const auto& [name, family] : metrics.families_) {
    if (!kTypes.contains(family.type)) refuse("a type that is not known", name + " " + family.type);
    if (family.type == "histogram") check_histogram(name, family);
  }
  return metrics;
}

const MetricFamily& Metrics::family(const std::string& name) const {
  static const MetricFamily kNone;
  const auto found = families_.find(name);
  return found == families_.end() ? kNone : found->second;
}

std::optional<double> Metrics::value(const std::string& name, const Labels& labels) const {
  for (const auto& [family_name, family] : families_) {
    if (!name.starts_with(family_name)) continue;
    for (const Sample& sample : family.samples) {
      if (sample.name == name && sample.labels == labels) return sample.value;
    }
  }
  return std::nullopt;
}

double Metrics::sum(const std::string& name, const Labels& labels) const {
  double total = 0;
  for (const auto& [family_name, family] : families_) {
    if (!name.starts_with(family_name)) continue;
    for (const Sample& sample : family.samples) {
      if (sample.name != name) continue;
      const bool all = std::all_of(labels.begin(), labels.end(), [&sample](const auto& label) {
        const auto found = sample.labels.find(label.first);
        return found != sample.labels.end() && found->second == label.second;
      });
      if (all) total += sample.value;
    }
  }
  return total;
}

}  // namespace integration
