#include "vitals/monitor/messages.h"

#include "monitor/clock.h"
#include "monitor/families.h"
#include "monitor/start_headers.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"

namespace vitals::monitor {

void ProduceScope::begin(std::string_view system, std::string_view destination) noexcept {
  running_ = true;
  system_.keep(system);
  destination_.keep(destination);
  start_ = std::chrono::steady_clock::now();
  span_ = context::start_span("queue.publish", destination);
  if (!span_) return;
  // Source: Sentry, "Queues" module, span data; OpenTelemetry, "Semantic conventions for messaging
  // spans".
  span_.set_data("messaging.system", system);
  span_.set_data("messaging.destination.name", destination);
  span_.set_data("messaging.operation.name", "publish");
  span_.set_data("messaging.operation.type", "send");
  span_active_.emplace(span_);
}

context::TraceHeaders ProduceScope::headers() const {
  return context::outgoing_trace(destination_.view());
}

void ProduceScope::end() noexcept {
  if (detail::Families* families = detail::families()) {
    families->messages.published
        .with(system_.view(), destination_.view(), succeeded_ ? Outcome::kSuccess : Outcome::kError)
        .inc();
    families->messages.publish_duration.with(system_.view(), destination_.view())
        .observe(detail::seconds_since(start_));
  }
  span_active_.reset();
  if (!context::enabled()) return;
  if (context::captures_breadcrumbs()) {
    context::add_breadcrumb({.category = "queue.publish",
                             .message = destination_.view(),
                             .level = succeeded_ ? Level::kInfo : Level::kError});
  }
  if (!span_) return;
  span_.set_status(succeeded_ ? context::SpanStatus::kOk : context::SpanStatus::kInternalError);
  span_.finish();
}

bool MessageStart::read_header(std::string_view name, std::string_view value) noexcept {
  return detail::read_start_header(*this, name, value);
}

ConsumeScope::ConsumeScope(const MessageStart& message) noexcept
    : OwnWork(message.request_id), start_(std::chrono::steady_clock::now()) {
  if (!active()) return;
  measured_ = true;
  system_.keep(message.system);
  destination_.keep(message.destination);
  double age = 0.0;
  if (message.published) {
    // As doubles: two times that are as far apart as can be have a difference that is no integer.
    using Seconds = std::chrono::duration<double>;
    age = (Seconds{std::chrono::system_clock::now().time_since_epoch()} -
           Seconds{message.published->time_since_epoch()})
              .count();
    // Clocks of two machines differ: what comes from the future has just been published.
    if (!(age > 0.0)) age = 0.0;
    if (detail::Families* families = detail::families())
      families->messages.age.with(system_.view(), destination_.view()).observe(age);
  }
  begin({.name = message.destination, .op = "queue.process", .source = "task"}, message.destination,
        context::detail::incoming_trace(message));
  if (transaction_.sampled()) {
    transaction_.set_data("messaging.system", message.system);
    transaction_.set_data("messaging.destination.name", message.destination);
    transaction_.set_data("messaging.operation.name", "process");
    transaction_.set_data("messaging.operation.type", "process");
    transaction_.set_data("messaging.message.retry.count", message.retries);
    if (!message.id.empty()) transaction_.set_data("messaging.message.id", message.id);
    if (message.bytes)
      transaction_.set_data("messaging.message.body.size", std::uint64_t{*message.bytes});
    if (message.published) transaction_.set_data("messaging.message.receive.latency", age * 1000.0);
  }
  active_.emplace(*this);
}

ConsumeScope::~ConsumeScope() {
  if (!measured_) return;
  if (detail::Families* families = detail::families()) {
    families->messages.processed
        .with(system_.view(), destination_.view(), succeeded_ ? Outcome::kSuccess : Outcome::kError)
        .inc();
    families->messages.process_duration.with(system_.view(), destination_.view())
        .observe(detail::seconds_since(start_));
  }
  end(succeeded_ ? context::SpanStatus::kOk : context::SpanStatus::kInternalError,
      succeeded_ ? context::WorkStatus::kOk : context::WorkStatus::kErrored);
}

void ConsumeScope::fail_unhandled(const std::exception_ptr& error) noexcept {
  succeeded_ = false;
  context::capture_exception(error, {.handled = false, .mechanism = "queue"});
}

void ConsumeScope::fail_unhandled(const std::exception& error) noexcept {
  succeeded_ = false;
  context::capture_exception(error, {.handled = false, .mechanism = "queue"});
}

}  // namespace vitals::monitor
