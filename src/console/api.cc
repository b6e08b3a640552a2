#include "console/api.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "base/json_writer.h"
#include "console/event_store.h"
#include "vitals/base/percent.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/self_metrics.h"
#include "vitals/otlp/client.h"
#include "vitals/sentry/client.h"

namespace vitals::console::detail {
namespace {

using base::JsonWriter;

/// Rows of the page's tables.
constexpr std::size_t kMostEndpoints = 50;
constexpr std::size_t kMostGroups = 50;
constexpr std::size_t kMostOfGroup = 10;
constexpr std::size_t kMostFound = 20;
constexpr std::size_t kMostTraces = 20;  // of a list

/// Five digits are more than a chart can show, and half the bytes.
void write_short(JsonWriter& json, double value) {
  if (!std::isfinite(value)) {
    json.raw("null");
    return;
  }
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 5);
  json.raw({text.data(), static_cast<std::size_t>(end.ptr - text.data())});
}

void write_time(JsonWriter& json, std::string_view name, double time) {
  std::array<char, 32> text{};
  const auto end =
      std::to_chars(text.data(), text.data() + text.size(), time, std::chars_format::fixed, 3);
  json.key(name).raw({text.data(), static_cast<std::size_t>(end.ptr - text.data())});
}

std::string hex(std::uint64_t number) {
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, 16);
  return {text.data(), end.ptr};
}

