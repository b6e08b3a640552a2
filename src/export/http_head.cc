#include "export/http_head.h"

#include <algorithm>

#include "export/negotiate.h"

namespace vitals::exporting {
namespace {

/// Takes the next line off the text, without its end.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return c > ' ' && c < 0x7F &&
           std::string_view("\"(),/:;<=>?@[\\]{}").find(static_cast<char>(c)) ==
               std::string_view::npos;
  });
}

bool read_request_line(std::string_view line, HttpHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (!is_token(line.substr(0, first)) || target.empty() ||
      target.find(' ') != std::string_view::npos) {
    return false;
  }
  // A proxy may send the whole address: http://host:port/path.
  if (const std::size_t scheme = target.find("://");
      !target.starts_with('/') && scheme != std::string_view::npos) {
    const std::size_t slash = target.find('/', scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  head.method = line.substr(0, first);
  const std::size_t question = target.find('?');
  head.path = target.substr(0, question);
  if (question != std::string_view::npos) head.query = target.substr(question + 1);
  return true;
}

}  // namespace

std::optional<std::size_t> head_length(std::string_view received) noexcept {
  for (std::size_t end = received.find('\n'); end != std::string_view::npos;
       end = received.find('\n', end + 1)) {
    const std::string_view rest = received.substr(end + 1);
    if (rest.starts_with('\n')) return end + 2;
    if (rest.starts_with("\r\n")) return end + 3;
  }
  return std::nullopt;
}

std::optional<HttpHead> parse_head(std::string_view text) {
  HttpHead head;
  if (!read_request_line(take_line(text), head)) return std::nullopt;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return std::nullopt;
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = trim(line.substr(colon + 1));
    const auto take = [&](std::string_view wanted, std::string& into) {
      if (!equal_ignoring_case(name, wanted)) return;
      if (!into.empty()) into += ", ";
      into += value;
    };
    take("accept", head.accept);
    take("accept-encoding", head.accept_encoding);
    take("authorization", head.authorization);
  }
  return head;
}

}  // namespace vitals::exporting
