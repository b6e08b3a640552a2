#include "export/http_head.h"

#include <algorithm>
#include <utility>

#include "export/negotiate.h"

namespace vitals::exporting {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

bool is_token_char(char c) noexcept {
  return c > ' ' && c < 0x7F &&
         std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
}

bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

/// Takes the next line off the text, without its end. A bare LF ends one too: RFC 9112, 2.2.
std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

/// Without the empty lines that some clients send behind a body before: RFC 9112, 2.2.
std::string_view without_blank_lines(std::string_view text) noexcept {
  while (text.starts_with("\r\n") || text.starts_with('\n'))
    text.remove_prefix(text.front() == '\n' ? 1 : 2);
  return text;
}

/// `name`, `name:port`, `[v6]:port`, or nothing.
bool is_authority(std::string_view text) noexcept {
  const std::size_t bracket = text.starts_with('[') ? text.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const std::size_t colon = std::min(text.find(':', bracket), text.size());
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(std::min(colon + 1, text.size()));
  constexpr std::string_view kName = "-._~%!$&'()*+,;=";
  const auto stands_in_name = [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kName.find(c) != std::string_view::npos;
  };
  const auto stands_in_v6 = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
  };
  if (bracket > 0) {
    if (host.size() != bracket + 1 || bracket == 1) return false;
    if (!std::ranges::all_of(host.substr(1, bracket - 1), stands_in_v6)) return false;
  } else if (!std::ranges::all_of(host, stands_in_name)) {
    return false;
  }
  return port.size() <= 5 && std::ranges::all_of(port, is_digit);
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

std::optional<HeadFault> split(std::string_view line, RequestLine& parts) noexcept {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return HeadFault{400, "This is not an HTTP/1.1 request.\n"};
  }
  parts = {line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
  const std::string_view version = parts.version;
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) ||
      version[6] != '.' || !is_digit(version[7])) {
    return HeadFault{400, "This is not an HTTP/1.1 request.\n"};
  }
  if (version[5] != '1') return HeadFault{505, "Only HTTP/1.1 and 1.0 are spoken here.\n"};
  const bool clean =
      std::ranges::all_of(parts.target, [](char c) { return c > ' ' && c < 0x7F && c != '#'; });
  if (!is_token(parts.method) || parts.target.empty() || !clean) {
    return HeadFault{400, "The request line is malformed.\n"};
  }
  return std::nullopt;
}

/// Finds path and query in a target of any form.
std::optional<HeadFault> read_target(const RequestLine& line, HttpHead& head) {
  std::string_view target = line.target;
  if (target == "*" && line.method == "OPTIONS") {
    head.path = "*";
    return std::nullopt;
  }
  // A proxy may send the whole address: http://host:port/path.
  if (const std::size_t scheme = target.find("://"); !target.starts_with('/') && scheme < 6) {
    const std::string_view name = target.substr(0, scheme);
    const std::size_t end = std::min(target.find_first_of("/?", scheme + 3), target.size());
    const std::string_view authority = target.substr(scheme + 3, end - scheme - 3);
    if ((!equal_ignoring_case(name, "http") && !equal_ignoring_case(name, "https")) ||
        authority.empty() || !is_authority(authority)) {
      return HeadFault{400, "The address of the request is malformed.\n"};
    }
    target.remove_prefix(end);
    if (!target.starts_with('/')) head.path = "/";
  } else if (!target.starts_with('/')) {
    return HeadFault{400, "The address of the request is malformed.\n"};
  }
  const std::size_t question = target.find('?');
  head.path += target.substr(0, question);
  if (question != std::string_view::npos) head.query = target.substr(question + 1);
  return std::nullopt;
}

/// What the fields say of where a body ends.
struct Framing {
  int hosts = 0;
  std::optional<std::string> transfer_encoding;
  std::optional<std::string_view> content_length;
};

