// A DSN of any bytes: an error that does not echo it, or parts that make the same DSN again.

#include "vitals/sentry/dsn.h"

#include <string>

#include "fuzz/require.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vitals::fuzz::require;
  const std::string_view text = vitals::fuzz::text_of(data, size);
  const auto dsn = vitals::sentry::parse_dsn(text);
  if (!dsn) {
    require(!dsn.error().message.empty());
    const std::size_t scheme = text.find("://");
    const std::size_t at = text.find('@');
    if (scheme == std::string_view::npos || at == std::string_view::npos || at < scheme + 3)
      return 0;
    // The same with a key that no message can hold by chance.
    std::string secret{text};
    secret.replace(scheme + 3, at - scheme - 3, "5ecret0key");
    const auto refused = vitals::sentry::parse_dsn(secret);
    require(refused || refused.error().message.find("5ecret0key") == std::string::npos);
    return 0;
  }
  require(dsn->scheme == "http" || dsn->scheme == "https");
  require(!dsn->public_key.empty() && !dsn->host.empty() && !dsn->project_id.empty());
  require(dsn->port <= 65535);
  const auto again = vitals::sentry::parse_dsn(dsn->to_string());
  require(again.has_value());
  require(again->to_string() == dsn->to_string());
  require(again->envelope_url() == dsn->envelope_url());
  require(dsn->envelope_url().starts_with(dsn->scheme + "://" + dsn->host));  // and no key
  return 0;
}
