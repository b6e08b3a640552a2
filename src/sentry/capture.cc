#include "sentry/capture.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "context/json_text.h"
#include "context/sampling.h"
#include "crash/alt_stack.h"
#include "privacy/scrub.h"
#include "sentry/captured.h"
#include "sentry/client_core.h"
#include "sentry/dsc.h"
#include "sentry/items.h"
#include "sentry/runtime.h"
#include "vitals/stack/exception.h"
#include "vitals/stack/throw.h"
#include "vitals/stack/walk.h"

namespace vitals::sentry::detail {
namespace {

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
    case ValueView::Type::kJson:
    case ValueView::Type::kObject:
    case ValueView::Type::kArray: {
      // Masked before it stands among words, where names of fields are harder to tell.
      std::string scratch;
      out += privacy::scrub_value(context::detail::nested_text(value, kMaxValueSize).text, true,
                                  scratch);
      break;
    }
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

/// What was never thrown, or not within our sight, shows where it was captured.
void take_stack(ErrorItem& item, std::uintptr_t capture_site) {
  stack::ThrownException& captured = item.chain.front();
  if (captured.stack.empty()) {
    std::array<std::uintptr_t, stack::kMaxThrowDepth> stack;
    const std::size_t depth = stack::unwind_stack(capture_site, stack);
    captured.stack.assign(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(depth));
  }
  // Now, since a library may be gone when its addresses are looked up.
  item.modules = stack::current_modules();
}

void take_options(ErrorItem& item, const context::CaptureOptions& options) {
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

void worsen_work(bool handled) noexcept {
  ScopeState::current()->worsen_work(handled ? WorkStatus::kErrored : WorkStatus::kCrashed);
}

/// Whether a signal handler has interrupted this thread while it held a lock that is wanted.
bool is_locked_for_good() noexcept {
  if (!ScopeState::current()->is_free() || !ScopeState::global()->is_free()) return true;
  std::uint32_t index = 0;
  const Trace* const trace = Trace::active(index);
  return trace != nullptr && !trace->is_free();
}

/// What was captured, as far as the thread that captures must say it.
void fill(ErrorItem& item, const context::Capture& capture) {
  item.level = capture.level;
  if (capture.exception != nullptr || capture.pointer != nullptr) {
    item.chain = capture.exception != nullptr ? stack::exception_chain(*capture.exception)
                                              : stack::exception_chain(*capture.pointer);
    take_stack(item, capture.site);
    return;
  }
  const std::string_view text = cut(capture.message, kMaxValueSize);
  if (!capture.params) {
    item.message = text;
    return;
  }
  const auto used = capture.params->span().first(std::min(capture.params->size(), kMaxParameters));
  item.message = cut(formatted(text, used), kMaxValueSize);
  append_text(item.own, Section::kTemplate, {}, text, kMaxOwnBytes);
  for (const ValueView& param : used)
    append_record(item.own, Section::kParameter, {}, {}, param, kMaxOwnBytes);
}

std::uint64_t stamp_of(const context::Capture& capture) noexcept {
  if (capture.exception != nullptr) return stack::throw_stamp(*capture.exception);
  return capture.pointer != nullptr ? stack::throw_stamp(*capture.pointer) : 0;
}

}  // namespace

EventId capture(Client& client, const context::Capture& capture) noexcept {
  const Inside inside;
  if (inside.again() || is_locked_for_good()) {
    count(Category::kError, Outcome::kQueueFull);
    return {};
  }
  const context::CaptureOptions& options = capture.options;
  const std::uint64_t stamp = stamp_of(capture);
  if (const std::optional<EventId> first = claim_event(stamp, capture.id)) {
    if (options.level.value_or(Level::kError) >= Level::kError) worsen_work(options.handled);
    return *first;
  }
  crash::detail::want_alt_stack();
  try {
    auto item = std::make_unique<ErrorItem>();
    item->event_id = capture.id;
    fill(*item, capture);
    take_options(*item, options);
    take_surroundings(*item);
    capture_attachments(std::move(item->scope.attachments), options.attachments.span(),
                        item->attachments);
    // What is to be ignored is no reason to call a session errored; the client's thread counts it.
    const bool ignored = client.ignores(*item);
    const bool counts = !item->chain.empty() && item->level >= Level::kError;
    if (counts && !ignored) worsen_work(item->handled);
    const bool taken = client.capture_error(std::move(item));
    if (!taken || ignored) forget_event(stamp);
    return taken ? capture.id : EventId{};
  } catch (...) {
    forget_event(stamp);
    count(Category::kError, Outcome::kQueueFull);  // no memory to wait in
    return {};
  }
}

void take_surroundings(ErrorItem& item) {
  item.timestamp = base::wall_clock();
  item.scope = ScopeState::current()->snapshot();
  std::uint32_t index = 0;
  Trace* const trace = Trace::active(index);
  if (trace == nullptr) {
    const ScopeState::Propagation propagation = ScopeState::current()->propagation();
    item.trace_id = propagation.trace_id;
    item.span_id = propagation.span_id;
    const Lease client;
    if (client) item.dsc = make_dsc(propagation.facts(), client->dsc_source());
    return;
  }
  item.trace_id = trace->trace_id();
  item.span_id = trace->span_id(index);
  if (index == 0) item.parent_span_id = trace->parent_span_id();
  item.transaction = trace->name();
  item.dsc = trace->baggage();
  if (!item.dsc.empty()) return;
  // A caller of before there was such a thing says nothing of its trace, and that goes on as it
  // came. The server is told what is known here: whether there are spans beside the error.
  TraceFacts facts{.trace_id = item.trace_id,
                   .sample_rand = context::detail::sample_rand_of(item.trace_id)};
  const Decision decision = trace->decision();
  if (decision != Decision::kNone) facts.sampled = decision == Decision::kYes;
  const Lease client;
  if (client) item.dsc = make_dsc(facts, client->dsc_source());
}

}  // namespace vitals::sentry::detail
