#include "console/grouping.h"

#include <algorithm>
#include <string_view>

namespace vitals::console::detail {
namespace {

/// Of the service's own frames, from the throw outwards. All of them would make one fault many, by
/// the ways that lead to it.
constexpr std::size_t kFrames = 3;

/// FNV-1a: short texts, no adversary, and the same number in every run.
class Hash {
 public:
  void add(std::string_view text) noexcept {
    for (const char c : text)
      step(c);
    step('\x1f');  // `ab`, `c` is not `a`, `bc`
  }
  /// The same for texts that differ in their numbers alone.
  void add_shape(std::string_view text) noexcept {
    bool digits = false;
    for (const char c : text) {
      const bool digit = c >= '0' && c <= '9';
      if (!digit) step(c);
      if (digit && !digits) step('0');
      digits = digit;
    }
    step('\x1f');
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_; }

 private:
  void step(char c) noexcept {
    value_ ^= static_cast<unsigned char>(c);
    value_ *= 0x100000001b3U;
  }
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

void add_default(const sentry::Event& event, Hash& hash) {
  if (event.exceptions.empty()) {
    hash.add_shape(event.message);
    return;
  }
  for (const sentry::ExceptionRecord& exception : event.exceptions)
    hash.add(exception.type);
  const sentry::ExceptionRecord& last = event.exceptions.back();
  std::size_t own = 0;
  for (auto frame = last.frames.rbegin(); frame != last.frames.rend() && own < kFrames; ++frame) {
    if (!frame->in_app || frame->function.empty()) continue;
    hash.add(frame->function);
    ++own;
  }
  if (own == 0) hash.add_shape(last.value);
}

bool is_default(std::string_view part) {
  return part == "{{ default }}" || part == "{{default}}";
}

}  // namespace

std::uint64_t group_of(const sentry::Event& event) {
  Hash hash;
  if (event.fingerprint.empty()) add_default(event, hash);
  for (const std::string& part : event.fingerprint) {
    if (is_default(part)) {
      add_default(event, hash);
    } else {
      hash.add(part);
    }
  }
  return hash.value();
}

std::string culprit_of(const sentry::Event& event) {
  if (event.exceptions.empty() || event.exceptions.back().frames.empty()) return {};
  const auto& frames = event.exceptions.back().frames;
  auto frame = std::find_if(frames.rbegin(), frames.rend(),
                            [](const sentry::FrameRecord& candidate) { return candidate.in_app; });
  if (frame == frames.rend()) frame = frames.rbegin();
  std::string text = frame->function;
  if (!frame->filename.empty()) {
    text += text.empty() ? "" : " at ";
    text += frame->filename;
    if (frame->line > 0) text += ":" + std::to_string(frame->line);
  }
  return text;
}

}  // namespace vitals::console::detail
