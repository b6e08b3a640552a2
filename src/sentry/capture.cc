#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <typeinfo>

#include "sentry/captured.h"
#include "sentry/client_core.h"
#include "sentry/crash/alt_stack.h"
#include "sentry/items.h"
#include "sentry/new_id.h"
#include "sentry/runtime.h"
#include "vitals/stack/throw.h"
#include "vitals/stack/walk.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kMaxChain = 32;
constexpr std::size_t kMaxParameters = 32;
constexpr std::uint32_t kMaxOwnBytes = 64 * 1024;

void append_text_of(std::string& out, const ValueView& value) {
  std::array<char, 40> digits;
  const auto number = [&](auto held) {
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), held).ptr;
    out.append(digits.data(), end);
  };
  switch (value.type()) {
    case ValueView::Type::kNull:
      out += "null";
      break;
    case ValueView::Type::kBool:
      out += value.as_bool() ? "true" : "false";
      break;
    case ValueView::Type::kInt:
      number(value.as_int());
      break;
    case ValueView::Type::kUint:
      number(value.as_uint());
      break;
    case ValueView::Type::kDouble:
      number(value.as_double());
      break;
    case ValueView::Type::kString:
      out += cut(value.as_string(), kMaxValueSize);
      break;
  }
}

/// The template with its parameters put in.
std::string formatted(std::string_view text, std::span<const ValueView> params) {
  std::string out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view two = text.substr(i, 2);
    if (two == "{}" && next < params.size()) {
      append_text_of(out, params[next++]);
    } else {
      out += text[i];
      if (two != "{{" && two != "}}" && two != "{}") continue;
      if (two == "{}") out += '}';
    }
    ++i;
  }
  return out;
}

void add_link(std::vector<CapturedException>& chain, const std::type_info* type, const void* object,
              const char* text) {
  CapturedException link;
  link.mangled_type = type == nullptr ? "unknown" : type->name();
  link.value = cut(text == nullptr ? "" : text, kMaxValueSize);
  if (type != nullptr) {
    std::array<std::uintptr_t, stack::kMaxThrowDepth> stack;
    const std::size_t depth = stack::throw_stack(object, *type, stack);
    link.stack.assign(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(depth));
  }
  chain.push_back(std::move(link));
}

void follow(std::vector<CapturedException>& chain, const std::exception_ptr& pointer);

void follow_nested(std::vector<CapturedException>& chain, const std::nested_exception* nested) {
  if (nested != nullptr && nested->nested_ptr()) follow(chain, nested->nested_ptr());
}

void follow(std::vector<CapturedException>& chain, const std::exception& exception) {
  // The whole object's address is what was thrown; a base of it may stand elsewhere.
  add_link(chain, &typeid(exception), dynamic_cast<const void*>(&exception), exception.what());
  follow_nested(chain, dynamic_cast<const std::nested_exception*>(&exception));
}

/// What an exception_ptr holds can only be seen by throwing it once more.
void follow(std::vector<CapturedException>& chain, const std::exception_ptr& pointer) {
  if (chain.size() >= kMaxChain) return;
  // What it points to is the object that was thrown, and all that it holds.
  static_assert(sizeof pointer == sizeof(void*));
  const void* object = nullptr;
  std::memcpy(&object, &pointer, sizeof object);
  const auto add = [&](const char* text) {
    add_link(chain, abi::__cxa_current_exception_type(), object, text);
  };
  try {
    std::rethrow_exception(pointer);
  } catch (const std::exception& exception) {
    follow(chain, exception);
  } catch (const std::nested_exception& nested) {
    add(nullptr);
    follow_nested(chain, &nested);
  } catch (const std::string& text) {
    add(text.c_str());
  } catch (const char* text) {
    add(text);
  } catch (...) {
    add(nullptr);
  }
}

/// What was never thrown, or not within our sight, shows where it was captured.
void take_stack(ErrorItem& item, std::uintptr_t capture_site) {
  CapturedException& captured = item.chain.front();
  if (captured.stack.empty()) {
    std::array<std::uintptr_t, stack::kMaxThrowDepth> stack;
    const std::size_t depth = stack::unwind_stack(capture_site, stack);
    captured.stack.assign(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(depth));
  }
  // Now, since a library may be gone when its addresses are looked up.
  item.modules = stack::current_modules();
}

void take_options(ErrorItem& item, const CaptureOptions& options) {
  item.level = options.level.value_or(item.level);
  item.handled = options.handled;
  item.mechanism = options.mechanism;
  item.logger = options.logger;
  for (const TagView& tag : options.tags) {
    if (tag.key.empty()) continue;
    append_text(item.own, Section::kTag, tag.key, tag.value, kMaxOwnBytes, kMaxKeySize);
  }
  for (const FieldView& field : options.extra) {
    if (field.key.empty()) continue;
    append_record(item.own, Section::kExtra, {}, field.key, field.value, kMaxOwnBytes);
  }
  for (const std::string_view part : options.fingerprint) {
    append_text(item.own, Section::kFingerprint, {}, part, kMaxOwnBytes);
  }
}

void worsen_session(bool handled) noexcept {
  ScopeState::current()->worsen_session(handled ? SessionStatus::kErrored
                                                : SessionStatus::kCrashed);
}

/// Whether a signal handler has interrupted this thread while it held a lock that is wanted.
bool is_locked_for_good() noexcept {
  if (!ScopeState::current()->is_free() || !ScopeState::global()->is_free()) return true;
  std::uint32_t index = 0;
  const Trace* const trace = Trace::active(index);
  return trace != nullptr && !trace->is_free();
}

