#include "otlp/encode/answer.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "vitals/base/ascii.h"
#include "vitals/base/utf8.h"

namespace vitals::otlp::detail {
namespace {

constexpr std::size_t kMostMessage = 300;

/// Reads the fields of a protobuf message one by one; ends where it is malformed.
/// Source: Protocol Buffers, "Encoding".
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) noexcept : rest_(bytes) {}

  struct Field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;   // of a varint
    std::string_view bytes{};  // of what has a length
  };
  [[nodiscard]] std::optional<Field> next() noexcept {
    const std::optional<std::uint64_t> tag = varint();
    if (!tag) return std::nullopt;
    Field field{.number = *tag >> 3};
    std::optional<std::uint64_t> size;
    switch (*tag & 7) {
      case 0:
        size = varint();
        if (!size) return std::nullopt;
        field.value = *size;
        return field;
      case 1:
        size = 8;
        break;
      case 2:
        size = varint();
        break;
      case 5:
        size = 4;
        break;
      default:
        return std::nullopt;
    }
    if (!size || *size > rest_.size()) return std::nullopt;
    field.bytes = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return field;
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

/// The member of that name of the first object that has one, as it stands: a text without its
/// quotes, escapes as they are. Empty: there is none. Not for what must be right of any JSON.
std::string_view find_member(std::string_view json, std::string_view name) noexcept {
  const auto skip_blanks = [&json] {
    json.remove_prefix(std::min(json.find_first_not_of(" \t\r\n"), json.size()));
  };
  // Of a text that begins at the front with its quote; moves on behind it.
  const auto take_text = [&json] {
    std::size_t end = 1;
    while (end < json.size() && json[end] != '"')
      end += json[end] == '\\' ? 2U : 1U;
    end = std::min(end, json.size());
    const std::string_view text = json.substr(1, end - 1);
    json.remove_prefix(std::min(end + 1, json.size()));
    return text;
  };
  while (!json.empty()) {
    if (json.front() != '"') {
      json.remove_prefix(1);
      continue;
    }
    const std::string_view text = take_text();
    skip_blanks();
    if (text != name || !json.starts_with(':')) continue;
    json.remove_prefix(1);
    skip_blanks();
    if (json.starts_with('"')) return take_text();
    return json.substr(0, json.find_first_of(",}] \t\r\n"));
  }
  return {};
}

std::uint64_t number_of(std::string_view text) noexcept {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && value > 0 ? static_cast<std::uint64_t>(value) : 0;
}

/// For a line of a log: one line, of a length that somebody reads.
std::string shown(std::string_view text) {
  std::string message = base::mend_utf8(base::cut(text, kMostMessage));
  for (char& c : message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return message;
}

}  // namespace

PartialSuccess read_answer(std::string_view body, Protocol protocol) {
  PartialSuccess result;
  if (protocol == Protocol::kJson) {
    for (const std::string_view name :
         {"rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"}) {
      if (result.rejected == 0) result.rejected = number_of(find_member(body, name));
    }
    result.message = shown(find_member(body, "errorMessage"));
    return result;
  }
  FieldReader answer{body};
  while (const auto field = answer.next()) {
    if (field->number != 1) continue;
    FieldReader partial{field->bytes};
    while (const auto inner = partial.next()) {
      // An int64, so that what is negative is there as something huge.
      if (inner->number == 1) result.rejected = inner->value >> 63 != 0 ? 0 : inner->value;
      if (inner->number == 2) result.message = shown(inner->bytes);
    }
  }
  return result;
}

std::string read_status(std::string_view body, Protocol protocol) {
  if (protocol == Protocol::kJson) return shown(find_member(body, "message"));
  FieldReader status{body};
  std::string message;
  while (const auto field = status.next()) {
    if (field->number == 2) message = shown(field->bytes);
  }
  return message;
}

}  // namespace vitals::otlp::detail
