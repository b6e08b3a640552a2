#include "otlp/encode/stack_text.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <vector>

#include "context/records.h"
#include "privacy/scrub.h"

namespace vitals::otlp::detail {
namespace {

void append_frame(const stack::Frame& frame, std::string& out) {
  out += "    at ";
  if (frame.function.empty()) {
    std::array<char, 20> digits;
    const auto end =
        std::to_chars(digits.data(), digits.data() + digits.size(), frame.address, 16).ptr;
    out += "0x";
    out.append(digits.data(), end);
  } else {
    out += frame.function;
  }
  if (!frame.filename.empty()) {
    out += " (" + frame.filename;
    if (frame.line > 0) out += ':' + std::to_string(frame.line);
    out += ')';
  } else if (!frame.package.empty()) {
    out += " (" + frame.package + ')';
  }
  out += '\n';
}

}  // namespace

std::string stack_text(std::string_view attributes, stack::Symbolizer& symbolizer,
                       bool send_default_pii) {
  std::string text;
  while (!attributes.empty()) {
    const context::detail::Record record = context::detail::take_record(attributes);
    if (record.section != context::detail::Section::kThrown) continue;
    std::string masked;
    if (!text.empty()) text += "Caused by: ";
    text += privacy::scrub_text(record.key, send_default_pii, masked);
    text += '\n';
    const std::string_view bytes = record.value.as_string();
    std::vector<std::uintptr_t> stack(bytes.size() / sizeof(std::uintptr_t));
    std::memcpy(stack.data(), bytes.data(), stack.size() * sizeof(std::uintptr_t));
    const std::vector<stack::Frame> frames = symbolizer.frames(stack);
    for (std::size_t i = frames.size(); i > 0; --i)
      append_frame(frames[i - 1], text);
  }
  return text;
}

}  // namespace vitals::otlp::detail
