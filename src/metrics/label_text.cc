#include "metrics/label_text.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "vitals/metrics/definition_error.h"
#include "vitals/metrics/label.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics {
namespace detail {
namespace {

/// The length of the character at the start of the text, 0 when it is not UTF-8 (too short, longer
/// than needed, a surrogate, beyond U+10FFFF).
std::size_t character_size(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  std::size_t size = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    size = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    size = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    size = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() < size || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < size; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return 0;
  }
  return size;
}

}  // namespace

bool valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

std::string mend_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 8);
  bool broken = false;
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    if (size == 0) {
      if (!broken) out += "\xEF\xBF\xBD";
      broken = true;
      text.remove_prefix(1);
      continue;
    }
    broken = false;
    out.append(text.substr(0, size));
    text.remove_prefix(size);
  }
  return out;
}

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out.append(name).append("=\"");
  append_escaped(out, value);
  out += '"';
}

}  // namespace detail

SeriesLabels::SeriesLabels(std::span<const LabelPair> labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto& [name, value] = labels[i];
    if (!detail::valid_label_name(name)) {
      throw DefinitionError("label \"" + std::string(name) +
                            "\": a name is [a-zA-Z_][a-zA-Z0-9_]*, not __..., le or quantile");
    }
    if (std::ranges::count(labels, name, &LabelPair::first) > 1) {
      throw DefinitionError("label \"" + std::string(name) + "\" is given twice");
    }
    if (detail::valid_utf8(value)) {
      detail::append_label(text_, name, value);
    } else {
      detail::append_label(text_, name, detail::mend_utf8(value));
    }
  }
}

std::vector<std::pair<std::string, std::string>> decode_labels(std::string_view text) {
  const auto refuse = [whole = text] {
    throw DefinitionError("not a rendered label text: " + std::string(whole.substr(0, 100)));
  };
  std::vector<std::pair<std::string, std::string>> labels;
  while (!text.empty()) {
    const std::size_t equals = text.find("=\"");
    if (equals == std::string_view::npos || !detail::valid_label_name(text.substr(0, equals))) {
      refuse();
    }
    std::string value;
    std::size_t i = equals + 2;
    for (; i < text.size() && text[i] != '"'; ++i) {
      if (text[i] == '\n') refuse();
      if (text[i] != '\\') {
        value += text[i];
        continue;
      }
      ++i;
      if (i == text.size() || (text[i] != '\\' && text[i] != '"' && text[i] != 'n')) refuse();
      value += text[i] == 'n' ? '\n' : text[i];
    }
    if (i == text.size() || !detail::valid_utf8(value)) refuse();
    labels.emplace_back(text.substr(0, equals), std::move(value));
    text.remove_prefix(i + 1);
    if (text.empty()) break;
    if (text[0] != ',' || text.size() == 1) refuse();
    text.remove_prefix(1);
  }
  return labels;
}

}  // namespace vitals::metrics
