#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "delivery/policy.h"
#include "sentry/delivery/server_memory.h"
#include "sentry/delivery/spotlight.h"
#include "sentry/event/machine.h"
#include "sentry/runtime.h"
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

/// How often reports of what was discarded are sent. Taken by each client at its start; tests set
/// other values before that, nothing else does.
struct ReportPace {
  std::chrono::milliseconds ride{1000};     // between two beside something else
  std::chrono::milliseconds alone{30'000};  // between two alone
};
inline ReportPace usual_report_pace;

/// How a Sentry server is delivered to: what all packers of a client share. Threads: any.
class SentryPolicy final : public delivery::detail::Policy {
 public:
  /// The options must outlive it.
  SentryPolicy(const Options& options, Destinations destinations);

  void begin_thread() noexcept override;
  [[nodiscard]] std::unique_ptr<delivery::detail::Packer> make_packer() override;
  void count_dropped(const delivery::detail::Contents* contents,
                     delivery::detail::DropReason reason) noexcept override;
  [[nodiscard]] bool limited() const noexcept override;
  /// Halves the rate of the traces while the queues are nearly full or the server wants less.
  void watch(bool nearly_full) noexcept override;
  /// A report of what was discarded, alone.
  [[nodiscard]] std::optional<delivery::detail::Notice> notice(Time now, bool last) override;
  void end(Time deadline) noexcept override;
  /// On stderr, when Options::debug is set.
  void say(std::string_view what, std::string_view detail) noexcept override;
  using Policy::say;

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const Destinations& destinations() const noexcept { return destinations_; }
  [[nodiscard]] stack::Symbolizer& symbolizer() noexcept { return symbolizer_; }
  [[nodiscard]] const MachineContexts& machine() const noexcept { return machine_; }
  /// See span_attributes(); empty where spans are not streamed.
  [[nodiscard]] const std::string& span_attributes() const noexcept { return span_attributes_; }
  [[nodiscard]] bool limited(Category category) const noexcept;
  /// Takes in what an answer says of limits.
  void learn(const delivery::SendResult& result);
  /// Appends a report to an envelope that is about to go, at most once in a while. Null: none.
  [[nodiscard]] std::unique_ptr<delivery::detail::Receipt> let_ride(std::string& envelope);
  /// Hands a copy to Spotlight where there is one.
  void copy_to_spotlight(const std::string& envelope);

 private:
  [[nodiscard]] std::unique_ptr<delivery::detail::Receipt> append_report(std::string& envelope);

  const Options& options_;
  const Destinations destinations_;
  const ReportPace pace_;
  const std::unique_ptr<Spotlight> spotlight_;
  const MachineContexts machine_;
  const std::string span_attributes_;
  const std::shared_ptr<ServerMemory> memory_;
  stack::Symbolizer symbolizer_;
  std::atomic<Time> next_ride_;
  std::atomic<Time> next_alone_;
};

}  // namespace vitals::sentry::detail
