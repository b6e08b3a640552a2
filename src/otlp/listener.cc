#include "otlp/listener.h"

#include <algorithm>
#include <array>
#include <new>
#include <string>

#include "base/clock.h"
#include "base/type_name.h"
#include "context/records.h"
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
using context::detail::Section;
using context::detail::Trace;

/// Of a text that is shown once for each exception of a chain.
constexpr std::size_t kMostWords = 200;

void add_thrown(PackedEvent& event, const stack::ThrownException& thrown) {
  std::string words{base::TypeName{thrown.mangled_type.c_str()}.view()};
  if (!thrown.value.empty()) words += ": " + thrown.value;
  const std::string_view addresses{reinterpret_cast<const char*>(thrown.stack.data()),
                                   thrown.stack.size() * sizeof(std::uintptr_t)};
  append_raw(event, Section::kThrown, ValueView::Type::kString, {},
             context::detail::cut(words, kMostWords), addresses, kMaxValueSize);
}

/// What was thrown, as OpenTelemetry has it. Source: OpenTelemetry, "Semantic conventions for
/// exceptions on spans".
void pack_exception(const context::Capture& capture, PackedEvent& event) {
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
}

}  // namespace

context::EventId ClientListener::captured(const context::Capture& capture) noexcept {
  std::uint32_t index = 0;
  Trace* const trace = Trace::active(index);
  if (traces_ == nullptr || trace == nullptr || trace->recording() == nullptr) return {};
  // A signal handler that interrupted the thread while it held the trace's lock.
  if (!trace->is_free()) return {};
  try {
    PackedEvent event;
    context::detail::begin_event(event, base::wall_clock());
    if (capture.exception != nullptr || capture.pointer != nullptr) {
      pack_exception(capture, event);
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

void ClientListener::finished(const context::SharedTransaction& transaction) noexcept {
  if (traces_ != nullptr) traces_->add(transaction);
}

}  // namespace vitals::otlp::detail
