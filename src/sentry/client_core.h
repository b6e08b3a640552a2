#pragma once

#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>

#include "base/hidden.h"
#include "crash/rescue.h"
#include "delivery/worker.h"
#include "sentry/crash/upkeep.h"
#include "sentry/delivery/policy.h"
#include "sentry/dsc.h"
#include "sentry/grouping/ignore_rules.h"
#include "sentry/items.h"
#include "sentry/items/logs.h"
#include "sentry/items/metrics.h"
#include "sentry/items/sessions.h"
#include "sentry/listener.h"
#include "vitals/sentry/dsn.h"
#include "vitals/sentry/options.h"
#include "vitals/stack/throw.h"

namespace vitals::sentry {

/// The active client: what the options said, and the worker that sends. Its threads hold shares of
/// it, so it outlives a transport that will not let go.
class VITALS_HIDDEN Client {
 public:
  Client(Options options, detail::Destinations destinations);

  /// Starts the threads; fewer where the system gives no more. Throws std::system_error when there
  /// is none to be had.
  static void start(const std::shared_ptr<Client>& client);

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] const std::string& public_key() const noexcept { return public_key_; }
  /// Empty: not known.
  [[nodiscard]] const std::string& org_id() const noexcept { return org_id_; }
  /// What a dynamic sampling context says of it.
  [[nodiscard]] detail::DscSource dsc_source() const noexcept {
    return {public_key_, options_.release, options_.environment, org_id_};
  }

  /// Whether a rule of the options says that it is not to be sent.
  [[nodiscard]] bool ignores(const detail::ErrorItem& item) const { return ignore_.ignores(item); }
  bool capture_error(std::unique_ptr<detail::ErrorItem> item) noexcept;
  bool submit(std::unique_ptr<detail::ReadyItem> item) noexcept;
  void push_transaction(context::SharedTransaction transaction) noexcept;
  /// The transaction that was under way on a thread which has crashed.
  void capture_crashed(detail::Trace& trace) noexcept;
  void stop_rescue() noexcept { rescue_.stop(); }
  /// Null without Options::enable_logs.
  [[nodiscard]] detail::LogSource* logs() const noexcept { return logs_.get(); }
  /// Null without Options::enable_metrics.
  [[nodiscard]] detail::MetricSource* metrics() const noexcept { return metrics_.get(); }
  [[nodiscard]] std::size_t depth() const noexcept { return worker_.depth(); }
  [[nodiscard]] std::uint64_t spool_bytes() const noexcept { return worker_.spool_bytes(); }
  [[nodiscard]] context::Listener& listener() noexcept { return listener_; }
  /// What the context is to do while this client listens to it.
  [[nodiscard]] const context::Settings& settings() const noexcept { return settings_; }
  /// Whether this process is the one that started it, and not a child of fork().
  [[nodiscard]] bool is_ours() const noexcept { return process_ == getpid(); }
  bool flush(std::chrono::steady_clock::time_point deadline) noexcept;
  /// Sends what waits and ends the threads. True when nothing was lost.
  static bool close(const std::shared_ptr<Client>& client,
                    std::chrono::steady_clock::time_point deadline) noexcept;

 private:
  [[nodiscard]] delivery::detail::WorkerOptions worker_options();

  const stack::ThrowRecording throws_;
  const Options options_;
  const std::string public_key_;
  const std::string org_id_;
  const detail::IgnoreRules ignore_;
  const context::Settings settings_;
  detail::DscBaggage baggage_;
  detail::ClientListener listener_{*this, baggage_};
  detail::CrashUpkeep crash_upkeep_;
  detail::SessionSource sessions_;
  const std::unique_ptr<detail::LogSource> logs_;
  const std::unique_ptr<detail::MetricSource> metrics_;
  detail::SentryPolicy policy_;
  delivery::detail::Worker worker_;
  const pid_t process_ = getpid();
  crash::detail::RescueThread rescue_;
};

}  // namespace vitals::sentry
