#include "sentry/event/event_builder.h"

#include <charconv>

#include "base/type_name.h"
#include "sentry/event/images.h"

namespace vitals::sentry::detail {
namespace {

void put_tag(Tags& tags, std::string_view key, std::string_view value) {
  for (auto& [name, held] : tags) {
    if (name == key) {
      held = value;
      return;
    }
  }
  tags.emplace_back(std::string{key}, std::string{value});
}

void put_user(User& user, std::string_view key, std::string_view value) {
  if (key == "id") user.id = value;
  if (key == "ip_address") user.ip_address = value;
  if (key == "username") user.username = value;
  if (key == "email") user.email = value;
}

void put_request(RequestRecord& request, std::string_view key, std::string_view value) {
  if (key == "method") request.method = value;
  if (key == "url") request.url = value;
  if (key == "query") request.query = value;
  if (key == "body") request.body = value;
}

void put_context(Event& event, std::string_view key, const ValueView& value) {
  const std::size_t separator = key.find(kUnitSeparator);
  const std::string_view name = key.substr(0, separator);
  const std::string_view field =
      separator == std::string_view::npos ? std::string_view{} : key.substr(separator + 1);
  for (auto& [known, fields] : event.contexts) {
    if (known == name) {
      put(fields, field, value);
      return;
    }
  }
  event.contexts.emplace_back(std::string{name}, Fields{});
  put(event.contexts.back().second, field, value);
}

void put_flag(Event& event, std::string_view name, bool result) {
  std::erase_if(event.flags, [name](const auto& flag) { return flag.first == name; });
  event.flags.emplace_back(std::string{name}, result);
  // Several scopes' together, too: the newest stand, as in each of them.
  if (event.flags.size() > kMaxFlags) event.flags.erase(event.flags.begin());
}

/// Reads back what Span::add_link() wrote.
LinkRecord link_of(std::string_view key, std::string_view type) {
  LinkRecord link;
  const auto read = [&key](auto& bytes) {
    for (std::uint8_t& byte : bytes) {
      std::from_chars(key.data(), key.data() + 2, byte, 16);
      key.remove_prefix(2);
    }
  };
  read(link.trace_id.bytes);
  read(link.span_id.bytes);
  link.sampled = key == "1";
  link.type = type;
  return link;
}

void apply_records(Event& event, std::string_view records) {
  while (!records.empty()) {
    const Record record = take_record(records);
    switch (record.section) {
      case Section::kUser:
        put_user(event.user, record.key, record.value.as_string());
        break;
      case Section::kTag:
        put_tag(event.tags, record.key, record.value.as_string());
        break;
      case Section::kExtra:
        put(event.extra, record.key, record.value);
        break;
      case Section::kContext:
        put_context(event, record.key, record.value);
        break;
      case Section::kFingerprint:
        event.fingerprint.emplace_back(record.value.as_string());
        break;
      case Section::kRequest:
        put_request(event.request, record.key, record.value.as_string());
        break;
      case Section::kHeader:
        event.request.headers.emplace_back(std::string{record.key},
                                           std::string{record.value.as_string()});
        break;
      case Section::kTransaction:
        event.transaction = record.value.as_string();
        break;
      case Section::kFlag:
        put_flag(event, record.key, record.value.as_string() == "1");
        break;
      case Section::kTemplate:
        event.message_template = record.value.as_string();
        break;
      case Section::kParameter:
        event.message_params.push_back(own(record.value));
        break;
      default:
        break;
    }
  }
}

void apply_options(Event& event, const Options& options) {
  event.release = options.release;
  event.dist = options.dist;
  event.environment = options.environment;
  event.server_name = options.server_name;
}

MeasurementRecord& measurement_of(Event& event, std::string_view name) {
  for (MeasurementRecord& known : event.measurements) {
    if (known.name == name) return known;
  }
  event.measurements.push_back({std::string{name}, 0, {}});
  return event.measurements.back();
}

/// Puts the texts that were laid down in the arena into the spans they belong to.
void apply_arena(Event& event, std::string_view arena, SpanRange range) {
  while (!arena.empty()) {
    std::uint32_t index = 0;
    std::memcpy(&index, arena.data(), sizeof index);
    arena.remove_prefix(sizeof index);
    const Record record = take_record(arena);
    if (index != 0 && (index < range.first_part() || index >= range.last)) continue;
    SpanRecord* const part = index == 0 ? nullptr : &event.spans[index - range.first_part()];
    switch (record.section) {
      case Section::kData:
        put(part == nullptr ? event.data : part->data, record.key, record.value);
        break;
      case Section::kOp:
        (part == nullptr ? event.op : part->op) = record.value.as_string();
        break;
      case Section::kDescription:
        if (part != nullptr) part->description = record.value.as_string();
        break;
      case Section::kLink:
        (part == nullptr ? event.links : part->links)
            .push_back(link_of(record.key, record.value.as_string()));
        break;
      case Section::kMeasurement:
        measurement_of(event, record.key).value = record.value.as_double();
        break;
      case Section::kMeasurementUnit:
        measurement_of(event, record.key).unit = record.value.as_string();
        break;
      default:
        break;
    }
  }
}

void add_stacks(Event& event, const ErrorItem& item, stack::Symbolizer& symbolizer) {
  std::shared_ptr<const stack::ModuleMap> modules = item.modules;
  for (ExceptionRecord& exception : event.exceptions) {
    const stack::ThrownException& link =
        item.chain[static_cast<std::size_t>(exception.exception_id)];
    if (link.stack.empty()) continue;
    if (!modules) modules = stack::current_modules();
    exception.frames = symbolizer.frames(link.stack, modules, link.innermost);
    add_images(exception.frames, *modules, event.images);
  }
}

}  // namespace

Event build_event(const ErrorItem& item, const Options& options, stack::Symbolizer& symbolizer) {
  Event event;
  event.type = Event::Type::kError;
  event.event_id = item.event_id;
  event.timestamp = Timestamp{std::chrono::nanoseconds{item.timestamp}};
  event.level = item.level;
  event.logger = item.logger;
  event.message = item.message;
  load_attachments(item.attachments, options, event);
  event.transaction = item.transaction;
  event.trace_id = item.trace_id;
  event.span_id = item.span_id;
  event.parent_span_id = item.parent_span_id;
  apply_options(event, options);
  if (item.origin) {
    event.threads.push_back(item.origin->thread);
    event.release = item.origin->release;
    event.environment = item.origin->environment;
    event.server_name = item.origin->server_name;
    event.dist = item.origin->dist;
  }
  apply_records(event, item.scope.records);
  const bool own_grouping = event.fingerprint.empty();
  apply_records(event, item.own.view());
  if (!own_grouping && !item.own.view().empty()) {
    // A fingerprint of the capture's own stands in place of the scope's, not behind it.
    std::vector<std::string> parts;
    for (std::string_view rest = item.own.view(); !rest.empty();) {
      const Record record = take_record(rest);
      if (record.section == Section::kFingerprint) parts.emplace_back(record.value.as_string());
    }
    if (!parts.empty()) event.fingerprint = std::move(parts);
  }
  event.breadcrumbs.reserve(options.max_breadcrumbs);
  for (std::string_view rest = item.scope.breadcrumbs; !rest.empty();) {
    event.breadcrumbs.push_back(take_breadcrumb(rest));
  }
  // Threads that share a scope may have added theirs in another order, and users give times too.
  std::ranges::stable_sort(event.breadcrumbs, {}, &BreadcrumbRecord::timestamp);
  // Sentry wants the cause first and what was captured last.
  for (std::size_t i = item.chain.size(); i > 0; --i) {
    const stack::ThrownException& link = item.chain[i - 1];
    ExceptionRecord record;
    record.type = base::TypeName{link.mangled_type.c_str()}.view();
    record.value = link.value;
    record.exception_id = static_cast<int>(i - 1);
    record.parent_id = static_cast<int>(i) - 2;
    record.mechanism = i == 1 ? item.mechanism : "chained";
    record.handled = item.handled;
    if (item.origin) {
      record.thread_id = item.origin->thread.id;
      if (i == 1) record.synthetic = item.origin->synthetic;
      if (i == 1) record.signal = item.origin->signal;
    }
    event.exceptions.push_back(std::move(record));
  }
  add_stacks(event, item, symbolizer);
  return event;
}

Event build_event(const FinishedTransaction& item, const Options& options, SpanRange range) {
  const Trace& trace = TransactionAccess::trace(item);
  const Recording& recording = *trace.recording();
  Event event;
  event.type = Event::Type::kTransaction;
  event.event_id = item.id();
  event.level = Level::kInfo;
  apply_options(event, options);
  apply_records(event, TransactionAccess::scope(item));
  event.fingerprint.clear();
  event.transaction = trace.final_name();
  event.transaction_source = trace.source();
  event.trace_id = trace.trace_id();
  const RawSpan& root = recording.spans.front();
  event.span_id = root.span_id;
  event.parent_span_id = root.parent_span_id;
  event.status = to_string(root.status);
  event.start = recording.wall(root.start);
  event.timestamp = recording.wall(root.end);
  event.spans_dropped = recording.spans_dropped;
  event.spans.reserve(range.size());
  for (std::size_t i = range.first_part(); i < range.last; ++i) {
    const RawSpan& raw = recording.spans[i];
    SpanRecord span;
    span.span_id = raw.span_id;
    span.parent_span_id = raw.parent_span_id;
    span.status = to_string(raw.status);
    span.start = recording.wall(raw.start);
    span.end = recording.wall(raw.end);
    event.spans.push_back(std::move(span));
  }
  apply_arena(event, recording.arena.view(), range);
  return event;
}

}  // namespace vitals::sentry::detail
