#include "exporting/names.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "vitals/base/ascii.h"
#include "vitals/base/utf8.h"

namespace vitals::exporting {
namespace {

bool may_stand(char c, bool first, NameOf of) noexcept {
  return base::is_letter(c) || c == '_' || (base::is_digit(c) && !first) ||
         (c == ':' && of == NameOf::kMetric);
}

/// From the text after its opening quote to the closing one.
std::string_view until_quote(std::string_view text) noexcept {
  std::size_t i = 0;
  while (text[i] != '"')
    i += text[i] == '\\' ? 2U : 1U;
  return text.substr(0, i);
}

}  // namespace

std::string_view to_string(Escaping escaping) noexcept {
  switch (escaping) {
    case Escaping::kDots:
      return "dots";
    case Escaping::kValues:
      return "values";
    case Escaping::kAllowUtf8:
      return "allow-utf-8";
    case Escaping::kUnderscores:
      break;
  }
  return "underscores";
}

bool is_plain(std::string_view name, NameOf of) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!may_stand(name[i], i == 0, of)) return false;
  }
  return !name.empty();
}

void append_name(std::string& out, std::string_view name, NameOf of, Escaping escaping) {
  // Dots changes the underscores of plain names too.
  const bool as_it_is =
      escaping == Escaping::kAllowUtf8 || (escaping != Escaping::kDots && is_plain(name, of));
  if (as_it_is) {
    out += name;
    return;
  }
  if (escaping == Escaping::kValues) out += "U__";
  for (bool first = true; !name.empty(); first = false) {
    const char c = name.front();
    base::CodePoint next = base::decode_utf8(name);
    if (next.length == 0) next = {static_cast<unsigned char>(c), 1};
    if (c == '_' && escaping != Escaping::kUnderscores) {
      out += "__";
    } else if (c == '.' && escaping == Escaping::kDots) {
      out += "_dot_";
    } else if (may_stand(c, first, of)) {
      out += c;
    } else if (escaping == Escaping::kValues) {
      char digits[8];
      const char* const end =
          std::to_chars(digits, digits + sizeof digits, std::uint32_t{next.code}, 16).ptr;
      out += '_';
      out.append(digits, static_cast<std::size_t>(end - digits));
      out += '_';
    } else {
      out += escaping == Escaping::kDots ? "__" : "_";
    }
    name.remove_prefix(next.length);
  }
}

void append_quoted(std::string& out, std::string_view name) {
  for (const char c : name) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

LabelText take_label(std::string_view& labels) noexcept {
  LabelText label;
  label.quoted_name = labels.front() == '"';
  if (label.quoted_name) {
    label.name = until_quote(labels.substr(1));
    labels.remove_prefix(label.name.size() + 2);
  } else {
    label.name = labels.substr(0, labels.find('='));
    labels.remove_prefix(label.name.size());
  }
  label.value = until_quote(labels.substr(2));
  // The equals sign, two quotes, and a comma unless it was the last.
  labels.remove_prefix(std::min(label.value.size() + 4, labels.size()));
  return label;
}

void append_unescaped(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    ++i;
    out += text[i] == 'n' ? '\n' : text[i];
  }
}

}  // namespace vitals::exporting
