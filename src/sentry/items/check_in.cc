#include "vitals/sentry/check_in.h"

#include <algorithm>
#include <memory>

#include "base/clock.h"
#include "base/json_writer.h"
#include "sentry/client_core.h"
#include "sentry/context_names.h"
#include "sentry/runtime.h"
#include "vitals/base/ascii.h"

namespace vitals::sentry {
namespace {

using base::JsonWriter;

char mended(char c) noexcept {
  const bool allowed = base::is_letter(c) || base::is_digit(c) || c == '-' || c == '_';
  return allowed ? base::lower(c) : '-';
}

bool all_digits(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), base::is_digit);
}

void write_schedule(base::JsonWriter& json, const Schedule& schedule) {
  json.key("schedule").begin_object();
  switch (schedule.unit()) {
    case Schedule::Unit::kCrontab:
      json.member("type", "crontab").key("value").string(schedule.expression()).end_object();
      return;
    case Schedule::Unit::kMinute:
      json.member("unit", "minute");
      break;
    case Schedule::Unit::kHour:
      json.member("unit", "hour");
      break;
    case Schedule::Unit::kDay:
      json.member("unit", "day");
      break;
  }
  json.member("type", "interval").key("value").integer(schedule.count()).end_object();
}

std::string write_config(const CheckInOptions& options) {
  std::string text;
  if (!options.schedule) return text;
  base::JsonWriter json{text};
  json.begin_object();
  write_schedule(json, *options.schedule);
  const auto add = [&json](std::string_view name, std::int64_t value) {
    if (value > 0) json.key(name).integer(value);
  };
  add("checkin_margin", options.margin.count());
  add("max_runtime", options.max_runtime.count());
  add("failure_issue_threshold", options.failure_issue_threshold);
  add("recovery_threshold", options.recovery_threshold);
  json.member("timezone", options.timezone).member("owner", options.owner).end_object();
  return text;
}

constexpr std::size_t kMaxSlug = 50;

/// The slug as the server takes it, in `out`.
std::string_view mended(std::string_view slug, std::array<char, kMaxSlug>& out) noexcept {
  std::size_t size = 0;
  if (all_digits(slug)) out[size++] = '_';
  for (const char c : slug.substr(0, kMaxSlug - size))
    out[size++] = mended(c);
  return {out.data(), size};
}

TraceId current_trace() noexcept {
  std::uint32_t index = 0;
  const detail::Trace* const trace = detail::Trace::active(index);
  return trace != nullptr ? trace->trace_id()
                          : detail::ScopeState::current()->propagation().trace_id;
}

/// One step of a run.
struct Step {
  EventId id;
  std::string_view slug;
  CheckInStatus status;
  std::optional<std::chrono::nanoseconds> duration;
  std::string_view config;
  TraceId trace_id;
};

void send(const Step& step) noexcept {
  const detail::Lease client;
  if (!client) return;
  const Options& options = client->options();
  try {
    auto item = std::make_unique<detail::ReadyItem>();
    item->category = Category::kMonitor;
    item->type = "check_in";
    base::JsonWriter json{item->payload};
    json.begin_object().member("check_in_id", step.id.hex().view());
    json.member("monitor_slug", step.slug);
    constexpr std::array<std::string_view, 3> kStatuses{"in_progress", "ok", "error"};
    json.member("status", kStatuses[static_cast<std::size_t>(step.status)]);
    if (step.duration && step.status != CheckInStatus::kInProgress) {
      json.key("duration").number(static_cast<double>(step.duration->count()) * 1e-9);
    }
    json.member("release", options.release).member("environment", options.environment);
    if (!step.config.empty()) json.key("monitor_config").raw(step.config);
    json.key("contexts").begin_object().key("trace").begin_object();
    json.member("trace_id", step.trace_id.hex().view()).end_object().end_object();
    json.end_object();
    client->submit(std::move(item));
  } catch (...) {
    detail::count(Category::kMonitor, Outcome::kQueueFull);  // no memory to wait in
  }
}

}  // namespace

EventId check_in(std::string_view slug, CheckInStatus status,
                 const CheckInReport& report) noexcept {
  // The client's own thread runs the hooks, and what they did would be about themselves.
  if (slug.empty() || !enabled() || is_sentry_thread()) return {};
  std::array<char, kMaxSlug> held{};
  std::string config;
  try {
    config = write_config(report.monitor);
  } catch (...) {
    // No memory: the run counts all the same where the monitor is known.
  }
  const EventId id = report.id ? report.id : detail::new_event_id();
  send({id, mended(slug, held), status, report.duration, config, current_trace()});
  return id;
}

Schedule every(std::chrono::minutes interval) noexcept {
  constexpr std::int64_t kHour = 60;
  constexpr std::int64_t kDay = 24 * kHour;
  const std::int64_t minutes = std::max<std::int64_t>(interval.count(), 1);
  Schedule schedule;
  schedule.count_ = minutes;
  if (minutes % kDay == 0) {
    schedule.unit_ = Schedule::Unit::kDay;
    schedule.count_ = minutes / kDay;
  } else if (minutes % kHour == 0) {
    schedule.unit_ = Schedule::Unit::kHour;
    schedule.count_ = minutes / kHour;
  }
  return schedule;
}

void CheckIn::begin(std::string_view slug, const CheckInOptions& options) noexcept {
  // The client's own thread runs the hooks, and what they did would be about themselves.
  if (slug.empty() || is_sentry_thread()) return;
  slug_size_ = static_cast<std::uint8_t>(mended(slug, slug_).size());
  id_ = detail::new_event_id();
  start_ = base::steady_clock_ns();
  trace_id_ = current_trace();
  try {
    config_ = write_config(options);
  } catch (...) {
    config_.clear();  // no memory: the run counts all the same where the monitor is known
  }
  running_ = true;
  send({id_, {slug_.data(), slug_size_}, CheckInStatus::kInProgress, {}, config_, trace_id_});
}

void CheckIn::finish(CheckInStatus status) noexcept {
  running_ = false;
  const std::chrono::nanoseconds duration{base::steady_clock_ns() - start_};
  send({id_, {slug_.data(), slug_size_}, status, duration, config_, trace_id_});
}

}  // namespace vitals::sentry
