#pragma once

#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/hidden.h"
#include "delivery/worker.h"
#include "otlp/listener.h"
#include "otlp/logs.h"
#include "otlp/metrics_source.h"
#include "otlp/policy.h"
#include "otlp/self_metrics.h"
#include "otlp/traces.h"
#include "vitals/otlp/client.h"
#include "vitals/otlp/options.h"
#include "vitals/stack/throw.h"

namespace vitals::otlp {

/// A client: what the options said, and a worker for each signal. The workers' threads hold shares
/// of it, so it outlives a transport that will not let go.
class VITALS_HIDDEN Client {
 public:
  explicit Client(Options options);

  /// Starts the threads. Throws std::system_error when there is none to be had.
  static void start(const std::shared_ptr<Client>& client);

  [[nodiscard]] const Options& options() const noexcept { return options_; }
  [[nodiscard]] context::Listener& listener() noexcept { return *listener_; }
  [[nodiscard]] const context::Settings& settings() const noexcept { return options_.settings; }
  /// Whether this process is the one that started it, and not a child of fork().
  [[nodiscard]] bool is_ours() const noexcept { return process_ == getpid(); }
  bool flush(std::chrono::steady_clock::time_point deadline) noexcept;
  /// Sends what waits and ends the threads. True when nothing was lost.
  static bool close(const std::shared_ptr<Client>& client,
                    std::chrono::steady_clock::time_point deadline) noexcept;

 private:
  /// One signal on its way.
  struct Sender {
    Sender(Signal signal, const Options& options, const SignalOptions& own,
           delivery::detail::Source* source);
    detail::SignalPolicy policy;
    delivery::detail::Worker worker;
  };

  /// What wakes the thread that sends a signal.
  [[nodiscard]] std::function<void()> waking(Signal signal);

  const stack::ThrowRecording throws_;
  const Options options_;
  std::unique_ptr<detail::TraceSource> traces_;
  std::unique_ptr<detail::MetricsSource> metrics_;
  std::unique_ptr<detail::LogSource> logs_;
  std::array<std::unique_ptr<Sender>, kSignals> senders_;
  std::optional<detail::ClientListener> listener_;
  std::shared_ptr<metrics::ScopedDefinition> counts_;
  const pid_t process_ = getpid();
};

}  // namespace vitals::otlp