/// Makes an item, lets `fill` say what happened, and hands it over. `stamp` is of what was thrown.
template <class Fill>
EventId capture(const CaptureOptions& options, std::uint64_t stamp, Fill fill) noexcept {
  // The client's own thread runs the hooks: what they captured would come back to them.
  if (is_sentry_thread()) return {};
  const Inside inside;
  if (inside.again() || is_locked_for_good()) {
    count(Category::kError, Outcome::kQueueFull);
    return {};
  }
  const EventId id = new_event_id();
  if (const std::optional<EventId> first = claim_event(stamp, id)) {
    if (options.level.value_or(Level::kError) >= Level::kError) worsen_session(options.handled);
    return *first;
  }
  want_alt_stack();
  try {
    const Lease client;
    if (!client) {
      forget_event(stamp);
      return {};
    }
    auto item = std::make_unique<ErrorItem>();
    item->event_id = id;
    fill(*item);
    take_options(*item, options);
    take_surroundings(*item);
    capture_attachments(std::move(item->scope.attachments), options.attachments.span(),
                        item->attachments);
    // What is to be ignored is no reason to call a session errored; the client's thread counts it.
    const bool ignored = client->ignores(*item);
    const bool counts = !item->chain.empty() && item->level >= Level::kError;
    if (counts && !ignored) worsen_session(item->handled);
    const bool taken = client->capture_error(std::move(item));
    if (!taken || ignored) forget_event(stamp);
    return taken ? id : EventId{};
  } catch (...) {
    forget_event(stamp);
    count(Category::kError, Outcome::kQueueFull);  // no memory to wait in
    return {};
  }
}

}  // namespace

std::vector<CapturedException> describe(const std::exception& exception) {
  std::vector<CapturedException> chain;
  follow(chain, exception);
  return chain;
}

std::vector<CapturedException> describe(const std::exception_ptr& exception) {
  std::vector<CapturedException> chain;
  follow(chain, exception);
  return chain;
}

void take_surroundings(ErrorItem& item) {
  item.timestamp = wall_clock();
  item.scope = ScopeState::current()->snapshot();
  std::uint32_t index = 0;
  Trace* const trace = Trace::active(index);
  if (trace == nullptr) {
    const ScopeState::Propagation propagation = ScopeState::current()->propagation();
    item.trace_id = propagation.trace_id;
    item.span_id = propagation.span_id;
    const Lease client;
    if (client) {
      item.dsc =
          dsc_outside_spans(propagation.trace_id, propagation.sample_rand, client->dsc_source());
    }
    return;
  }
  item.trace_id = trace->trace_id();
  item.span_id = trace->span_id(index);
  if (index == 0) item.parent_span_id = trace->parent_span_id();
  item.transaction = trace->name();
  item.dsc = trace->dsc();
}

std::size_t ErrorItem::cost() const noexcept {
  std::size_t bytes = sizeof *this + message.size() + scope.records.size() +
                      scope.breadcrumbs.size() + own.capacity();
  for (const CapturedException& link : chain) {
    bytes += sizeof link + link.value.size() + link.mangled_type.size() +
             link.stack.size() * sizeof link.stack.front();
  }
  return bytes;
}

std::size_t TransactionItem::cost() const noexcept {
  const Recording& recording = *trace->recording();
  std::size_t bytes = sizeof *this + sizeof(Trace) + sizeof(Recording) +
                      recording.arena.capacity() + recording.spans.capacity() * sizeof(RawSpan);
  return bytes + scope.size();
}

[[gnu::noinline]] EventId capture_exception(const std::exception& exception,
                                            const CaptureOptions& options) noexcept {
  const auto site = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  const std::uint64_t stamp =
      stack::throw_stamp(dynamic_cast<const void*>(&exception), typeid(exception));
  return capture(options, stamp, [&](ErrorItem& item) {
    item.chain = describe(exception);
    take_stack(item, site);
  });
}

[[gnu::noinline]] EventId capture_exception(const std::exception_ptr& exception,
                                            const CaptureOptions& options) noexcept {
  if (!exception) return {};
  const auto site = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  const void* object = nullptr;
  std::memcpy(&object, &exception, sizeof object);
  const std::type_info* const type = exception.__cxa_exception_type();
  const std::uint64_t stamp = type == nullptr ? 0 : stack::throw_stamp(object, *type);
  return capture(options, stamp, [&](ErrorItem& item) {
    item.chain = describe(exception);
    take_stack(item, site);
  });
}

EventId capture_message(std::string_view text, Level level,
                        const CaptureOptions& options) noexcept {
  return capture(options, 0, [&](ErrorItem& item) {
    item.level = level;
    item.message = cut(text, kMaxValueSize);
  });
}

EventId capture_formatted(std::string_view message_template, ListView<ValueView> params,
                          Level level, const CaptureOptions& options) noexcept {
  return capture(options, 0, [&](ErrorItem& item) {
    const auto used = params.span().first(std::min(params.size(), kMaxParameters));
    message_template = cut(message_template, kMaxValueSize);
    item.level = level;
    item.message = cut(formatted(message_template, used), kMaxValueSize);
    append_text(item.own, Section::kTemplate, {}, message_template, kMaxOwnBytes);
    for (const ValueView& param : used)
      append_record(item.own, Section::kParameter, {}, {}, param, kMaxOwnBytes);
  });
}

}  // namespace vitals::sentry::detail
