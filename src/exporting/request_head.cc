#include "vitals/exporting/request_head.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "exporting/negotiate.h"
#include "vitals/base/ascii.h"

namespace vitals::exporting {
namespace {

constexpr HeadFault kNoHttp{400, "this is not an HTTP/1.1 request"};
constexpr HeadFault kBadLine{400, "a line ends with something else than CR LF"};
constexpr HeadFault kBadTarget{400, "the target of the request is malformed"};
constexpr HeadFault kLongTarget{414, "the URL is longer than 8 KiB"};
constexpr HeadFault kBadField{400, "a header field is malformed"};
constexpr HeadFault kBadHost{400, "the Host is malformed"};
constexpr HeadFault kFields{431, "more than 100 header fields, or one of more than 8 KiB"};
constexpr HeadFault kBadLength{400, "the Content-Length is malformed or stands there twice"};
constexpr HeadFault kUnclearEnd{400, "it is not clear where the body ends"};
constexpr HeadFault kBadCoding{400, "the Transfer-Encoding is malformed"};

using base::is_digit;
using base::is_letter;

constexpr bool is_hex(char c) noexcept {
  return base::hex_digit(c) >= 0;
}

/// RFC 9110, 5.6.2.
constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> chars{};
  for (std::size_t c = 0; c < 128; ++c) {
    const char as_char = static_cast<char>(c);
    chars[c] = is_digit(as_char) || is_letter(as_char) ||
               std::string_view("!#$%&'*+-.^_`|~").find(as_char) != std::string_view::npos;
  }
  return chars;
}();

constexpr bool is_token_char(char c) noexcept {
  return kTokenChars[static_cast<unsigned char>(c)];
}

bool is_value_char(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7F) || c == '\t';
}

/// Takes the next line off the text. False when it does not end with CR LF.
bool take_line(std::string_view& text, std::string_view& line) noexcept {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || end == 0 || text[end - 1] != '\r') return false;
  line = text.substr(0, end - 1);
  text.remove_prefix(end + 1);
  return true;
}