void write_endpoints(JsonWriter& json, const Ring& ring, Window window) {
  const EndpointTable table = endpoints(ring, window, kMostEndpoints);
  json.key("endpoints").begin_object();
  json.key("left_out").unsigned_integer(table.left_out);
  json.key("seconds");
  write_short(json, table.seconds);
  json.key("rows").begin_array();
  for (const EndpointRow& row : table.rows) {
    json.begin_object().key("method").string(row.method).key("endpoint").string(row.endpoint);
    json.key("requests").unsigned_integer(row.requests);
    json.key("c4").unsigned_integer(row.client_errors);
    json.key("c5").unsigned_integer(row.server_errors);
    json.key("p50");
    write_short(json, row.p50);
    json.key("p95");
    write_short(json, row.p95);
    json.key("p99");
    write_short(json, row.p99);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_journeys(JsonWriter& json, const Ring& ring, Window window) {
  json.key("journeys").begin_array();
  for (const StepRow& row : journeys(ring, window)) {
    json.begin_object().key("journey").string(row.journey).key("step").string(row.step);
    json.key("reached").unsigned_integer(row.reached);
    json.key("total").unsigned_integer(row.total).end_object();
  }
  json.end_array();
}

void write_error(JsonWriter& json, const KeptEvent& error) {
  json.key("id").string(error.id).key("title").string(error.title);
  json.member("text", error.text).member("culprit", error.culprit).member("level", error.level);
  json.member("name", error.name).member("request_id", error.request_id);
  json.member("trace", error.trace);
  json.key("handled").boolean(error.handled);
  write_time(json, "time", error.time);
}

void write_group(JsonWriter& json, const ErrorGroup& group) {
  json.begin_object().key("group").string(hex(group.key));
  json.key("count").unsigned_integer(group.count);
  write_time(json, "first", group.first);
  write_time(json, "last", group.last);
  write_error(json, *group.latest);
  json.end_object();
}

void write_errors(JsonWriter& json, const EventStore& store) {
  json.key("errors").begin_array();
  for (const ErrorGroup& group : store.errors(kMostGroups))
    write_group(json, group);
  json.end_array();
}

void write_trace(JsonWriter& json, const KeptEvent& trace) {
  json.begin_object().key("id").string(trace.id).key("title").string(trace.title);
  json.member("op", trace.text).member("status", trace.level);
  json.member("request_id", trace.request_id).member("trace", trace.trace);
  json.key("failed").boolean(trace.failed);
  json.key("spans").unsigned_integer(trace.spans);
  write_time(json, "time", trace.time);
  json.key("seconds");
  write_short(json, trace.seconds);
  json.end_object();
}

void write_traces(JsonWriter& json, const EventStore& store, double now) {
  json.key("traces").begin_object().key("slow").begin_array();
  const auto list = [&json](const std::vector<Kept>& all) {
    for (std::size_t i = 0; i < std::min(all.size(), kMostTraces); ++i)
      write_trace(json, *all[i]);
  };
  list(store.slow_traces(now));
  json.end_array().key("failed").begin_array();
  list(store.failed_traces());
  json.end_array().end_object();
}

void write_tracks(JsonWriter& json, const Ring& ring, Rows rows, EndpointFilter filter) {
  json.key("tracks").begin_object();
  for (const Track& track : tracks(ring, rows, filter)) {
    json.key(track.key).begin_array();
    for (const float value : track.values)
      write_short(json, static_cast<double>(value));
    json.end_array();
  }
  json.end_object();
}

/// What the lists say of themselves while they are empty.
void write_flags(JsonWriter& json, const Sources& sources) {
  json.key("metrics").boolean(sources.registry != nullptr);
  json.key("sentry").boolean(sources.store != nullptr && sentry::enabled());
}

void write_payload(JsonWriter& json, const KeptEvent& event) {
  json.key("event");
  if (event.payload.empty()) {
    json.raw("null");
  } else {
    json.raw(event.payload);
  }
}

/// What became of what was to be sent by OTLP.
void write_otlp(JsonWriter& json) {
  json.key("otlp").begin_object().key("on").boolean(otlp::enabled());
  json.key("outcomes").begin_array();
  const otlp::Stats stats = otlp::stats();
  for (std::size_t s = 0; s < otlp::kSignals; ++s) {
    for (std::size_t o = 0; o < otlp::kOutcomes; ++o) {
      if (stats.counts[s][o] == 0) continue;
      json.begin_object();
      json.member("signal", to_string(static_cast<otlp::Signal>(s)));
      json.member("outcome", to_string(static_cast<otlp::Outcome>(o)));
      json.key("count").unsigned_integer(stats.counts[s][o]).end_object();
    }
  }
  json.end_array().end_object();
}

}  // namespace

std::string overview_json(const Sources& sources, const ConsoleOptions& options, Window window,
                          EndpointFilter filter, double now) {
  std::string out;
  JsonWriter json{out};
  json.begin_object().key("name").string(options.name);
  json.member("release", options.release).member("environment", options.environment);
  write_flags(json, sources);
  write_time(json, "now", now);
  json.key("window").string(window == Window::kDay ? "24h" : "15m");
  if (sources.ring != nullptr) {
    const auto hold = sources.ring->lock();
    if (window == Window::kDay) sources.ring->settle_minute();
    json.key("step").integer(window == Window::kDay ? 60 : 1);
    json.key("newest").integer(sources.ring->newest(window));
    json.key("points").unsigned_integer(sources.ring->length(window));
    const RingFamily* const started = sources.ring->find("process_start_time_seconds");
    if (started != nullptr && !started->series.empty())
      write_time(json, "started", started->series.front()->last());
    write_tracks(json, *sources.ring, {window, kMinuteRows}, filter);
    write_endpoints(json, *sources.ring, window);
    write_journeys(json, *sources.ring, window);
  }
  if (sources.store != nullptr) {
    write_errors(json, *sources.store);
    write_traces(json, *sources.store, now);
  }
  json.end_object();
  return out;
}

std::string tick_json(const Sources& sources, EndpointFilter filter, TickParts parts, double now) {
  std::string out;
  JsonWriter json{out};
  json.begin_object();
  write_flags(json, sources);
  write_time(json, "now", now);
  if (sources.ring != nullptr && parts.second) {
    const auto hold = sources.ring->lock();
    json.key("t").integer(sources.ring->newest(Window::kQuarterHour));
    write_tracks(json, *sources.ring, {Window::kQuarterHour, 1}, filter);
    write_endpoints(json, *sources.ring, Window::kQuarterHour);
    write_journeys(json, *sources.ring, Window::kQuarterHour);
  }
  if (sources.store != nullptr && parts.errors) write_errors(json, *sources.store);
  if (sources.store != nullptr && parts.traces) write_traces(json, *sources.store, now);
  json.end_object();
  return out;
}

std::string error_json(const EventStore& store, std::string_view group, std::string_view id) {
  std::uint64_t key = 0;
  Kept shown;
  if (!id.empty()) {
    shown = store.find_error(id);
    if (!shown) return {};
    key = shown->group;
  } else {
    const auto read = std::from_chars(group.data(), group.data() + group.size(), key, 16);
    if (read.ec != std::errc{} || read.ptr != group.data() + group.size()) return {};
  }
  const std::optional<ErrorGroup> found = store.group(key);
  if (!found) return {};
  if (!shown) shown = found->latest;
  std::string out;
  JsonWriter json{out};
  json.begin_object().key("group");
  write_group(json, *found);
  json.key("shown").string(shown->id);
  std::vector<Kept> others = store.errors_of(key, kMostOfGroup);
  const bool among = std::any_of(others.begin(), others.end(),
                                 [&](const Kept& other) { return other->id == shown->id; });
  if (!among) others.push_back(shown);
  json.key("others").begin_array();
  for (const Kept& error : others) {
    json.begin_object();
    write_error(json, *error);
    json.end_object();
  }
  json.end_array();
  json.key("trace_kept")
      .boolean(!shown->trace.empty() && store.find_trace(shown->trace) != nullptr);
  write_payload(json, *shown);
  json.end_object();
  return out;
}

std::string trace_json(const EventStore& store, std::string_view id) {
  const Kept trace = store.find_trace(id);
  if (!trace) return {};
  std::string out;
  JsonWriter json{out};
  json.begin_object().key("trace");
  write_trace(json, *trace);
  json.key("errors").begin_array();
  for (const Kept& error : store.search(trace->trace.empty() ? trace->id : trace->trace).errors) {
    json.begin_object();
    write_error(json, *error);
    json.end_object();
  }
  json.end_array();
  write_payload(json, *trace);
  json.end_object();
  return out;
}

std::string search_json(const EventStore* store, std::string_view id) {
  std::string out;
  JsonWriter json{out};
  EventStore::Found found;
  if (store != nullptr && !id.empty()) found = store->search(id);
  if (found.errors.size() > kMostFound) found.errors.resize(kMostFound);
  if (found.traces.size() > kMostFound) found.traces.resize(kMostFound);
  json.begin_object().key("id").string(id).key("errors").begin_array();
  for (const Kept& error : found.errors) {
    json.begin_object();
    write_error(json, *error);
    json.end_object();
  }
  json.end_array().key("traces").begin_array();
  for (const Kept& trace : found.traces)
    write_trace(json, *trace);
  json.end_array().end_object();
  return out;
}

std::string health_json(const Sources& sources, const ConsoleOptions& options, Viewers viewers) {
  std::string out;
  JsonWriter json{out};
  json.begin_object();
  write_flags(json, sources);
  const metrics::BuildInfo& build = metrics::build_info();
  json.key("build").begin_object().member("version", build.version);
  json.member("revision", build.revision).member("compiler", build.compiler).end_object();
  json.key("viewers").unsigned_integer(viewers.now);
  json.key("max_viewers").unsigned_integer(viewers.most);
  if (sources.ring != nullptr) {
    const auto hold = sources.ring->lock();
    const RingCounts counts = sources.ring->counts();
    json.key("ring").begin_object().key("series").unsigned_integer(counts.series);
    json.key("not_kept").unsigned_integer(counts.not_kept);
    json.key("bytes").unsigned_integer(counts.bytes);
    json.key("budget").unsigned_integer(options.ring_bytes);
    json.key("sample_seconds");
    write_short(json, counts.seconds);
    json.end_object();
  }
  if (sources.store != nullptr) json.key("store_bytes").unsigned_integer(sources.store->bytes());
  json.key("families").begin_array();
  if (sources.registry != nullptr) {
    for (const metrics::FamilyUsage& family : sources.registry->usage()) {
      json.begin_object().key("name").string(family.name);
      json.key("series").unsigned_integer(family.series);
      json.key("overflows").unsigned_integer(family.overflows).end_object();
    }
  }
  json.end_array();
  const sentry::Stats stats = sentry::stats();
  json.key("queue_depth").unsigned_integer(stats.queue_depth);
  json.key("spool_bytes").unsigned_integer(stats.spool_bytes);
  json.key("outcomes").begin_array();
  for (std::size_t c = 0; c < sentry::kCategories; ++c) {
    for (std::size_t o = 0; o < sentry::kOutcomes; ++o) {
      if (stats.counts[c][o] == 0) continue;
      json.begin_object();
      json.member("category", to_string(static_cast<sentry::Category>(c)));
      json.member("outcome", to_string(static_cast<sentry::Outcome>(o)));
      json.key("count").unsigned_integer(stats.counts[c][o]).end_object();
    }
  }
  json.end_array();
  write_otlp(json);
  json.end_object();
  return out;
}

std::string query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
    return base::form_decoded(pair.substr(equals + 1));
  }
  return {};
}

}  // namespace vitals::console::detail
