#include <string>
#include <string_view>

#include "base/json_writer.h"
#include "privacy/scrub.h"
#include "vitals/base/ascii.h"
#include "vitals/base/utf8.h"

namespace vitals::privacy {
namespace {

constexpr int kMaxDepth = 64;
constexpr int kMaxNesting = 4;  // of JSON in a text in JSON

/// Reads JSON and writes it again. Each call gives false where the text is no JSON.
/// Source: RFC 8259.
class JsonScrubber {
 public:
  JsonScrubber(std::string_view json, bool pii, std::string& out, int nesting)
      : rest_(json), pii_(pii), nesting_(nesting), writer_(out) {}

  [[nodiscard]] JsonScrub run() {
    if (!value(0, false)) return JsonScrub::kMalformed;
    skip_spaces();
    if (!rest_.empty()) return JsonScrub::kMalformed;
    return changed_ ? JsonScrub::kChanged : JsonScrub::kUnchanged;
  }

 private:
  void skip_spaces() noexcept {
    const std::size_t end = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
  }
  [[nodiscard]] bool take(char c) noexcept {
    skip_spaces();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  /// With `muted` it is read and not written.
  [[nodiscard]] bool value(int depth, bool muted) {
    skip_spaces();
    if (rest_.empty() || depth > kMaxDepth) return false;
    switch (rest_.front()) {
      case '{':
        return object(depth, muted);
      case '[':
        return array(depth, muted);
      case '"':
        return text(muted);
      default:
        return scalar(muted);
    }
  }

  [[nodiscard]] bool object(int depth, bool muted) {
    rest_.remove_prefix(1);
    if (!muted) writer_.begin_object();
    for (bool first = true; !take('}'); first = false) {
      if (!first && !take(',')) return false;
      std::string name;
      skip_spaces();
      if (!string(name) || !take(':')) return false;
      if (!muted) writer_.key(name);
      skip_spaces();
      const bool named = is_sensitive(name) && !is_count_of_tokens(name);
      const bool secret =
          !muted && !rest_.starts_with("null") && (named || (!pii_ && is_client_address(name)));
      if (secret) {
        changed_ = changed_ || !rest_.starts_with("\"[Filtered]\"");
        writer_.string(kFiltered);
      }
      if (!value(depth + 1, muted || secret)) return false;
    }
    if (!muted) writer_.end_object();
    return true;
  }

  [[nodiscard]] bool is_count_of_tokens(std::string_view name) const noexcept {
    return !rest_.empty() && base::is_digit(rest_.front()) && !must_filter(name, 0);
  }

  [[nodiscard]] bool array(int depth, bool muted) {
    rest_.remove_prefix(1);
    if (!muted) writer_.begin_array();
    for (bool first = true; !take(']'); first = false) {
      if (!first && !take(',')) return false;
      if (!value(depth + 1, muted)) return false;
    }
    if (!muted) writer_.end_array();
    return true;
  }

  [[nodiscard]] bool text(bool muted) {
    std::string held;
    if (!string(held)) return false;
    if (muted) return true;
    std::string scratch;
    const std::size_t first = held.find_first_not_of(" \t\r\n");
    const bool like_json = first != std::string::npos && (held[first] == '{' || held[first] == '[');
    JsonScrub inner = JsonScrub::kMalformed;
    if (like_json && nesting_ < kMaxNesting) {
      inner = JsonScrubber{held, pii_, scratch, nesting_ + 1}.run();
    }
    if (inner == JsonScrub::kMalformed) {
      scratch.clear();
      const std::string_view scrubbed =
          scrub_text(held, pii_, scratch, like_json ? Strictness::kJson : Strictness::kProse);
      changed_ = changed_ || scrubbed != held;
      writer_.string(scrubbed);
      return true;
    }
    changed_ = changed_ || inner == JsonScrub::kChanged;
    writer_.string(inner == JsonScrub::kChanged ? scratch : held);
    return true;
  }

  [[nodiscard]] bool scalar(bool muted) {
    std::size_t end = 0;
    while (end < rest_.size() && (base::is_letter(rest_[end]) || base::is_digit(rest_[end]) ||
                                  rest_[end] == '-' || rest_[end] == '+' || rest_[end] == '.'))
      ++end;
    const std::string_view token = rest_.substr(0, end);
    const bool word = token == "true" || token == "false" || token == "null";
    if (!word && !is_number(token)) return false;
    rest_.remove_prefix(end);
    if (muted) return true;
    if (!word && card_end(token, 0) == token.size()) {
      changed_ = true;
      writer_.string(kFiltered);
    } else {
      writer_.raw(token);
    }
    return true;
  }

  [[nodiscard]] static bool is_number(std::string_view token) noexcept {
    std::size_t at = token.starts_with('-') ? 1 : 0;
    const auto take_digits = [&] {
      const std::size_t start = at;
      while (at < token.size() && base::is_digit(token[at]))
        ++at;
      return at > start;
    };
    const std::size_t start = at;
    if (!take_digits() || (token[start] == '0' && at > start + 1)) return false;
    if (at < token.size() && token[at] == '.') {
      ++at;
      if (!take_digits()) return false;
    }
    if (at < token.size() && base::lower(token[at]) == 'e') {
      ++at;
      if (at < token.size() && (token[at] == '-' || token[at] == '+')) ++at;
      if (!take_digits()) return false;
    }
    return at == token.size();
  }

  [[nodiscard]] bool string(std::string& out) {
    if (!rest_.starts_with('"')) return false;
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      const char c = rest_.front();
      if (static_cast<unsigned char>(c) < 0x20) return false;
      rest_.remove_prefix(1);
      if (c != '\\') {
        out += c;
        continue;
      }
      if (rest_.empty() || !escape(out)) return false;
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }

  [[nodiscard]] bool escape(std::string& out) {
    constexpr std::string_view kEscapes = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (const std::size_t known = kEscapes.find(c); known != std::string_view::npos) {
      out += kMeant[known];
      return true;
    }
    std::uint32_t character = 0;
    if (c != 'u' || !four_digits(character)) return false;
    if (character >= 0xd800 && character < 0xdc00) {
      std::uint32_t low = 0;
      if (!rest_.starts_with("\\u")) return false;
      rest_.remove_prefix(2);
      if (!four_digits(low) || low < 0xdc00 || low > 0xdfff) return false;
      character = 0x10000 + ((character - 0xd800) << 10) + (low - 0xdc00);
    } else if (character >= 0xdc00 && character < 0xe000) {
      return false;
    }
    base::append_utf8(out, character);
    return true;
  }

  [[nodiscard]] bool four_digits(std::uint32_t& out) noexcept {
    if (rest_.size() < 4) return false;
    for (std::size_t i = 0; i < 4; ++i) {
      const int digit = base::hex_digit(rest_[i]);
      if (digit < 0) return false;
      out = out * 16 + static_cast<std::uint32_t>(digit);
    }
    rest_.remove_prefix(4);
    return true;
  }

  std::string_view rest_;
  const bool pii_;
  const int nesting_;
  bool changed_ = false;
  base::JsonWriter writer_;
};

}  // namespace

JsonScrub scrub_json(std::string_view json, bool send_default_pii, std::string& out) {
  out.clear();
  return JsonScrubber{json, send_default_pii, out, 0}.run();
}

}  // namespace vitals::privacy
