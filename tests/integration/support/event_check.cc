#include "integration/support/event_check.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "integration/support/form.h"

namespace integration {
namespace {

using Faults = std::vector<std::string>;

// A field on the way down, or null. Not for a temporary.
const Json& at(const Json& json, std::initializer_list<const char*> path) {
  static const Json kNull;
  const Json* here = &json;
  for (const char* name : path) {
    if (!here->is_object()) return kNull;
    const auto found = here->find(name);
    if (found == here->end()) return kNull;
    here = &*found;
  }
  return *here;
}
const Json& at(Json&&, std::initializer_list<const char*>) = delete;

bool is_time(const Json& value) {
  constexpr double kYear2020 = 1577836800;
  constexpr double kYear2100 = 4102444800;
  if (value.is_number()) return value.get<double>() > kYear2020 && value.get<double>() < kYear2100;
  return is_timestamp_text(value);
}

bool is_text(const Json& value) {
  return value.is_string() && !value.get_ref<const std::string&>().empty();
}

void want(bool good, const std::string& words, const Json& found, Faults& faults) {
  if (!good)
    faults.push_back(words + ", found " +
                     found.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 200));
}

void check_trace(const Json& trace, Faults& faults) {
  want(is_hex(at(trace, {"trace_id"}), 32), "contexts.trace.trace_id: 32 hex digits", trace,
       faults);
  want(is_hex(at(trace, {"span_id"}), 16), "contexts.trace.span_id: 16 hex digits", trace, faults);
}

void check_common(const Json& event, Faults& faults) {
  want(is_hex(at(event, {"event_id"}), 32), "event_id: 32 hex digits", at(event, {"event_id"}),
       faults);
  want(is_time(at(event, {"timestamp"})), "timestamp: a time", at(event, {"timestamp"}), faults);
  want(at(event, {"platform"}) == "native", "platform: native", at(event, {"platform"}), faults);
  for (const char* name : {"release", "environment", "server_name"})
    want(is_text(at(event, {name})), std::string{name} + ": a text", at(event, {name}), faults);
  want(is_text(at(event, {"sdk", "name"})) && is_text(at(event, {"sdk", "version"})),
       "sdk: name and version", at(event, {"sdk"}), faults);
  for (const char* name : {"os", "runtime", "device"})
    want(at(event, {"contexts", name}).is_object(), std::string{"contexts."} + name + ": an object",
         at(event, {"contexts"}), faults);
  const Json& tags = at(event, {"tags"});
  want(tags.is_null() || tags.is_object(), "tags: an object", tags, faults);
  if (tags.is_object()) {
    for (const auto& [key, value] : tags.items())
      want(value.is_string() && key.size() <= 200, "tags: texts", tags, faults);
  }
  if (event.contains("user"))
    want(event["user"].is_object(), "user: an object", event["user"], faults);
}

void check_breadcrumbs(const Json& breadcrumbs, Faults& faults) {
  static const std::set<std::string> kLevels{"fatal", "error", "warning", "info", "debug"};
  if (breadcrumbs.is_null()) return;
  const Json& values = at(breadcrumbs, {"values"});
  want(values.is_array() && values.size() <= 100, "breadcrumbs.values: at most 100", breadcrumbs,
       faults);
  if (!values.is_array()) return;
  Json last;
  for (const Json& crumb : values) {
    want(is_time(at(crumb, {"timestamp"})), "breadcrumb: a timestamp", crumb, faults);
    want(is_text(at(crumb, {"message"})) || is_text(at(crumb, {"category"})),
         "breadcrumb: a message or a category", crumb, faults);
    const Json& level = at(crumb, {"level"});
    want(level.is_null() || (level.is_string() && kLevels.contains(level.get<std::string>())),
         "breadcrumb: a level", crumb, faults);
    const Json& time = at(crumb, {"timestamp"});
    if (!last.is_null() && last.type() == time.type())
      want(last <= time, "breadcrumbs: in the order of time", crumb, faults);
    last = time;
  }
}

bool is_address(const Json& value) {
  if (!is_text(value)) return false;
  const std::string_view text = value.get_ref<const std::string&>();
  return text.starts_with("0x") && text.size() > 2 &&
         text.find_first_not_of("0123456789abcdef", 2) == std::string_view::npos;
}

void check_stack(const Json& stack, Faults& faults) {
  const Json& frames = at(stack, {"frames"});
  want(frames.is_array() && !frames.empty(), "stacktrace.frames: some", stack, faults);
  if (!frames.is_array()) return;
  for (const Json& frame : frames) {
    want(is_address(at(frame, {"instruction_addr"})), "frame: an instruction_addr", frame, faults);
    want(at(frame, {"in_app"}).is_boolean(), "frame: in_app", frame, faults);
    if (frame.contains("lineno"))
      want(is_text(at(frame, {"abs_path"})), "frame: a line has its file", frame, faults);
  }
}

void check_images(const Json& images, Faults& faults) {
  if (images.is_null()) return;
  want(images.is_array(), "debug_meta.images: an array", images, faults);
  if (!images.is_array()) return;
  for (const Json& image : images) {
    want(at(image, {"type"}) == "elf", "image: type elf", image, faults);
    want(is_address(at(image, {"image_addr"})), "image: image_addr", image, faults);
    if (image.contains("debug_id")) {
      const Json id = image["debug_id"];
      want(is_text(id) && has_form(id.get<std::string>(), "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"),
           "image: debug_id is a UUID", image, faults);
    }
  }
}

void check_sessions(const Json& sessions, Faults& faults) {
  const Json& minutes = at(sessions, {"aggregates"});
  want(is_text(at(sessions, {"attrs", "release"})), "attrs: a release", sessions, faults);
  want(minutes.is_array() && !minutes.empty() && minutes.size() <= 100,
       "aggregates: 1 to 100 minutes", sessions, faults);
  if (!minutes.is_array()) return;
  for (const Json& minute : minutes) {
    want(is_timestamp_text(at(minute, {"started"})), "aggregate: started", minute, faults);
    std::uint64_t ended = 0;
    for (const char* name : {"exited", "errored", "crashed", "abnormal"})
      ended += minute.value(name, std::uint64_t{0});
    want(ended > 0, "aggregate: a session", minute, faults);
  }
}

void check_attributes(const Json& thing, const std::string& type, Faults& faults) {
  const Json& attributes = at(thing, {"attributes"});
  if (attributes.is_null()) return;
  for (const auto& [name, attribute] : attributes.items()) {
    want(attribute.is_object() && attribute.contains("value") && attribute.contains("type"),
         type + ": an attribute has value and type", thing, faults);
  }
}

void check_log(const Json& log, Faults& faults) {
  const Json& lines = at(log, {"items"});
  want(lines.is_array() && !lines.empty(), "items: some", log, faults);
  if (!lines.is_array()) return;
  for (const Json& line : lines) {
    want(at(line, {"timestamp"}).is_number(), "log: a timestamp", line, faults);
    want(is_text(at(line, {"level"})), "log: a level", line, faults);
    want(is_text(at(line, {"body"})), "log: a body", line, faults);
    want(is_hex(at(line, {"trace_id"}), 32), "log: a trace_id", line, faults);
    check_attributes(line, "log", faults);
  }
}

void check_metrics(const Json& metrics, Faults& faults) {
  const Json& values = at(metrics, {"items"});
  want(values.is_array() && !values.empty(), "items: some", metrics, faults);
  if (!values.is_array()) return;
  static const std::set<std::string> kTypes{"counter", "gauge", "distribution"};
  for (const Json& value : values) {
    want(at(value, {"timestamp"}).is_number(), "metric: a timestamp", value, faults);
    want(is_text(at(value, {"name"})), "metric: a name", value, faults);
    want(kTypes.contains(value.value("type", "")), "metric: a type", value, faults);
    want(at(value, {"value"}).is_number(), "metric: a value", value, faults);
    want(is_hex(at(value, {"trace_id"}), 32), "metric: a trace_id", value, faults);
    check_attributes(value, "metric", faults);
  }
}

void check_spans(const Json& item, Faults& faults) {
  const Json& spans = at(item, {"items"});
  want(spans.is_array() && !spans.empty() && spans.size() <= 1000, "items: 1 to 1,000", item,
       faults);
  if (!spans.is_array()) return;
  for (const Json& span : spans) {
    want(is_hex(at(span, {"trace_id"}), 32), "span: a trace_id", span, faults);
    want(is_hex(at(span, {"span_id"}), 16), "span: a span_id", span, faults);
    want(is_text(at(span, {"name"})), "span: a name", span, faults);
    want(at(span, {"status"}) == "ok" || at(span, {"status"}) == "error", "span: ok or error", span,
         faults);
    want(at(span, {"is_segment"}).is_boolean(), "span: whether it is a segment", span, faults);
    const Json& start = at(span, {"start_timestamp"});
    const Json& end = at(span, {"end_timestamp"});
    want(start.is_number() && end.is_number() && start <= end, "span: from start to end", span,
         faults);
    for (const char* name :
         {"sentry.trace_lifecycle", "sentry.release", "sentry.environment", "sentry.sdk.name",
          "sentry.sdk.version", "sentry.segment.id", "sentry.segment.name"}) {
      want(is_text(at(span, {"attributes", name, "value"})),
           std::string{"span: the attribute "} + name, span, faults);
    }
    check_attributes(span, "span", faults);
  }
}

void check_check_in(const Json& check_in, Faults& faults) {
  want(is_hex(at(check_in, {"check_in_id"}), 32), "check_in_id", check_in, faults);
  want(is_text(at(check_in, {"monitor_slug"})), "monitor_slug", check_in, faults);
  const Json& status = at(check_in, {"status"});
  want(status == "in_progress" || status == "ok" || status == "error", "status", check_in, faults);
}

void check_event(const Json& event, Faults& faults) {
  static const std::set<std::string> kLevels{"fatal", "error", "warning", "info", "debug"};
  const Json& level = at(event, {"level"});
  want(level.is_string() && kLevels.contains(level.get<std::string>()), "level: one of five", level,
       faults);
  const Json& exceptions = at(event, {"exception", "values"});
  const bool has_message = is_text(at(event, {"message", "formatted"})) ||
                           is_text(at(event, {"message"})) ||
                           is_text(at(event, {"logentry", "formatted"}));
  want((exceptions.is_array() && !exceptions.empty()) || has_message, "an exception or a message",
       event, faults);
  if (exceptions.is_array()) {
    for (const Json& exception : exceptions) {
      want(is_text(at(exception, {"type"})), "exception: a type", exception, faults);
      want(at(exception, {"value"}).is_string(), "exception: a value", exception, faults);
      want(is_text(at(exception, {"mechanism", "type"})), "exception: a mechanism", exception,
           faults);
      if (exception.contains("stacktrace")) check_stack(exception["stacktrace"], faults);
    }
  }
  check_images(at(event, {"debug_meta", "images"}), faults);
  if (event.contains("contexts") && event["contexts"].contains("trace"))
    check_trace(event["contexts"]["trace"], faults);
}

void check_transaction(const Json& event, Faults& faults) {
  want(at(event, {"type"}) == "transaction", "type: transaction", at(event, {"type"}), faults);
  want(is_text(at(event, {"transaction"})), "transaction: a name", at(event, {"transaction"}),
       faults);
  want(is_time(at(event, {"start_timestamp"})), "start_timestamp: a time",
       at(event, {"start_timestamp"}), faults);
  if (at(event, {"start_timestamp"}).type() == at(event, {"timestamp"}).type())
    want(at(event, {"start_timestamp"}) <= at(event, {"timestamp"}),
         "start_timestamp: before the end", at(event, {"start_timestamp"}), faults);
  const Json& trace = at(event, {"contexts", "trace"});
  check_trace(trace, faults);
  want(is_text(at(trace, {"op"})), "contexts.trace.op: a text", trace, faults);
  const Json& spans = at(event, {"spans"});
  want(spans.is_array() && spans.size() <= 1000, "spans: at most 1,000", spans, faults);
  if (!spans.is_array()) return;
  std::set<std::string> ids{at(trace, {"span_id"}).dump()};
  for (const Json& span : spans)
    ids.insert(at(span, {"span_id"}).dump());
  want(ids.size() == spans.size() + 1, "spans: each with an id of its own", spans, faults);
  for (const Json& span : spans) {
    want(at(span, {"trace_id"}) == at(trace, {"trace_id"}), "span: the transaction's trace_id",
         span, faults);
    want(is_hex(at(span, {"span_id"}), 16), "span: a span_id", span, faults);
    want(ids.contains(at(span, {"parent_span_id"}).dump()), "span: a parent that is there", span,
         faults);
    want(is_text(at(span, {"op"})), "span: an op", span, faults);
    want(is_time(at(span, {"start_timestamp"})) && is_time(at(span, {"timestamp"})),
         "span: two times", span, faults);
  }
}

void check_client_report(const Json& report, Faults& faults) {
  want(at(report, {"discarded_events"}).is_array(), "discarded_events: an array", report, faults);
}

Json newest_exception(const Json& event) {
  const Json& values = at(event, {"exception", "values"});
  return values.is_array() && !values.empty() ? Json(values.back()) : Json{};
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>() : std::string{};
}

}  // namespace

