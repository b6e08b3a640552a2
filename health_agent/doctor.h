#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "health_agent/settings.h"

namespace health_agent::doctor {

/// What a check has found. `detail` says what is so, `advice` what to do about it.
struct Finding {
  enum class Status { kOk, kFailed, kSkipped };

  Status status = Status::kOk;
  std::string detail{};
  std::string advice{};
};

/// One part of the service that is looked at. `run` changes nothing; what it throws is a failure.
/// It may be left behind in its thread when it takes longer than `limit`.
struct Check {
  std::string name;
  std::function<Finding(const Settings&)> run;
  std::chrono::milliseconds limit{20'000};
};

/// A check with its finding.
struct Result {
  std::string name;
  Finding finding;
  double seconds = 0;
};

/// Every part that the service has, configured or not. A new part adds its own here.
[[nodiscard]] std::vector<Check> all_checks();

/// Runs the checks one after the other, each within its limit.
[[nodiscard]] std::vector<Result> examine(const Settings& settings,
                                          const std::vector<Check>& checks);

enum class Format { kText, kJson };

/// The results for people (a line each, and what to do under those that failed) or for programs.
[[nodiscard]] std::string report(const std::vector<Result>& results, Format format);

/// `text` with every secret of the settings masked, wherever it stands.
[[nodiscard]] std::string without_secrets(std::string text, const Settings& settings);

/// `health-agent doctor`: reads the settings, runs all checks and prints the report on stdout.
/// Returns the exit code: 0, 1 when a check failed, 78 when the settings cannot be used (no other
/// check is made then). A check that hangs does not keep the process from ending.
int main(Format format);

}  // namespace health_agent::doctor
