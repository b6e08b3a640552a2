#include "vitals/sentry/check_in.h"

#include <algorithm>
#include <memory>

#include "sentry/client_core.h"
#include "sentry/json_writer.h"
#include "sentry/new_id.h"
#include "sentry/runtime.h"

namespace vitals::sentry {
namespace {

using detail::JsonWriter;

char mended(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  const bool allowed = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  return allowed ? c : '-';
}

bool all_digits(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void write_schedule(JsonWriter& json, const Schedule& schedule) {
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
  JsonWriter json{text};
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

}  // namespace

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
  if (all_digits(slug)) slug_[slug_size_++] = '_';
  for (const char c : slug.substr(0, kMaxSlug - slug_size_))
    slug_[slug_size_++] = mended(c);
  id_ = detail::new_event_id();
  start_ = detail::steady_clock_ns();
  std::uint32_t index = 0;
  if (const detail::Trace* const trace = detail::Trace::active(index)) {
    trace_id_ = trace->trace_id();
  }
  try {
    config_ = write_config(options);
  } catch (...) {
    config_.clear();  // no memory: the run counts all the same where the monitor is known
  }
  running_ = true;
  send(Status::kInProgress);
}

void CheckIn::finish(Status status) noexcept {
  running_ = false;
  send(status);
}

void CheckIn::send(Status status) noexcept {
  const detail::Lease client;
  if (!client) return;
  const Options& options = client->options();
  try {
    auto item = std::make_unique<detail::ReadyItem>();
    item->category = Category::kMonitor;
    item->type = "check_in";
    JsonWriter json{item->payload};
    json.begin_object().member("check_in_id", id_.hex().view());
    json.member("monitor_slug", {slug_.data(), slug_size_});
    if (status == Status::kInProgress) {
      json.member("status", "in_progress");
    } else {
      json.member("status", status == Status::kOk ? "ok" : "error");
      json.key("duration").number(static_cast<double>(detail::steady_clock_ns() - start_) * 1e-9);
    }
    json.member("release", options.release).member("environment", options.environment);
    if (!config_.empty()) json.key("monitor_config").raw(config_);
    if (trace_id_) {
      json.key("contexts").begin_object().key("trace").begin_object();
      json.member("trace_id", trace_id_.hex().view()).end_object().end_object();
    }
    json.end_object();
    client->submit(std::move(item));
  } catch (...) {
    detail::count(Category::kMonitor, Outcome::kQueueFull);  // no memory to wait in
  }
}

}  // namespace vitals::sentry
