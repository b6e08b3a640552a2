#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "vitals/base/ascii.h"
#include "vitals/exporting/format.h"

namespace vitals::exporting {

using base::equal_ignoring_case;
using base::trim;

/// Whether an Accept-Encoding allows gzip: named, or by `*`, and not with `q=0`.
/// Source: RFC 9110, 12.5.3.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding) noexcept;

/// What a scraper and we agree on.
struct Agreed {
  Format format = Format::kText;
  Escaping escaping = Escaping::kUnderscores;
  bool says_escaping = false;  ///< it belongs into the Content-Type

  [[nodiscard]] std::string content_type() const;
};

/// The format that an Accept header wants most; text when it wants none of them, and when several
/// are as welcome, the first named. A page in a format that nobody asked for serves a person better
/// than a 406. The escaping is that of the chosen element, underscores when it says none or one
/// that is not known. Sources: RFC 9110, 12.5.1; Prometheus, "Scrape protocol content negotiation".
[[nodiscard]] Agreed negotiate(std::string_view accept) noexcept;

/// The values of `name[]` in a query, decoded.
[[nodiscard]] std::vector<std::string> selected_names(std::string_view query);

}  // namespace vitals::exporting
