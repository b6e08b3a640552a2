#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/list_view.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {
class Registry;
}

namespace vitals::testing {

/// Every sample of a registry at one moment, to be asked for in tests. Not for production: it
/// copies everything.
///
///     EXPECT_EQ(Snapshot(registry).value("http_requests_total", {{"method", "GET"}}), 1);
class Snapshot {
 public:
  /// As braces: `{{"method", "GET"}, {"status", "200"}}`.
  using Labels = ListView<std::pair<std::string_view, std::string_view>>;

  /// Reads the registry now.
  explicit Snapshot(const metrics::Registry& registry);

  /// The sample of exactly these labels, in any order; nothing when there is none. A histogram has
  /// the samples of the exposition: `x_count`, `x_sum`, and `x_bucket` with a label `le` as printed
  /// (`0.5`, `+Inf`).
  [[nodiscard]] std::optional<double> value(std::string_view sample, Labels labels = {}) const;

  /// The sum of all samples of that name whose labels include these; 0 when there is none.
  [[nodiscard]] double total(std::string_view sample, Labels labels = {}) const;

  /// How many samples of that name there are.
  [[nodiscard]] std::size_t count(std::string_view sample) const;

  /// The families that have samples, sorted.
  [[nodiscard]] std::vector<std::string> families() const;

 private:
  using LabelMap = std::map<std::string, std::string, std::less<>>;
  struct Sample {
    LabelMap labels;
    double value;
  };
  class Reader;

  std::vector<std::string> families_;
  std::map<std::string, std::vector<Sample>, std::less<>> samples_;
};

}  // namespace vitals::testing

#pragma GCC visibility pop
