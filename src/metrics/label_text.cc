#include "metrics/label_text.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "vitals/base/ascii.h"
#include "vitals/metrics/definition_error.h"
#include "vitals/metrics/label.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics {
namespace detail {
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

std::string underscored(std::string_view name, Colons colons) {
  std::string out;
  while (!name.empty()) {
    const char c = name.front();
    const bool digit = base::is_digit(c) && !out.empty();
    out += base::is_letter(c) || digit || (c == ':' && colons == Colons::kKept) ? c : '_';
    name.remove_prefix(std::max<std::size_t>(base::utf8_length(name), 1));
  }
  return out;
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  if (plain_label_name(name)) {
    out += name;
  } else {
    out += '"';
    append_escaped(out, name);
    out += '"';
  }
  out += "=\"";
  append_escaped(out, value);
  out += '"';
}

}  // namespace detail

namespace {

[[noreturn]] void refuse_text(std::string_view text) {
  throw DefinitionError("not a rendered label text: " + std::string(text.substr(0, 100)));
}

/// Takes a text in quotes off the front, its escapes undone.
std::string take_quoted(std::string_view& text, std::string_view whole) {
  if (!text.starts_with('"')) refuse_text(whole);
  std::string value;
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\n') refuse_text(whole);
    if (text[i] != '\\') {
      value += text[i];
      continue;
    }
    ++i;
    if (i == text.size() || (text[i] != '\\' && text[i] != '"' && text[i] != 'n')) {
      refuse_text(whole);
    }
    value += text[i] == 'n' ? '\n' : text[i];
  }
  if (i == text.size() || !base::is_utf8(value)) refuse_text(whole);
  text.remove_prefix(i + 1);
  return value;
}

std::string take_name(std::string_view& text, std::string_view whole) {
  if (text.starts_with('"')) {
    std::string name = take_quoted(text, whole);
    if (!detail::valid_utf8_label_name(name)) refuse_text(whole);
    return name;
  }
  const std::size_t equals = std::min(text.find('='), text.size());
  const std::string_view name = text.substr(0, equals);
  if (!detail::valid_label_name(name)) refuse_text(whole);
  text.remove_prefix(equals);
  return std::string(name);
}

}  // namespace

SeriesLabels::SeriesLabels(std::span<const LabelPair> labels) {
  append(labels, &detail::valid_label_name);
}

SeriesLabels SeriesLabels::utf8(ListView<LabelPair> labels) {
  SeriesLabels made;
  made.append(labels.span(), &detail::valid_utf8_label_name);
  return made;
}

void SeriesLabels::append(std::span<const LabelPair> labels,
                          bool (*valid)(std::string_view) noexcept) {
  for (const auto& [name, value] : labels) {
    if (!valid(name)) {
      throw DefinitionError("label \"" + detail::mended(name) +
                            "\": a name is [a-zA-Z_][a-zA-Z0-9_]*, not __..., le or quantile; see "
                            "SeriesLabels::utf8() for others");
    }
    // Compared as the scraper sees them that knows the least.
    const std::string seen = detail::underscored(name);
    if (std::ranges::count_if(labels, [&](const LabelPair& label) {
          return detail::underscored(label.first) == seen;
        }) > 1) {
      throw DefinitionError("label \"" + std::string(name) + "\" is given twice");
    }
    if (base::is_utf8(value)) {
      detail::append_label(text_, name, value);
    } else {
      detail::append_label(text_, name, detail::mended(value));
    }
  }
}

std::vector<std::pair<std::string, std::string>> decode_labels(std::string_view text) {
  const std::string_view whole = text;
  std::vector<std::pair<std::string, std::string>> labels;
  while (!text.empty()) {
    std::string name = take_name(text, whole);
    if (!text.starts_with('=')) refuse_text(whole);
    text.remove_prefix(1);
    labels.emplace_back(std::move(name), take_quoted(text, whole));
    if (text.empty()) break;
    if (text[0] != ',' || text.size() == 1) refuse_text(whole);
    text.remove_prefix(1);
  }
  return labels;
}

}  // namespace vitals::metrics
