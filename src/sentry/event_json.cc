#include "sentry/event_json.h"

#include <array>
#include <charconv>

#include "sentry/json_writer.h"
#include "sentry/records.h"
#include "sentry/scrub.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kMaxTag = 200;

bool equals_any(std::string_view name, std::initializer_list<std::string_view> names) {
  for (const std::string_view known : names) {
    if (name == known) return true;
  }
  return false;
}

void write_field(JsonWriter& json, std::string_view name, const Value& held, bool pii) {
  const ValueView value = view_of(held);
  json.key(name);
  if (must_filter(name, value)) {
    json.string(kFiltered);
  } else if (value.type() != ValueView::Type::kString) {
    json.value(value);
  } else if (equals_any(name, {"url", "http.url", "url.full"})) {
    json.string(scrub_url(value.as_string(), pii));
  } else if (equals_any(name, {"query_string", "http.query", "url.query"})) {
    json.string(scrub_query(value.as_string(), pii));
  } else {
    json.value(value);
  }
}

void write_fields(JsonWriter& json, std::string_view name, const Fields& fields, bool pii) {
  if (fields.empty()) return;
  json.key(name).begin_object();
  for (const auto& [key, value] : fields)
    write_field(json, key, value, pii);
  json.end_object();
}

void write_tags(JsonWriter& json, const Tags& tags) {
  if (tags.empty()) return;
  json.key("tags").begin_object();
  for (const auto& [key, value] : tags) {
    json.key(cut(key, kMaxTag)).string(is_sensitive(key) ? kFiltered : cut(value, kMaxTag));
  }
  json.end_object();
}

void write_user(JsonWriter& json, const User& user, bool pii) {
  const bool with_address = pii && !user.ip_address.empty();
  if (user.id.empty() && user.username.empty() && user.email.empty() && !with_address) return;
  json.key("user").begin_object().member("id", user.id);
  if (with_address) json.member("ip_address", user.ip_address);
  json.member("username", user.username).member("email", user.email).end_object();
}

void write_header(JsonWriter& json, const std::string& name, const std::string& value, bool pii) {
  json.key(name);
  if (is_sensitive(name) || (!pii && is_private_header(name))) {
    json.string(kFiltered);
  } else if (name.size() == 6 && (name[0] == 'c' || name[0] == 'C') && is_private_header(name)) {
    json.string(scrub_cookies(value));
  } else {
    json.string(value);
  }
}

void write_request(JsonWriter& json, const RequestRecord& request, bool pii) {
  if (request.method.empty() && request.url.empty() && request.headers.empty()) return;
  json.key("request").begin_object().member("method", request.method);
  if (!request.url.empty()) json.member("url", scrub_url(request.url, pii));
  if (!request.query.empty()) json.member("query_string", scrub_query(request.query, pii));
  if (!request.headers.empty()) {
    json.key("headers").begin_object();
    for (const auto& [name, value] : request.headers)
      write_header(json, name, value, pii);
    json.end_object();
  }
  json.end_object();
}

void write_address(JsonWriter& json, std::string_view name, std::uint64_t address) {
  std::array<char, 2 + 16> text{'0', 'x'};
  char* const end = std::to_chars(text.data() + 2, text.data() + text.size(), address, 16).ptr;
  json.key(name).string({text.data(), static_cast<std::size_t>(end - text.data())});
}

void write_lines(JsonWriter& json, std::string_view name, const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  json.key(name).begin_array();
  for (const std::string& line : lines)
    json.string(line);
  json.end_array();
}

void write_stack(JsonWriter& json, const std::vector<FrameRecord>& frames) {
  if (frames.empty()) return;
  json.key("stacktrace").begin_object().key("frames").begin_array();
  for (const FrameRecord& frame : frames) {
    json.begin_object().member("function", frame.function).member("filename", frame.filename);
    json.member("abs_path", frame.abs_path);
    if (frame.line > 0) json.key("lineno").integer(frame.line);
    json.member("package", frame.package);
    write_address(json, "instruction_addr", frame.address);
    json.key("in_app").boolean(frame.in_app);
    write_lines(json, "pre_context", frame.pre_context);
    // An empty line is a line too.
    const bool has_context =
        !frame.pre_context.empty() || !frame.post_context.empty() || !frame.context_line.empty();
    if (has_context) json.key("context_line").string(frame.context_line);
    write_lines(json, "post_context", frame.post_context);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_images(JsonWriter& json, const std::vector<ImageRecord>& images) {
  if (images.empty()) return;
  json.key("debug_meta").begin_object().key("images").begin_array();
  for (const ImageRecord& image : images) {
    json.begin_object().member("type", "elf").member("code_file", image.code_file);
    json.member("debug_id", image.debug_id).member("code_id", image.code_id);
    write_address(json, "image_addr", image.address);
    json.key("image_size").unsigned_integer(image.size).end_object();
  }
  json.end_array().end_object();
}

void write_exceptions(JsonWriter& json, const std::vector<ExceptionRecord>& exceptions) {
  if (exceptions.empty()) return;
  json.key("exception").begin_object().key("values").begin_array();
  for (const ExceptionRecord& exception : exceptions) {
    json.begin_object();
    json.key("type").string(exception.type).key("value").string(exception.value);
    json.key("mechanism").begin_object();
    json.key("type").string(exception.mechanism).key("handled").boolean(exception.handled);
    if (exceptions.size() > 1) {
      json.key("exception_id").integer(exception.exception_id);
      if (exception.parent_id >= 0) {
        json.key("parent_id").integer(exception.parent_id);
        json.member("source", "std::nested_exception");
      }
    }
    json.end_object();
    write_stack(json, exception.frames);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_breadcrumbs(JsonWriter& json, const std::vector<BreadcrumbRecord>& breadcrumbs,
                       bool pii) {
  if (breadcrumbs.empty()) return;
  json.key("breadcrumbs").begin_object().key("values").begin_array();
  for (const BreadcrumbRecord& crumb : breadcrumbs) {
    json.begin_object().key("timestamp").timestamp(crumb.timestamp);
    json.member("type", crumb.type.empty() ? std::string_view{"default"} : crumb.type);
    json.member("category", crumb.category).member("message", crumb.message);
    json.member("level", level_name(crumb.level));
    write_fields(json, "data", crumb.data, pii);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_trace(JsonWriter& json, const Event& event, bool pii) {
  if (!event.trace_id) return;
  json.key("trace").begin_object();
  json.member("trace_id", event.trace_id.hex().view());
  json.member("span_id", event.span_id.hex().view());
  if (event.parent_span_id) json.member("parent_span_id", event.parent_span_id.hex().view());
  json.member("op", event.op).member("status", event.status);
  if (event.type == Event::Type::kTransaction) json.member("origin", "manual");
  write_fields(json, "data", event.data, pii);
  json.end_object();
}

void write_contexts(JsonWriter& json, const Event& event, const EventFrame& frame) {
  json.key("contexts").begin_object();
  if (!frame.machine_contexts.empty()) json.raw(frame.machine_contexts);
  write_trace(json, event, frame.send_default_pii);
  for (const auto& [name, fields] : event.contexts) {
    // Given twice, a reader could take either: the client's own stand.
    if (equals_any(name, {"os", "runtime", "device", "trace"})) continue;
    write_fields(json, name, fields, frame.send_default_pii);
  }
  json.end_object();
}

void write_spans(JsonWriter& json, const Event& event, bool pii) {
  json.key("spans").begin_array();
  for (const SpanRecord& span : event.spans) {
    json.begin_object();
    json.member("trace_id", event.trace_id.hex().view());
    json.member("span_id", span.span_id.hex().view());
    json.member("parent_span_id", span.parent_span_id.hex().view());
    json.member("op", span.op).member("description", span.description);
    json.member("status", span.status).member("origin", "manual");
    json.key("start_timestamp").timestamp(span.start).key("timestamp").timestamp(span.end);
    write_fields(json, "data", span.data, pii);
    json.end_object();
  }
  json.end_array();
}

void write_measurements(JsonWriter& json, const std::vector<MeasurementRecord>& measurements) {
  if (measurements.empty()) return;
  json.key("measurements").begin_object();
  for (const MeasurementRecord& measurement : measurements) {
    json.key(measurement.name).begin_object().key("value").number(measurement.value);
    json.member("unit", measurement.unit).end_object();
  }
  json.end_object();
}

void write_transaction_parts(JsonWriter& json, const Event& event, bool pii) {
  json.member("type", "transaction").key("start_timestamp").timestamp(event.start);
  json.key("transaction_info").begin_object();
  json.member("source", event.transaction_source).end_object();
  write_spans(json, event, pii);
  write_measurements(json, event.measurements);
}

void write_error_parts(JsonWriter& json, const Event& event, bool pii) {
  json.member("level", level_name(event.level)).member("logger", event.logger);
  if (!event.message.empty()) {
    json.key("message").begin_object().member("formatted", event.message).end_object();
  }
  write_exceptions(json, event.exceptions);
  write_images(json, event.images);
  write_breadcrumbs(json, event.breadcrumbs, pii);
  if (event.fingerprint.empty()) return;
  json.key("fingerprint").begin_array();
  for (const std::string& part : event.fingerprint)
    json.string(part);
  json.end_array();
}

}  // namespace

void write_event(const Event& event, const EventFrame& frame, std::string& out) {
  const bool pii = frame.send_default_pii;
  JsonWriter json{out};
  json.begin_object().member("event_id", event.event_id.hex().view());
  json.key("timestamp").timestamp(event.timestamp).member("platform", "native");
  if (event.type == Event::Type::kTransaction) {
    write_transaction_parts(json, event, pii);
  } else {
    write_error_parts(json, event, pii);
  }
  json.member("transaction", event.transaction).member("release", event.release);
  json.member("environment", event.environment).member("server_name", event.server_name);
  write_tags(json, event.tags);
  write_user(json, event.user, pii);
  write_contexts(json, event, frame);
  write_request(json, event.request, pii);
  if (event.spans_dropped > 0) {
    Fields extra = event.extra;
    put(extra, "spans_dropped", event.spans_dropped);
    write_fields(json, "extra", extra, pii);
  } else {
    write_fields(json, "extra", event.extra, pii);
  }
  json.key("sdk").begin_object().member("name", "vitals.cpp");
  json.member("version", VITALS_VERSION).end_object();
  json.end_object();
}

}  // namespace vitals::sentry::detail
