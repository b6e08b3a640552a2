#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "sentry/delivery/pace.h"
#include "sentry/delivery/server_memory.h"
#include "sentry/delivery/spotlight.h"
#include "sentry/event/machine.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/options.h"
#include "vitals/stack/symbolizer.h"

namespace vitals::sentry::detail {

/// Where envelopes go: the server and, if asked for, a Spotlight beside it.
struct Destinations {
  std::string url;         // empty: no server
  std::string dsn;         // without a secret
  std::string public_key;  // empty: no server
  std::string spotlight;   // empty: none
  std::string org_id{};    // empty: not known
};

/// What all senders of a client share: where to, by what, what the server has asked for, and what
/// it has still to be told. Threads: any.
class Outlet {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Outlet(const Options& options, Destinations destinations, const Pace& pace);

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const Destinations& destinations() const noexcept { return destinations_; }
  [[nodiscard]] stack::Symbolizer& symbolizer() noexcept { return symbolizer_; }
  [[nodiscard]] const MachineContexts& machine() const noexcept { return machine_; }
  [[nodiscard]] bool limited(Category category) const noexcept;
  /// Whether any category is limited.
  [[nodiscard]] bool limited() const noexcept;

  /// Posts to the server, and takes in what its answer says of limits.
  [[nodiscard]] SendResult post(const SendRequest& request);
  /// A report to go along with something else, at most once in a while.
  [[nodiscard]] std::optional<Report> report_to_ride();
  /// Whether it is time for a report to go alone.
  [[nodiscard]] bool report_is_due(Time now) const noexcept;
  /// A report to go alone, whatever the time; nothing where there is nothing to tell.
  [[nodiscard]] std::optional<Report> report_alone();
  void put_back(const Report& report) noexcept { memory_->reports.put_back(report); }

  /// Hands a copy to Spotlight where there is one.
  void copy_to_spotlight(const std::string& envelope);
  void close_spotlight(Time deadline) noexcept;
  void cancel() noexcept;
  /// Says something on stderr when Options::debug is set.
  void say(std::string_view what, std::string_view detail = {}) const noexcept;

 private:
  const Options& options_;
  const Destinations destinations_;
  const Pace pace_;
  const std::shared_ptr<Transport> transport_;
  const std::unique_ptr<Spotlight> spotlight_;
  const MachineContexts machine_;
  const std::shared_ptr<ServerMemory> memory_;
  stack::Symbolizer symbolizer_;
  std::atomic<Time> next_ride_;
  std::atomic<Time> next_report_;
};

}  // namespace vitals::sentry::detail
