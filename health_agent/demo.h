#pragma once

#include <memory>
#include <string>

#include "health_agent/settings.h"

namespace health_agent {

/// What `--demo` changes in the settings: a small share of faults, unless FAULTS is given or the
/// environment is not development.
[[nodiscard]] Settings demo_settings(Settings settings, bool faults_given);

/// A crowd of synthetic users that talks to the service's own API over HTTP, as real clients would:
/// new users, meals, questions, changed profiles, and now and then a mistake. Makes every metric
/// move. Threads: eight of its own, from the constructor to the destructor, which waits for
/// requests under way.
class Demo {
 public:
  /// The service must be listening.
  explicit Demo(const Settings& settings);
  ~Demo();
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;

  /// Where to look and what to try, ready for the terminal.
  [[nodiscard]] static std::string guide(const Settings& settings);

  /// Requests made so far, and those of them that got a 5xx or no answer.
  struct Counts {
    long requests = 0;
    long failed = 0;
  };
  [[nodiscard]] Counts counts() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace health_agent
