#include "health_agent/api/target.h"

#include <array>
#include <cstddef>

#include "vitals/base/ascii.h"
#include "vitals/base/percent.h"
#include "vitals/base/utf8.h"

namespace health_agent::api {
namespace {

/// What may stand in a path as it is: pchar and `/` of RFC 3986, without `;`, since servers differ
/// on whether what follows belongs to the segment.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (const char c : std::string_view{"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-._~!$&'()*+,=:@/"})
    plain[static_cast<unsigned char>(c)] = true;
  return plain;
}();

/// Takes UTF-8 byte by byte.
class Utf8 {
 public:
  /// False when the byte cannot stand here.
  bool take(unsigned byte) noexcept {
    bytes_[size_++] = static_cast<char>(byte);
    if (vitals::base::utf8_length({bytes_.data(), size_}) == size_) size_ = 0;
    return size_ < bytes_.size();
  }
  [[nodiscard]] bool whole() const noexcept { return size_ == 0; }

 private:
  std::array<char, 4> bytes_{};  // of the character that has not come to its end
  std::size_t size_ = 0;
};

const char* path_fault(std::string_view path) noexcept {
  Utf8 utf8;
  std::size_t length = 0;  // of the segment, decoded
  std::size_t dots = 0;
  const auto is_dots = [&] { return length == dots && (dots == 1 || dots == 2); };
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '/') {
      if (is_dots()) return "the path has a segment '.' or '..'";
      if (!utf8.whole()) return "the path is not UTF-8";
      length = dots = 0;
      continue;
    }
    unsigned byte = static_cast<unsigned char>(c);
    if (c == '%') {
      const int encoded = vitals::base::percent_encoded_byte(path, i);
      if (encoded < 0) return "the path has a '%' that is not followed by two hex digits";
      byte = static_cast<unsigned>(encoded);
      i += 2;
      if (byte == '/' || byte == '\\') return "the path has an encoded slash or backslash";
      if (byte < 0x20 || byte == 0x7f) return "the path has an encoded control character";
    } else if (!kPlain[byte]) {
      return "the path has a character that may not stand in one as it is";
    }
    if (!utf8.take(byte)) return "the path is not UTF-8";
    ++length;
    if (byte == '.') ++dots;
  }
  if (is_dots()) return "the path has a segment '.' or '..'";
  return utf8.whole() ? nullptr : "the path is not UTF-8";
}

}  // namespace

Target parse_target(std::string_view text) noexcept {
  Target target;
  if (text == "*") {
    target.path = text;
    return target;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!vitals::base::starts_ignoring_case(text, scheme)) continue;
    text.remove_prefix(scheme.size());
    target.authority = text.substr(0, text.find_first_of("/?#"));
    text.remove_prefix(target.authority.size());
    if (target.authority.empty() || target.authority.find('@') != std::string_view::npos) {
      target.fault = "the target's host is empty or has a user's name";
      return target;
    }
    break;
  }
  if (text.find('#') != std::string_view::npos) {
    target.fault = "the target has a fragment";
    return target;
  }
  const std::size_t question = text.find('?');
  if (question != std::string_view::npos) target.query = text.substr(question + 1);
  target.path = text.substr(0, question);
  if (target.path.empty() && !target.authority.empty()) return target;
  if (!target.path.starts_with('/')) {
    target.fault = "the target is no path";
    return target;
  }
  target.fault = path_fault(target.path);
  return target;
}

}  // namespace health_agent::api