bool is_timestamp_text(const Json& value) {
  if (!value.is_string()) return false;
  std::string_view text = value.get_ref<const std::string&>();
  if (!has_form(text.substr(0, 19), "dddd-dd-ddTdd:dd:dd")) return false;
  text.remove_prefix(19);
  if (text.starts_with('.')) {
    const std::size_t end = text.find_first_not_of("0123456789", 1);
    if (end == 1) return false;
    text.remove_prefix(std::min(end, text.size()));
  }
  return text == "Z" || text == "+00:00";
}

bool is_hex(const Json& value, std::size_t digits) {
  if (!value.is_string()) return false;
  const auto& text = value.get_ref<const std::string&>();
  return text.size() == digits && text.find_first_not_of("0123456789abcdef") == std::string::npos &&
         text.find_first_not_of('0') != std::string::npos;
}

std::vector<std::string> item_faults(const std::string& type, const Json& item) {
  Faults faults;
  if (type == "event" || type == "transaction") {
    check_common(item, faults);
    check_breadcrumbs(at(item, {"breadcrumbs"}), faults);
  }
  if (type == "event") check_event(item, faults);
  if (type == "transaction") check_transaction(item, faults);
  if (type == "client_report") check_client_report(item, faults);
  if (type == "sessions") check_sessions(item, faults);
  if (type == "log") check_log(item, faults);
  if (type == "trace_metric") check_metrics(item, faults);
  if (type == "span") check_spans(item, faults);
  if (type == "check_in") check_check_in(item, faults);
  for (std::string& fault : faults)
    fault = type + ": " + fault;
  return faults;
}

std::string tag_of(const Json& event, const std::string& name) {
  return text_of(at(event, {"tags", name.c_str()}));
}

std::string user_of(const Json& event) {
  return text_of(at(event, {"user", "id"}));
}

std::size_t breadcrumbs_of(const Json& event) {
  const Json& values = at(event, {"breadcrumbs", "values"});
  return values.is_array() ? values.size() : 0;
}

std::set<std::string> names_in(const Json& json, const std::string& prefix) {
  const std::string text = json.dump();
  std::set<std::string> names;
  for (std::size_t at = text.find(prefix); at != std::string::npos;
       at = text.find(prefix, at + 1)) {
    const std::size_t end = text.find_first_not_of("0123456789", at + prefix.size());
    names.insert(text.substr(at, end - at));
  }
  return names;
}

std::string exception_type_of(const Json& event) {
  const Json exception = newest_exception(event);
  return text_of(at(exception, {"type"}));
}

std::string exception_text_of(const Json& event) {
  const Json exception = newest_exception(event);
  return text_of(at(exception, {"value"}));
}

}  // namespace integration