std::optional<HeadFault> check_coding(std::string_view codings) noexcept {
  bool chunked = false;
  bool any = false;
  while (!codings.empty()) {
    const std::size_t comma = std::min(codings.find(','), codings.size());
    const std::string_view coding = trim(codings.substr(0, comma));
    codings.remove_prefix(std::min(comma + 1, codings.size()));
    if (coding.empty()) continue;
    if (!equal_ignoring_case(coding, "chunked")) {
      return HeadFault{501, "Only the transfer coding chunked is known here.\n"};
    }
    if (std::exchange(chunked, true)) return HeadFault{400, "The body is chunked twice.\n"};
    any = true;
  }
  if (!any) return HeadFault{400, "The transfer coding is empty.\n"};
  return std::nullopt;
}

std::optional<HeadFault> check_framing(const Framing& framing, std::string_view version) noexcept {
  const bool old = version == "HTTP/1.0";
  if (framing.hosts > 1 || (framing.hosts == 0 && !old)) {
    return HeadFault{400, "A request has one Host.\n"};
  }
  if (!framing.transfer_encoding) return std::nullopt;
  if (framing.content_length || old) {
    return HeadFault{400, "It is not clear where the body ends.\n"};
  }
  return check_coding(*framing.transfer_encoding);
}

std::optional<HeadFault> read_field(std::string_view line, HttpHead& head, Framing& framing) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  // Neither a blank before the colon nor a line that goes on from the one before is a token.
  if (colon == line.size() || !is_token(name)) return HeadFault{400, "A field is malformed.\n"};
  const std::string_view value = trim(line.substr(colon + 1));
  if (std::ranges::any_of(value, [](char c) {
        return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7F;
      })) {
    return HeadFault{400, "A field is malformed.\n"};
  }
  const auto is = [&](std::string_view wanted) { return equal_ignoring_case(name, wanted); };
  const auto take = [&](std::string_view wanted, std::string& into) {
    if (!is(wanted)) return;
    if (!into.empty()) into += ", ";
    into += value;
  };
  take("accept", head.accept);
  take("accept-encoding", head.accept_encoding);
  take("authorization", head.authorization);
  if (is("host")) {
    ++framing.hosts;
    if (!is_authority(value)) return HeadFault{400, "The Host is malformed.\n"};
  } else if (is("transfer-encoding")) {
    if (!framing.transfer_encoding) framing.transfer_encoding.emplace();
    take("transfer-encoding", *framing.transfer_encoding);
  } else if (is("content-length")) {
    if (value.empty() || value.size() > 18 || !std::ranges::all_of(value, is_digit) ||
        (framing.content_length && *framing.content_length != value)) {
      return HeadFault{400, "The Content-Length is malformed.\n"};
    }
    framing.content_length = value;
  } else if (is("expect") && !equal_ignoring_case(value, "100-continue")) {
    return HeadFault{417, "Only 100-continue can be expected.\n"};
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> head_length(std::string_view received) noexcept {
  const std::size_t skipped = received.size() - without_blank_lines(received).size();
  for (std::size_t end = received.find('\n', skipped); end != std::string_view::npos;
       end = received.find('\n', end + 1)) {
    const std::string_view rest = received.substr(end + 1);
    if (rest.starts_with('\n')) return end + 2;
    if (rest.starts_with("\r\n")) return end + 3;
  }
  return std::nullopt;
}

std::optional<HeadFault> fault_so_far(std::string_view received) noexcept {
  received = without_blank_lines(received);
  if (received.empty() || received == "\r") return std::nullopt;
  if (!is_token_char(received.front())) return HeadFault{400, "This is not an HTTP/1.1 request.\n"};
  if (received.find('\n') == std::string_view::npos) return std::nullopt;
  RequestLine line;
  return split(take_line(received), line);
}

std::variant<HttpHead, HeadFault> parse_head(std::string_view text) {
  text = without_blank_lines(text);
  HttpHead head;
  RequestLine line;
  if (const auto fault = split(take_line(text), line)) return *fault;
  if (const auto fault = read_target(line, head)) return *fault;
  head.method = line.method;
  Framing framing;
  while (!text.empty()) {
    const std::string_view field = take_line(text);
    if (field.empty()) break;
    if (const auto fault = read_field(field, head, framing)) return *fault;
  }
  if (const auto fault = check_framing(framing, line.version)) return *fault;
  return head;
}

}  // namespace vitals::exporting
