// Texts, JSON and bodies of any bytes through the scrubber: once is the same as twice, UTF-8 stays
// UTF-8, the result has a bound, and a secret that was planted is gone.

#include "sentry/scrub.h"

#include <string>

#include "fuzz/require.h"

namespace {

using namespace vitals::sentry::detail;  // NOLINT: a program of one file
using vitals::fuzz::is_utf8;
using vitals::fuzz::require;

/// A mask takes the place of a byte at least.
bool within_bound(std::string_view before, std::string_view after) {
  return after.size() <= (before.size() + 1) * (kFiltered.size() + 1);
}

std::string text(std::string_view given, bool pii, Strictness strictness) {
  std::string scratch;
  return std::string{scrub_text(given, pii, scratch, strictness)};
}

void check_text(std::string_view given, bool pii, Strictness strictness) {
  const std::string once = text(given, pii, strictness);
  require(text(once, pii, strictness) == once);
  require(within_bound(given, once));
  require(is_utf8(once) || !is_utf8(given));
  for (const std::string_view planted :
       {"\npassword=hush42hush\n", "\n\"api_key\": \"hush42hush\"\n", "\ndb://u:hush42hush@h\n",
        "\nAuthorization: Bearer hush42hush\n"}) {
    std::string with{given.substr(0, given.size() / 2)};
    with += planted;
    with += given.substr(given.size() / 2);
    // What is there already is not told from what was planted.
    if (given.find("hush") != std::string_view::npos) break;
    require(text(with, pii, strictness).find("hush42hush") == std::string::npos);
  }
}

void check_json(std::string_view given) {
  std::string once;
  std::string twice;
  const JsonScrub first = scrub_json(given, true, once);
  if (first == JsonScrub::kMalformed) return;
  require(scrub_json(once, true, twice) == JsonScrub::kUnchanged);
  require(once == twice);
  require(is_utf8(once));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view given = vitals::fuzz::text_of(data, size);
  check_text(given, true, Strictness::kProse);
  check_text(given, false, Strictness::kJson);
  check_json(given);
  for (const bool pii : {false, true}) {
    const std::string query = scrub_query(given, pii);
    require(scrub_query(query, pii) == query);
    const std::string url = scrub_url(given, pii);
    require(within_bound(given, url));
  }
  const std::string cookies = scrub_cookies(given);
  require(scrub_cookies(cookies) == cookies);
  require(scrub_body(given).size() <= kMaxBody);
  return 0;
}
