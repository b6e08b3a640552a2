#include "otlp/listener.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>

#include "base/clock.h"
#include "base/type_name.h"
#include "context/log_attributes.h"
#include "context/records.h"
#include "context/scope_state.h"
#include "context/trace.h"
#include "vitals/stack/exception.h"
#include "vitals/stack/throw.h"
#include "vitals/stack/walk.h"

namespace vitals::otlp::detail {
namespace {

using context::detail::append_raw;
using context::detail::append_record;
using context::detail::append_text;
using context::detail::kMaxValueSize;
using context::detail::PackedEvent;
using context::detail::ScopeState;
using context::detail::Section;
using context::detail::Trace;

/// Of a text that is shown once for each exception of a chain.
constexpr std::size_t kMostWords = 200;

std::string words_of(const stack::ThrownException& thrown) {
  std::string words{base::TypeName{thrown.mangled_type.c_str()}.view()};
  if (!thrown.value.empty()) words += ": " + thrown.value;
  return words;
}

void add_thrown(PackedEvent& event, const stack::ThrownException& thrown) {
  const std::string words = words_of(thrown);
  const std::string_view addresses{reinterpret_cast<const char*>(thrown.stack.data()),
                                   thrown.stack.size() * sizeof(std::uintptr_t)};
  append_raw(event, Section::kThrown, ValueView::Type::kString, {},
             context::detail::cut(words, kMostWords), addresses, kMaxValueSize);
}

/// Packs what was thrown, as OpenTelemetry has it, and gives its type and words. Source:
/// OpenTelemetry, "Semantic conventions for exceptions on spans".
std::string pack_exception(const context::Capture& capture, PackedEvent& event) {
  std::vector<stack::ThrownException> chain = capture.exception != nullptr
                                                  ? stack::exception_chain(*capture.exception)
                                                  : stack::exception_chain(*capture.pointer);
  stack::ThrownException& caught = chain.front();
  if (caught.stack.empty()) {
    std::array<std::uintptr_t, stack::kMaxThrowDepth> addresses;
    const std::size_t depth = stack::unwind_stack(capture.site, addresses);
    caught.stack.assign(addresses.begin(), addresses.begin() + static_cast<std::ptrdiff_t>(depth));
  }
  const base::TypeName type{caught.mangled_type.c_str()};
  append_text(event, Section::kData, "exception.type", type.view(), kMaxValueSize);
  append_text(event, Section::kData, "exception.message", caught.value, kMaxValueSize, 2048);
  for (const stack::ThrownException& each : chain)
    add_thrown(event, each);
  const std::uint64_t stamp = capture.exception != nullptr ? stack::throw_stamp(*capture.exception)
                                                           : stack::throw_stamp(*capture.pointer);
  if (stamp != 0) append_record(event, Section::kStamp, {}, {}, stamp, kMaxValueSize);
  return words_of(caught);
}

context::LogLevel log_level_of(Level level) noexcept {
  switch (level) {
    case Level::kDebug:
      return context::LogLevel::kDebug;
    case Level::kInfo:
      return context::LogLevel::kInfo;
    case Level::kWarning:
      return context::LogLevel::kWarn;
    case Level::kError:
      return context::LogLevel::kError;
    case Level::kFatal:
      break;
  }
  return context::LogLevel::kFatal;
}

}  // namespace

bool ClientListener::log(const context::Capture& capture) {
  if (logs_ == nullptr) return false;
  auto item = std::make_unique<LogItem>();
  item->timestamp = item->observed = base::wall_clock();
  item->level = log_level_of(capture.options.level.value_or(capture.level));
  std::uint32_t index = 0;
  if (const Trace* const trace = Trace::active(index)) {
    item->trace_id = trace->trace_id();
    item->span_id = trace->span_id(index);
  } else {
    item->trace_id = ScopeState::current()->propagation().trace_id;
  }
  item->exception = capture.exception != nullptr || capture.pointer != nullptr;
  PackedEvent event;
  if (item->exception) {
    const std::string words = pack_exception(capture, event);
    item->bytes.append(context::detail::cut(words, kMaxValueSize));
  } else {
    item->bytes.append(context::detail::cut(capture.message, kMaxValueSize));
  }
  item->body_size = item->bytes.size();
  item->bytes.append(event.view());
  context::detail::append_log_attributes<kMaxLogBytes>(item->bytes, {});
  logs_->add(std::move(item));
  return true;
}

context::EventId ClientListener::captured(const context::Capture& capture) noexcept {
  std::uint32_t index = 0;
  Trace* const trace = Trace::active(index);
  // A signal handler that interrupted the thread while it held what is wanted here.
  if (trace != nullptr && !trace->is_free()) return {};
  if (!ScopeState::current()->is_free() || !ScopeState::global()->is_free()) return {};
  try {
    if (traces_ == nullptr || trace == nullptr || trace->recording() == nullptr)
      return log(capture) ? capture.id : context::EventId{};
    PackedEvent event;
    context::detail::begin_event(event, base::wall_clock());
    if (capture.exception != nullptr || capture.pointer != nullptr) {
      static_cast<void>(pack_exception(capture, event));
      trace->add_event(index, "exception", event);
    } else {
      append_text(event, Section::kData, "level",
                  to_string(capture.options.level.value_or(capture.level)), kMaxValueSize);
      trace->add_event(index, capture.message, event);
    }
    return capture.id;
  } catch (const std::bad_alloc&) {
    return {};
  }
}

void ClientListener::logged(const context::LogLine& line) noexcept {
  if (logs_ == nullptr) return;
  std::unique_ptr<LogItem> item{new (std::nothrow) LogItem};
  if (item) {
    item->timestamp = line.timestamp.time_since_epoch().count();
    item->observed = base::wall_clock();
    item->level = line.level;
    item->trace_id = line.trace_id;
    item->span_id = line.span_id;
    item->sampled = context::is_sampled();
    item->bytes.append(context::detail::cut(line.text, kMaxValueSize));
    item->body_size = item->bytes.size();
    context::detail::append_log_attributes<kMaxLogBytes>(item->bytes, line.attributes.span());
  }
  logs_->add(std::move(item));
}

void ClientListener::finished(const context::SharedTransaction& transaction) noexcept {
  if (traces_ != nullptr) traces_->add(transaction);
}

}  // namespace vitals::otlp::detail
