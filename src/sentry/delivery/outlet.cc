#include "sentry/delivery/outlet.h"

#include <utility>

#include "base/clock.h"
#include "sentry/event/machine.h"
#include "sentry/runtime.h"
#include "sentry/say_line.h"

namespace vitals::sentry::detail {
namespace {

using Clock = std::chrono::steady_clock;

SendResult send_safely(Transport& transport, const SendRequest& request) {
  try {
    return transport.send(request);
  } catch (const std::exception& exception) {
    return {.status = 0, .error = exception.what()};
  } catch (...) {
    return {.status = 0, .error = "the transport threw"};
  }
}

Timestamp wall_time() noexcept {
  return Timestamp{std::chrono::nanoseconds{base::wall_clock()}};
}

}  // namespace

Outlet::Outlet(const Options& options, Destinations destinations, const Pace& pace)
    : options_(options),
      destinations_(std::move(destinations)),
      pace_(pace),
      transport_(options.transport),
      spotlight_(destinations_.spotlight.empty()
                     ? nullptr
                     : std::make_unique<Spotlight>(destinations_.spotlight)),
      machine_(machine_contexts()),
      memory_(server_memory(destinations_.dsn)),
      symbolizer_({.in_app_include = options.in_app_include,
                   .in_app_exclude = options.in_app_exclude,
                   .machinery = {"vitals::context::capture_exception"},
                   .source_context = options.source_context}),
      next_ride_(Clock::now()),
      next_report_(Clock::now() + pace.report) {}

bool Outlet::limited(Category category) const noexcept {
  return memory_->limits.limited(category, Clock::now());
}

bool Outlet::limited() const noexcept {
  return memory_->limits.limited(Clock::now());
}

SendResult Outlet::post(const SendRequest& request) {
  SendResult result = send_safely(*transport_, request);
  memory_->limits.update(result.status, result.rate_limits, result.retry_after, Clock::now());
  return result;
}

std::optional<Report> Outlet::report_to_ride() {
  const Time now = Clock::now();
  if (now < next_ride_.load(std::memory_order_relaxed)) return std::nullopt;
  next_ride_.store(now + pace_.ride, std::memory_order_relaxed);
  return report_alone();
}

bool Outlet::report_is_due(Time now) const noexcept {
  return !destinations_.url.empty() && now >= next_report_.load(std::memory_order_relaxed);
}

std::optional<Report> Outlet::report_alone() {
  if (destinations_.url.empty()) return std::nullopt;
  next_report_.store(Clock::now() + pace_.report, std::memory_order_relaxed);
  return memory_->reports.take(wall_time());
}

void Outlet::copy_to_spotlight(const std::string& envelope) {
  if (spotlight_) spotlight_->offer(envelope);
}

void Outlet::close_spotlight(Time deadline) noexcept {
  if (spotlight_) spotlight_->close(deadline);
}

void Outlet::cancel() noexcept {
  if (transport_) transport_->cancel();
}

void Outlet::say(std::string_view what, std::string_view detail) const noexcept {
  if (options_.debug) say_line(what, detail);
}

}  // namespace vitals::sentry::detail
