// Texts, JSON and bodies of any bytes through the scrubber: once is the same as twice, UTF-8 stays
// UTF-8, the result has a bound, and a secret that was planted is gone.

#include "privacy/scrub.h"

#include <string>

#include "fuzz/require.h"

namespace {

namespace privacy = vitals::privacy;
using vitals::base::is_utf8;
using vitals::fuzz::require;

/// A mask takes the place of a byte at least.
bool within_bound(std::string_view before, std::string_view after) {
  return after.size() <= (before.size() + 1) * (privacy::kFiltered.size() + 1);
}

std::string text(std::string_view given, bool pii, privacy::Strictness strictness) {
  std::string scratch;
  return std::string{privacy::scrub_text(given, pii, scratch, strictness)};
}

void check_text(std::string_view given, bool pii, privacy::Strictness strictness) {
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
  const privacy::JsonScrub first = privacy::scrub_json(given, true, once);
  if (first == privacy::JsonScrub::kMalformed) return;
  require(privacy::scrub_json(once, true, twice) == privacy::JsonScrub::kUnchanged);
  require(once == twice);
  require(is_utf8(once));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view given = vitals::fuzz::text_of(data, size);
  check_text(given, true, privacy::Strictness::kProse);
  check_text(given, false, privacy::Strictness::kJson);
  check_json(given);
  for (const bool pii : {false, true}) {
    const std::string query = privacy::scrub_query(given, pii);
    require(privacy::scrub_query(query, pii) == query);
    const std::string url = privacy::scrub_url(given, pii);
    require(within_bound(given, url));
  }
  const std::string cookies = privacy::scrub_cookies(given);
  require(privacy::scrub_cookies(cookies) == cookies);
  require(privacy::scrub_body(given).size() <= privacy::kMaxBody);
  return 0;
}
