#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <string_view>

#include "vitals/context/span.h"
#include "vitals/monitor/detail/kept_text.h"
#include "vitals/monitor/own_work.h"
#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// One message that is given to a broker: `messages_published_total`,
/// `message_publish_duration_seconds`, a span `queue.publish` and a breadcrumb. An error until
/// succeed() is called.
///
///     ProduceScope message{"kafka", "orders"};
///     message.headers().for_each(
///         [&](auto name, const auto& value) { record.add_header(name, value); });
///     producer.send(record);
///     message.succeed();
///
/// Threads: the one that made it. Cost: under 1 us; two loads when all is off. Never throws.
/// `system` and `destination` (a topic, a queue) are bounded words, and copied.
class [[nodiscard("it measures until it is destroyed; give it a name")]] ProduceScope {
 public:
  /// Begins now.
  ProduceScope(std::string_view system, std::string_view destination) noexcept {
    if (active()) begin(system, destination);
  }
  ~ProduceScope() {
    if (running_) end();
  }
  ProduceScope(const ProduceScope&) = delete;
  ProduceScope& operator=(const ProduceScope&) = delete;

  /// What the message should bear, so that who handles it goes on with this trace; see
  /// ClientRequestScope::headers().
  [[nodiscard]] context::TraceHeaders headers() const;
  /// The broker took it.
  void succeed() noexcept {
    succeeded_ = true;
  }

 private:
  void begin(std::string_view system, std::string_view destination) noexcept;
  void end() noexcept;

  bool running_ = false;
  bool succeeded_ = false;
  detail::KeptText<16> system_;
  detail::KeptText<64> destination_;
  std::chrono::steady_clock::time_point start_;
  context::Span span_;
  std::optional<context::SpanActivation> span_active_;
};

/// What is known of a message that arrives. Views, for the length of a constructor.
struct MessageStart {
  std::string_view system{};       ///< `kafka`, `rabbitmq`, …: a bounded word
  std::string_view destination{};  ///< the topic or queue: a bounded word
  std::string_view id{};           ///< for Sentry only
  /// When it was, for `message_age_seconds`.
  std::optional<std::chrono::system_clock::time_point> published{};
  std::optional<std::size_t> bytes{};  ///< of its body
  int retries = 0;                     ///< how often it was handled in vain before
  /// Its headers; see RequestStart.
  std::string_view request_id{};
  std::string_view sentry_trace{};    ///< the field `sentry-trace`
  context::HeaderLines baggage{};     ///< the fields `baggage`
  std::string_view traceparent{};     ///< the field `traceparent`
  context::HeaderLines tracestate{};  ///< the fields `tracestate`
  std::string_view b3{};              ///< the field `b3`
  std::string_view x_b3_trace_id{};   ///< the field `x-b3-traceid`
  std::string_view x_b3_span_id{};    ///< the field `x-b3-spanid`
  std::string_view x_b3_sampled{};    ///< the field `x-b3-sampled`
  std::string_view x_b3_flags{};      ///< the field `x-b3-flags`

  /// Takes a header field in, if it is one of these; see context::IncomingTrace::read_header().
  bool read_header(std::string_view name, std::string_view value) noexcept;
};

/// One message that this process handles: `messages_processed_total`,
/// `message_process_duration_seconds`, `message_age_seconds`, a Sentry scope of its own and a
/// transaction `queue.process`, which goes on with the trace of who published it. An error until
/// succeed() is called. Active on the thread that made it until it is destroyed.
///
/// Threads: the one that made it. Never throws.
class [[nodiscard("it measures until it is destroyed; give it a name")]] ConsumeScope
    : public OwnWork {
 public:
  /// Begins now.
  explicit ConsumeScope(const MessageStart& message) noexcept;
  ~ConsumeScope();

  /// It was dealt with.
  void succeed() noexcept {
    succeeded_ = true;
  }
  /// It failed with an exception that ends here: it becomes a Sentry event.
  void fail_unhandled(const std::exception& error) noexcept;
  /// The same of an exception of any type.
  void fail_unhandled(const std::exception_ptr& error) noexcept;

 private:
  bool measured_ = false;
  bool succeeded_ = false;
  detail::KeptText<16> system_;
  detail::KeptText<64> destination_;
  std::chrono::steady_clock::time_point start_;
  std::optional<RequestActivation> active_;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop
