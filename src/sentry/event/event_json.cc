#include "sentry/event/event_json.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_writer.h"
#include "privacy/scrub.h"
#include "sentry/context_names.h"
#include "sentry/event/trim.h"
#include "vitals/version.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kMaxTag = 200;

/// Writes what the service put in, without what must not leave.
class EventWriter {
 public:
  EventWriter(std::string& out, bool send_default_pii) noexcept
      : json(out), pii(send_default_pii) {}

  /// A text of the service's own words.
  [[nodiscard]] std::string_view clean(std::string_view text) {
    return privacy::scrub_text(text, pii, scratch_);
  }
  /// A member with such a text, left out when it is empty.
  void text(std::string_view name, std::string_view value) { json.member(name, clean(value)); }
  void field(std::string_view name, const Value& held);
  /// An object or array, each of its secrets masked.
  void nested(std::string_view text);
  void fields(std::string_view name, const Fields& fields);
  void tags(const Tags& tags);

  base::JsonWriter json;
  const bool pii;

 private:
  std::string scratch_;  // kept for its capacity
};

void EventWriter::field(std::string_view name, const Value& held) {
  const ValueView value = view_of(held);
  json.key(name);
  if (value.type() == ValueView::Type::kString) {
    json.string(privacy::scrub_named(name, value.as_string(), pii, scratch_));
  } else if (privacy::must_filter(name, value) || (!pii && privacy::is_client_address(name))) {
    json.string(privacy::kFiltered);
  } else if (value.type() == ValueView::Type::kJson) {
    nested(value.as_string());
  } else {
    json.value(value);
  }
}

void EventWriter::nested(std::string_view text) {
  // Written anew also where nothing was masked: the text may hold what is no UTF-8.
  if (privacy::scrub_json(text, pii, scratch_) != privacy::JsonScrub::kMalformed) {
    json.raw(scratch_);
  } else {
    json.string(privacy::scrub_value(text, pii, scratch_));
  }
}

void EventWriter::fields(std::string_view name, const Fields& fields) {
  if (fields.empty()) return;
  json.key(name).begin_object();
  for (const auto& [key, value] : fields) {
    if (!key.empty()) field(key, value);
  }
  json.end_object();
}

void EventWriter::tags(const Tags& tags) {
  if (tags.empty()) return;
  json.key("tags").begin_object();
  for (const auto& [key, value] : tags) {
    if (key.empty()) continue;
    const bool hidden = privacy::is_sensitive(key) || (!pii && privacy::is_client_address(key));
    json.key(cut(key, kMaxTag)).string(hidden ? privacy::kFiltered : cut(clean(value), kMaxTag));
  }
  json.end_object();
}

void write_user(EventWriter& writer, const User& user) {
  base::JsonWriter& json = writer.json;
  const bool with_address = writer.pii && !user.ip_address.empty();
  if (user.id.empty() && user.username.empty() && user.email.empty() && !with_address) return;
  json.key("user").begin_object().member("id", user.id);
  if (with_address) json.member("ip_address", user.ip_address);
  json.member("username", user.username).member("email", user.email).end_object();
}

void write_request(EventWriter& writer, const RequestRecord& request) {
  base::JsonWriter& json = writer.json;
  const bool pii = writer.pii;
  if (request.method.empty() && request.url.empty() && request.headers.empty() &&
      request.body.empty()) {
    return;
  }
  json.key("request").begin_object().member("method", request.method);
  if (!request.url.empty()) json.member("url", privacy::scrub_url(request.url, pii));
  if (!request.query.empty()) json.member("query_string", privacy::scrub_query(request.query, pii));
  if (pii && !request.body.empty()) json.member("data", privacy::scrub_body(request.body));
  if (!request.headers.empty()) {
    json.key("headers").begin_object();
    for (const auto& [name, value] : request.headers)
      json.key(name).string(privacy::scrub_header(name, value, pii));
    json.end_object();
  }
  json.end_object();
}

void write_address(base::JsonWriter& json, std::string_view name, std::uint64_t address) {
  std::array<char, 2 + 16> text{'0', 'x'};
  char* const end = std::to_chars(text.data() + 2, text.data() + text.size(), address, 16).ptr;
  json.key(name).string({text.data(), static_cast<std::size_t>(end - text.data())});
}

void write_lines(base::JsonWriter& json, std::string_view name,
                 const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  json.key(name).begin_array();
  for (const std::string& line : lines)
    json.string(line);
  json.end_array();
}

void write_stack(base::JsonWriter& json, const std::vector<FrameRecord>& frames) {
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

void write_images(base::JsonWriter& json, const std::vector<ImageRecord>& images) {
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

void write_signal(base::JsonWriter& json, const SignalRecord& signal) {
  if (signal.number == 0) return;
  json.key("meta").begin_object().key("signal").begin_object();
  json.key("number").integer(signal.number).key("code").integer(signal.code);
  json.member("name", signal.name).member("code_name", signal.code_name);
  json.end_object().end_object();
}

void write_threads(base::JsonWriter& json, const std::vector<ThreadRecord>& threads) {
  if (threads.empty()) return;
  json.key("threads").begin_object().key("values").begin_array();
  for (const ThreadRecord& thread : threads) {
    json.begin_object().key("id").integer(thread.id).member("name", thread.name);
    json.key("crashed").boolean(thread.crashed).key("current").boolean(thread.current);
    if (thread.main) json.key("main").boolean(true);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_exceptions(EventWriter& writer, const std::vector<ExceptionRecord>& exceptions) {
  base::JsonWriter& json = writer.json;
  if (exceptions.empty()) return;
  json.key("exception").begin_object().key("values").begin_array();
  for (const ExceptionRecord& exception : exceptions) {
    json.begin_object();
    json.key("type").string(exception.type);
    json.key("value").string(writer.clean(exception.value));
    json.key("mechanism").begin_object();
    json.key("type").string(exception.mechanism).key("handled").boolean(exception.handled);
    if (exception.synthetic) json.key("synthetic").boolean(true);
    write_signal(json, exception.signal);
    if (exceptions.size() > 1) {
      json.key("exception_id").integer(exception.exception_id);
      if (exception.parent_id >= 0) {
        json.key("parent_id").integer(exception.parent_id);
        json.member("source", "std::nested_exception");
      }
    }
    json.end_object();
    if (exception.thread_id != 0) json.key("thread_id").integer(exception.thread_id);
    write_stack(json, exception.frames);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_breadcrumbs(EventWriter& writer, const std::vector<BreadcrumbRecord>& breadcrumbs) {
  base::JsonWriter& json = writer.json;
  if (breadcrumbs.empty()) return;
  json.key("breadcrumbs").begin_object().key("values").begin_array();
  for (const BreadcrumbRecord& crumb : breadcrumbs) {
    json.begin_object().key("timestamp").timestamp(crumb.timestamp);
    // A type `default` and a level `info` are what a reader takes for granted.
    json.member("type", crumb.type).member("category", crumb.category);
    writer.text("message", crumb.message);
    if (crumb.level != Level::kInfo) json.member("level", to_string(crumb.level));
    writer.fields("data", crumb.data);
    json.end_object();
  }
  json.end_array().end_object();
}

void write_links(base::JsonWriter& json, const std::vector<LinkRecord>& links) {
  if (links.empty()) return;
  json.key("links").begin_array();
  for (const LinkRecord& link : links) {
    json.begin_object().member("trace_id", link.trace_id.hex().view());
    json.member("span_id", link.span_id.hex().view()).key("sampled").boolean(link.sampled);
    if (!link.type.empty()) {
      json.key("attributes").begin_object().member("sentry.link.type", link.type).end_object();
    }
    json.end_object();
  }
  json.end_array();
}

/// The service's own fields in a context of the client's, but those that the client writes.
void write_given(EventWriter& writer, const Fields* given,
                 std::initializer_list<std::string_view> ours) {
  if (given == nullptr) return;
  for (const auto& [key, value] : *given) {
    if (!key.empty() && std::find(ours.begin(), ours.end(), key) == ours.end()) {
      writer.field(key, value);
    }
  }
}

void write_trace(EventWriter& writer, const Event& event, const Fields* given) {
  base::JsonWriter& json = writer.json;
  if (!event.trace_id) return;
  json.key("trace").begin_object();
  write_given(writer, given,
              {"trace_id", "span_id", "parent_span_id", "op", "status", "origin", "data", "links"});
  json.member("trace_id", event.trace_id.hex().view());
  json.member("span_id", event.span_id.hex().view());
  if (event.parent_span_id) json.member("parent_span_id", event.parent_span_id.hex().view());
  json.member("op", event.op).member("status", event.status);
  if (event.type == Event::Type::kTransaction) json.member("origin", "manual");
  writer.fields("data", event.data);
  write_links(json, event.links);
  json.end_object();
}

void write_flags(EventWriter& writer, const Event& event, const Fields* given) {
  base::JsonWriter& json = writer.json;
  if (event.flags.empty()) return;
  json.key("flags").begin_object();
  write_given(writer, given, {"values"});
  json.key("values").begin_array();
  for (const auto& [name, result] : event.flags)
    json.begin_object().member("flag", name).key("result").boolean(result).end_object();
  json.end_array().end_object();
}

const Fields* find_context(const std::vector<std::pair<std::string, Fields>>& contexts,
                           std::string_view name) noexcept {
  const auto found = std::find_if(contexts.begin(), contexts.end(),
                                  [name](const auto& context) { return context.first == name; });
  return found == contexts.end() ? nullptr : &found->second;
}

/// One of the client's own, with the user's fields in it and before those of the same name.
void write_machine(EventWriter& writer, std::string_view name, const Fields& machine,
                   const Fields* given) {
  base::JsonWriter& json = writer.json;
  json.key(name).begin_object();
  const auto in_given = [given](std::string_view key) {
    return given != nullptr && std::any_of(given->begin(), given->end(),
                                           [key](const auto& one) { return one.first == key; });
  };
  for (const auto& [key, value] : machine) {
    // Not a word of the user's, so there is nothing to mask.
    if (!in_given(key)) json.key(key).value(view_of(value));
  }
  if (given != nullptr) {
    for (const auto& [key, value] : *given) {
      if (!key.empty()) writer.field(key, value);
    }
  }
  json.end_object();
}

void write_contexts(EventWriter& writer, const Event& event, const EventFrame& frame) {
  base::JsonWriter& json = writer.json;
  json.key("contexts").begin_object();
  static const MachineContexts none;
  const MachineContexts& machine =
      frame.machine_contexts != nullptr ? *frame.machine_contexts : none;
  for (const auto& [name, fields] : machine)
    write_machine(writer, name, fields, find_context(event.contexts, name));
  write_trace(writer, event, find_context(event.contexts, "trace"));
  write_flags(writer, event, find_context(event.contexts, "flags"));
  std::vector<std::string_view> written;
  for (const auto& [name, fields] : event.contexts) {
    // Given twice, a reader could take either: the ids of the trace are the client's.
    const bool again = std::find(written.begin(), written.end(), name) != written.end();
    if (name.empty() || again || (name == "trace" && event.trace_id) ||
        (name == "flags" && !event.flags.empty()) || find_context(machine, name) != nullptr) {
      continue;
    }
    written.push_back(name);
    writer.fields(name, fields);
  }
  json.end_object();
}

void write_spans(EventWriter& writer, const Event& event) {
  base::JsonWriter& json = writer.json;
  json.key("spans").begin_array();
  for (const SpanRecord& span : event.spans) {
    json.begin_object();
    json.member("trace_id", event.trace_id.hex().view());
    json.member("span_id", span.span_id.hex().view());
    json.member("parent_span_id", span.parent_span_id.hex().view());
    json.member("op", span.op);
    writer.text("description", span.description);
    json.member("status", span.status).member("origin", "manual");
    json.key("start_timestamp").timestamp(span.start).key("timestamp").timestamp(span.end);
    writer.fields("data", span.data);
    write_links(json, span.links);
    json.end_object();
  }
  json.end_array();
}

void write_measurements(base::JsonWriter& json,
                        const std::vector<MeasurementRecord>& measurements) {
  if (measurements.empty()) return;
  json.key("measurements").begin_object();
  for (const MeasurementRecord& measurement : measurements) {
    if (measurement.name.empty()) continue;
    json.key(measurement.name).begin_object().key("value").number(measurement.value);
    json.member("unit", measurement.unit).end_object();
  }
  json.end_object();
}

void write_transaction_parts(EventWriter& writer, const Event& event) {
  base::JsonWriter& json = writer.json;
  json.member("type", "transaction").key("start_timestamp").timestamp(event.start);
  json.key("transaction_info").begin_object();
  json.member("source", event.transaction_source).end_object();
  write_spans(writer, event);
  write_measurements(json, event.measurements);
}

/// A parameter as it may be sent: what the masked text does not hold is masked here as well, since
/// alone it may not look like the secret that it is. That the text has lost it in another way, as
/// where it was cut, makes it none the safer.
void write_parameter(EventWriter& writer, const Value& held, std::string_view clean) {
  std::string text;
  base::JsonWriter alone{text};
  alone.value(view_of(held));
  std::string_view bare = text;
  if (const auto* const given = std::get_if<std::string>(&held)) bare = *given;
  // These are no secret, and the text may have another word for them.
  const bool plain = text == "null" || text == "true" || text == "false";
  if (!plain && clean.find(bare) == std::string_view::npos) {
    writer.json.string(privacy::kFiltered);
  } else if (std::holds_alternative<std::string>(held)) {
    writer.json.string(writer.clean(bare));
  } else if (std::holds_alternative<JsonText>(held)) {
    writer.nested(bare);
  } else {
    writer.json.value(view_of(held));
  }
}

void write_message(EventWriter& writer, const Event& event) {
  if (event.message.empty()) return;
  base::JsonWriter& json = writer.json;
  const std::string clean{writer.clean(event.message)};
  json.key("logentry").begin_object();
  json.member("message", event.message_template.empty() ? std::string_view{clean}
                                                        : writer.clean(event.message_template));
  if (!event.message_params.empty()) {
    json.key("params").begin_array();
    for (const Value& param : event.message_params)
      write_parameter(writer, param, clean);
    json.end_array();
  }
  json.member("formatted", clean).end_object();
}

void write_error_parts(EventWriter& writer, const Event& event) {
  base::JsonWriter& json = writer.json;
  json.member("level", to_string(event.level)).member("logger", event.logger);
  write_message(writer, event);
  write_exceptions(writer, event.exceptions);
  write_threads(json, event.threads);
  write_images(json, event.images);
  write_breadcrumbs(writer, event.breadcrumbs);
  if (event.fingerprint.empty()) return;
  json.key("fingerprint").begin_array();
  for (const std::string& part : event.fingerprint)
    json.string(writer.clean(part));
  json.end_array();
}

}  // namespace

void write_event(const Event& event, const EventFrame& frame, std::string& out) {
  EventWriter writer{out, frame.send_default_pii};
  base::JsonWriter& json = writer.json;
  json.begin_object().member("event_id", event.event_id.hex().view());
  json.key("timestamp").timestamp(event.timestamp).member("platform", "native");
  if (event.type == Event::Type::kTransaction) {
    write_transaction_parts(writer, event);
  } else {
    write_error_parts(writer, event);
  }
  writer.text("transaction", event.transaction);
  json.member("release", event.release).member("dist", event.dist);
  json.member("environment", event.environment).member("server_name", event.server_name);
  writer.tags(event.tags);
  write_user(writer, event.user);
  write_contexts(writer, event, frame);
  write_request(writer, event.request);
  if (event.spans_dropped > 0) {
    Fields extra = event.extra;
    put(extra, "spans_dropped", event.spans_dropped);
    writer.fields("extra", extra);
  } else {
    writer.fields("extra", event.extra);
  }
  if (frame.trimmed != nullptr) frame.trimmed->write(json);
  json.key("sdk").begin_object().member("name", "vitals.cpp");
  json.member("version", VITALS_VERSION).end_object();
  json.end_object();
}

}  // namespace vitals::sentry::detail
