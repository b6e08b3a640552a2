#pragma once

#include <map>
#include <string>
#include <vector>

#include "integration/support/http.h"

namespace integration {

/// One item of an envelope; `json` is the payload of the types that hold JSON.
struct EnvelopeItem {
  std::string type;
  Json header;
  Json json;
  std::size_t payload_size = 0;
};

/// An envelope as it came in, and everything that is wrong with it.
struct Envelope {
  Json header;
  std::vector<EnvelopeItem> items;
  std::vector<std::string> faults;
};

/// Reads the text of an envelope and checks its form to the letter: JSON header lines, `length` of
/// each item and the newline behind it, known item types, and the required fields of events and
/// transactions.
[[nodiscard]] Envelope parse_envelope(const std::string& text);

/// Checks the HTTP side: method, path, content type, `X-Sentry-Auth`, User-Agent. Header names are
/// in lower case.
[[nodiscard]] std::vector<std::string> http_faults(
    const std::string& method, const std::string& path,
    const std::map<std::string, std::string>& headers, const std::string& key,
    const std::string& project);

}  // namespace integration
