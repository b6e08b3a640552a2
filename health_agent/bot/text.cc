#include "health_agent/bot/text.h"

#include <algorithm>

#include "vitals/base/utf8.h"

namespace health_agent::bot {
namespace {

constexpr std::string_view kBlank = " \t\n";

/// Never 0, so that a walk ends also in a text that is not valid.
std::size_t step(std::string_view text) noexcept {
  return std::max<std::size_t>(1, vitals::base::utf8_length(text));
}

/// How many bytes of `text` have at most `most` units.
std::size_t bytes_of(std::string_view text, std::size_t most) noexcept {
  std::size_t at = 0;
  std::size_t units = 0;
  while (at < text.size()) {
    const std::size_t size = step(text.substr(at));
    units += size == 4 ? 2 : 1;
    if (units > most) break;
    at += size;
  }
  return at;
}

/// Where to end the piece that `text`, which is too long, begins with: after a paragraph, a line or
/// a word of the second half, in this order.
std::size_t good_end(std::string_view text) noexcept {
  for (const std::string_view mark : {"\n\n", "\n", " "}) {
    const std::size_t at = text.rfind(mark);
    if (at != std::string_view::npos && at >= text.size() / 2) return at;
  }
  return text.size();
}

void append_escaped(std::string& html, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      default:
        html += c;
    }
  }
}

/// What stands between two `mark`s at the front of `text`, on one line and not blank at its ends.
std::string_view marked(std::string_view text, std::string_view mark) noexcept {
  if (!text.starts_with(mark)) return {};
  const std::string_view rest = text.substr(mark.size());
  const std::size_t end = rest.find(mark);
  if (end == std::string_view::npos) return {};
  const std::string_view inner = rest.substr(0, end);
  if (inner.empty() || inner.find('\n') != std::string_view::npos) return {};
  return inner.front() == ' ' || inner.back() == ' ' ? std::string_view{} : inner;
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  while (!text.empty()) {
    const std::size_t size = vitals::base::utf8_length(text);
    const auto first = static_cast<unsigned char>(text.front());
    if (size == 0) {
      clean += vitals::base::kReplacement;
    } else if ((first >= 0x20 && first != 0x7F) || first == '\n' || first == '\t') {
      clean += text.substr(0, size);
    }
    text.remove_prefix(std::max<std::size_t>(1, size));
  }
  return clean;
}

std::size_t utf16_units(std::string_view text) noexcept {
  std::size_t units = 0;
  while (!text.empty()) {
    const std::size_t size = step(text);
    units += size == 4 ? 2 : 1;
    text.remove_prefix(size);
  }
  return units;
}

std::vector<std::string> split_message(std::string_view text, std::size_t most) {
  std::vector<std::string> pieces;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kBlank);
    if (begin == std::string_view::npos) return pieces;
    text.remove_prefix(begin);
    std::size_t size = bytes_of(text, most);
    // A blank just behind the piece is as good an end as one within it.
    if (size < text.size()) size = std::min(size, good_end(text.substr(0, size + 1)));
    std::string_view piece = text.substr(0, size);
    text.remove_prefix(size);
    piece = piece.substr(0, piece.find_last_not_of(kBlank) + 1);
    if (!piece.empty()) pieces.emplace_back(piece);
  }
}

std::string to_html(std::string_view text) {
  std::string html;
  html.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    if (const std::string_view bold = marked(text, "**"); !bold.empty()) {
      html += "<b>";
      append_escaped(html, bold);
      html += "</b>";
      text.remove_prefix(bold.size() + 4);
    } else if (const std::string_view code = marked(text, "`"); !code.empty()) {
      html += "<code>";
      append_escaped(html, code);
      html += "</code>";
      text.remove_prefix(code.size() + 2);
    } else {
      append_escaped(html, text.substr(0, 1));
      text.remove_prefix(1);
    }
  }
  return html;
}

}  // namespace health_agent::bot
