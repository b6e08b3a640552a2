#include "exporting/negotiate.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "exporting/names.h"
#include "vitals/base/percent.h"

namespace vitals::exporting {
namespace {

/// Takes what stands before the separator off the text; one in quotes does not separate.
std::string_view take_until(std::string_view& text, char separator) noexcept {
  std::size_t end = 0;
  for (bool quoted = false; end < text.size(); ++end) {
    if (text[end] == separator && !quoted) break;
    if (text[end] == '"') quoted = !quoted;
    if (text[end] == '\\' && quoted && end + 1 < text.size()) ++end;
  }
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

/// The value of a parameter of an element, without quotes; nothing when it is not there.
std::optional<std::string_view> parameter(std::string_view parameters,
                                          std::string_view wanted) noexcept {
  while (!parameters.empty()) {
    std::string_view value = trim(take_until(parameters, ';'));
    const std::string_view name = trim(take_until(value, '='));
    if (!equal_ignoring_case(name, wanted)) continue;
    value = trim(value);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return std::nullopt;
}

/// The weight among the parameters of an element; 1 when there is none, 0 when it cannot be read.
double weight(std::string_view parameters) noexcept {
  const std::optional<std::string_view> value = parameter(parameters, "q");
  if (!value) return 1.0;
  double q = 0.0;
  const auto read =
      std::from_chars(value->data(), value->data() + value->size(), q, std::chars_format::fixed);
  const bool whole = read.ec == std::errc{} && read.ptr == value->data() + value->size();
  return whole && q >= 0.0 && q <= 1.0 ? q : 0.0;
}

/// The format that a media range with its parameters stands for.
std::optional<Format> format_of(std::string_view range, std::string_view parameters) noexcept {
  const auto is = [&](std::string_view name, std::string_view value, bool unsaid) {
    const std::optional<std::string_view> given = parameter(parameters, name);
    return given ? equal_ignoring_case(*given, value) : unsaid;
  };
  if (equal_ignoring_case(range, "application/vnd.google.protobuf")) {
    const bool ours = is("proto", "io.prometheus.client.MetricFamily", false) &&
                      is("encoding", "delimited", false);
    return ours ? std::optional{Format::kProtobuf} : std::nullopt;
  }
  if (equal_ignoring_case(range, "application/openmetrics-text")) {
    // A client that takes 0.0.1, or says no version, understands 1.0.0.
    const bool known = is("version", "1.0.0", true) || is("version", "0.0.1", true);
    return known ? std::optional{Format::kOpenMetrics} : std::nullopt;
  }
  if (equal_ignoring_case(range, "text/plain")) {
    if (is("version", "1.0.0", false)) return Format::kText1;
    return is("version", "0.0.4", true) ? std::optional{Format::kText} : std::nullopt;
  }
  if (range == "*/*" || equal_ignoring_case(range, "text/*")) return Format::kText;
  return std::nullopt;
}

/// The escaping among the parameters of an element; nothing when it says none.
std::optional<Escaping> escaping_of(std::string_view parameters) noexcept {
  const std::optional<std::string_view> given = parameter(parameters, "escaping");
  if (!given) return std::nullopt;
  for (const Escaping known : {Escaping::kAllowUtf8, Escaping::kDots, Escaping::kValues}) {
    if (equal_ignoring_case(*given, to_string(known))) return known;
  }
  // As Prometheus' documentation spells it in one place.
  if (equal_ignoring_case(*given, "allow-utf8")) return Escaping::kAllowUtf8;
  return Escaping::kUnderscores;
}

}  // namespace

bool accepts_gzip(std::string_view accept_encoding) noexcept {
  std::optional<bool> named;
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view element = take_until(accept_encoding, ',');
    const std::string_view coding = trim(take_until(element, ';'));
    const bool allowed = weight(element) > 0.0;
    if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
      named = allowed;
    } else if (coding == "*") {
      any = allowed;
    }
  }
  return named.value_or(any);
}

std::string Agreed::content_type() const {
  if (!says_escaping) return std::string(exporting::content_type(format));
  return exporting::content_type(format, escaping);
}

Agreed negotiate(std::string_view accept) noexcept {
  Agreed best;
  double most = 0.0;
  while (!accept.empty()) {
    std::string_view element = take_until(accept, ',');
    const std::string_view range = trim(take_until(element, ';'));
    const std::optional<Format> format = format_of(range, element);
    if (!format || !(weight(element) > most)) continue;
    const std::optional<Escaping> escaping = escaping_of(element);
    // Text 1.0.0 always says it. Source: "Content-Type Response" in the same place.
    best = {*format, escaping.value_or(Escaping::kUnderscores),
            escaping.has_value() || *format == Format::kText1};
    most = weight(element);
  }
  return best;
}

std::vector<std::string> selected_names(std::string_view query) {
  std::vector<std::string> names;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (base::form_decoded(take_until(value, '=')) == "name[]")
      names.push_back(base::form_decoded(value));
  }
  return names;
}

}  // namespace vitals::exporting