/// Takes what stands before the next comma, without blanks around it.
std::string_view take_element(std::string_view& list) noexcept {
  const std::size_t comma = std::min(list.find(','), list.size());
  const std::string_view element = trim(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return element;
}

bool is_v6(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  if (text.size() >= copy.size()) return false;
  std::ranges::copy(text, copy.begin());
  in6_addr address{};
  return text.find('\0') == std::string_view::npos &&
         ::inet_pton(AF_INET6, copy.data(), &address) == 1;
}

bool is_host_name(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_digit(c) && !is_letter(c) &&
               std::string_view("-._~!$&'()*+,;=").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

/// `name`, `name:port`, `[v6]:port`, or nothing. Source: RFC 3986, 3.2.
bool is_authority(std::string_view text) noexcept {
  std::string_view port;
  if (text.starts_with('[')) {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !is_v6(text.substr(1, bracket - 1))) return false;
    port = text.substr(bracket + 1);
    if (!port.empty() && port.front() != ':') return false;
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (!is_host_name(text.substr(0, colon))) return false;
    if (colon == 0 && !text.empty()) return false;
    port = text.substr(colon);
  }
  if (!port.empty()) port.remove_prefix(1);
  int number = 0;
  for (const char c : port) {
    if (!is_digit(c)) return false;
    number = number * 10 + (c - '0');
    if (number > 65'535) return false;
  }
  return true;
}

/// Finds the parts of a target of any form. False when it has none that a server here can have.
bool split_target(std::string_view method, std::string_view whole, RequestTarget& parts) noexcept {
  std::string_view rest = whole;
  if (whole == "*") {
    parts.path = whole;
    return method == "OPTIONS";
  }
  if (!whole.starts_with('/')) {
    const std::size_t scheme = whole.find("://");
    if (scheme == std::string_view::npos) return false;
    const std::string_view name = whole.substr(0, scheme);
    if (!equal_ignoring_case(name, "http") && !equal_ignoring_case(name, "https")) return false;
    rest.remove_prefix(scheme + 3);
    const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
    parts.authority = rest.substr(0, end);
    if (parts.authority.empty() || !is_authority(parts.authority)) return false;
    rest.remove_prefix(end);
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  parts.path = rest.substr(0, question);
  parts.query = rest.substr(std::min(question + 1, rest.size()));
  // `OPTIONS http://host` asks what `OPTIONS *` does (RFC 9112, 3.2.4).
  if (parts.path.empty()) parts.path = method == "OPTIONS" && rest.empty() ? "*" : "/";
  return true;
}

std::optional<HeadFault> read_request_line(std::string_view line, RequestHead& head) noexcept {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return kNoHttp;
  const std::string_view version = line.substr(last + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return kNoHttp;
  }
  head.method = line.substr(0, first);
  if (!is_token(head.method)) return HeadFault{400, "the method is not known"};
  if (version[5] != '1') return HeadFault{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"};
  head.minor_version = version[7] - '0';
  head.whole_target = line.substr(first + 1, last - first - 1);
  if (head.whole_target.size() > kMaxTarget) return kLongTarget;
  const bool clean = std::ranges::all_of(head.whole_target, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte > ' ' && byte != 0x7F && c != '#';
  });
  if (!clean || !split_target(head.method, head.whole_target, head.target)) return kBadTarget;
  return std::nullopt;
}

/// What the fields say of where the body ends, before it is put together.
struct Framing {
  int hosts = 0;
  bool has_coding = false;
  bool unknown_coding = false;
  bool bad_coding = false;
  bool chunked_last = false;
};

void read_codings(std::string_view list, Framing& framing) noexcept {
  framing.has_coding = true;
  while (!list.empty()) {
    const std::string_view coding = take_element(list);
    if (coding.empty()) continue;
    const std::string_view name = trim(coding.substr(0, coding.find(';')));
    const bool chunked = equal_ignoring_case(name, "chunked");
    // Nothing may follow chunked, which has no parameters.
    if (!is_token(name) || framing.chunked_last || (chunked && name.size() != coding.size())) {
      framing.bad_coding = true;
    } else if (chunked) {
      framing.chunked_last = true;
    } else {
      framing.unknown_coding = true;
    }
  }
}

bool read_length(std::string_view value, RequestHead& head) noexcept {
  if (head.content_length || value.empty() || !std::ranges::all_of(value, is_digit)) return false;
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t length = 0;
  for (const char c : value) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    length = length > (kMost - digit) / 10 ? kMost : length * 10 + digit;
  }
  head.content_length = length;
  return true;
}

std::optional<HeadFault> read_field(std::string_view line, RequestHead& head,
                                    Framing& framing) noexcept {
  if (line.size() > kMaxField) return kFields;
  if (!is_field_line(line)) return kBadField;
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  switch (name.size()) {  // most fields are none of these
    case 4:
      if (!equal_ignoring_case(name, "host")) break;
      if (++framing.hosts > 1) return HeadFault{400, "there are two Hosts"};
      if (!is_authority(value)) return kBadHost;
      head.host = value;
      break;
    case 6:
      if (!equal_ignoring_case(name, "expect") || head.minor_version == 0) break;
      if (!equal_ignoring_case(value, "100-continue")) {
        return HeadFault{417, "only 100-continue can be expected here"};
      }
      head.expects_continue = true;
      break;
    case 14:
      if (!equal_ignoring_case(name, "content-length")) break;
      if (!read_length(value, head)) return kBadLength;
      break;
    case 17:
      if (!equal_ignoring_case(name, "transfer-encoding")) break;
      read_codings(value, framing);
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<HeadFault> check_framing(const Framing& framing, RequestHead& head) noexcept {
  if (framing.hosts == 0 && head.minor_version > 0) {
    return HeadFault{400, "a request of HTTP/1.1 has a Host"};
  }
  if (!head.target.authority.empty()) head.host = head.target.authority;
  if (!framing.has_coding) return std::nullopt;
  if (head.content_length || head.minor_version == 0) return kUnclearEnd;
  if (framing.bad_coding) return kBadCoding;
  if (framing.unknown_coding) {
    return HeadFault{501, "only the transfer coding chunked is known here"};
  }
  if (!framing.chunked_last) return kBadCoding;
  head.chunked = true;
  return std::nullopt;
}

}  // namespace

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

bool is_head_request(std::string_view received) noexcept {
  return received.starts_with("HEAD ");
}

bool is_field_line(std::string_view line) noexcept {
  const std::size_t colon = line.find(':');
  // Neither a blank before the colon nor the blank that a folded line begins with is in a token.
  return line.size() <= kMaxField && colon != std::string_view::npos &&
         is_token(line.substr(0, colon)) &&
         std::ranges::all_of(line.substr(colon + 1), is_value_char);
}

std::string RequestHead::field(std::string_view name) const {
  std::string joined;
  std::string_view rest = fields;
  std::string_view line;
  while (take_line(rest, line)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !equal_ignoring_case(line.substr(0, colon), name))
      continue;
    if (!joined.empty()) joined += ", ";
    joined += trim(line.substr(colon + 1));
  }
  return joined;
}

std::size_t blank_lines(std::string_view received) noexcept {
  std::size_t length = 0;
  while (received.substr(length).starts_with("\r\n"))
    length += 2;
  return length;
}

std::optional<std::size_t> request_head_length(std::string_view received,
                                               std::size_t searched) noexcept {
  const std::size_t from = searched < 2 ? 0 : searched - 2;  // the end may have come in two parts
  for (std::size_t end = received.find('\n', from); end != std::string_view::npos;
       end = received.find('\n', end + 1)) {
    // A bare LF ends the search too: read_request_head() refuses it, and nobody waits for more.
    const std::string_view rest = received.substr(end + 1);
    if (rest.starts_with("\r\n")) return end + 3;
    if (rest.starts_with('\n')) return end + 2;
  }
  return std::nullopt;
}

std::optional<HeadFault> fault_so_far(std::string_view received) noexcept {
  if (received.empty() || received == "\r") return std::nullopt;
  if (!is_token_char(received.front())) return kNoHttp;
  const std::size_t end = received.find('\n');
  if (end == std::string_view::npos) {
    const std::size_t blank = received.find(' ');
    if (blank != std::string_view::npos && received.size() - blank > kMaxTarget + 16)
      return kLongTarget;
    if (!std::ranges::all_of(received.substr(0, blank), is_token_char)) {
      const std::string_view start = received.substr(0, blank);
      return blank == std::string_view::npos && start.ends_with('\r') ? std::nullopt
                                                                      : std::optional(kNoHttp);
    }
    return std::nullopt;
  }
  std::string_view line;
  if (!take_line(received, line)) return kBadLine;
  RequestHead head;
  if (const auto fault = read_request_line(line, head)) return fault;
  // A field that is all there and has a fault spoils the whole head.
  std::size_t count = 0;
  while (received.find('\n') != std::string_view::npos) {
    if (!take_line(received, line)) return kBadLine;
    if (line.empty()) break;
    if (++count > kMaxFields) return kFields;
    Framing framing;
    RequestHead alone;
    alone.minor_version = head.minor_version;
    if (const auto fault = read_field(line, alone, framing)) return fault;
  }
  return std::nullopt;
}

std::variant<RequestHead, HeadFault> read_request_head(std::string_view text) noexcept {
  RequestHead head;
  std::string_view line;
  if (!take_line(text, line)) return kBadLine;
  if (const auto fault = read_request_line(line, head)) return *fault;
  Framing framing;
  std::size_t count = 0;
  const char* const begin = text.data();
  for (;;) {
    const std::size_t before = text.size();
    if (!take_line(text, line)) return kBadLine;
    if (line.empty()) break;
    if (++count > kMaxFields) return kFields;
    if (const auto fault = read_field(line, head, framing)) return *fault;
    head.fields = {begin, head.fields.size() + before - text.size()};
  }
  if (const auto fault = check_framing(framing, head)) return *fault;
  return head;
}

}  // namespace vitals::exporting
