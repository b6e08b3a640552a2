#include "privacy/secret_names.h"

#include <algorithm>
#include <array>

#include "privacy/scrub.h"
#include "vitals/base/ascii.h"

namespace vitals::privacy {
namespace {

constexpr std::array<std::string_view, 10> kPasswordWords{
    "password", "passwords", "passwd",  "passphrase", "passcode",
    "pwd",      "secret",    "secrets", "credential", "credentials"};
constexpr std::array<std::string_view, 22> kTokenWords{
    "token",     "jwt",        "bearer",        "csrf",    "xsrf",      "saml",       "sso",
    "auth",      "oauth",      "authorization", "dsn",     "apikey",    "authtoken",  "accesskey",
    "secretkey", "privatekey", "cookie",        "cookies", "sessionid", "jsessionid", "phpsessid",
    "sid"};
constexpr std::array<std::string_view, 2> kTokenEndings{"token", "apikey"};
constexpr std::array<std::string_view, 3> kPasswordEndings{"password", "passwd", "secret"};
/// Of these a `key` is a secret; a primary, foreign, partition or cache key is none.
constexpr std::array<std::string_view, 18> kKeyOwners{
    "api",    "access",      "secret",  "private", "signing", "encryption",
    "auth",   "master",      "license", "shared",  "ssh",     "consumer",
    "client", "application", "account", "storage", "webhook", "service"};
/// A name that ends so speaks about a secret and does not hold it.
constexpr std::array<std::string_view, 19> kAbout{
    "count", "type", "limit", "length",   "len", "size",   "expires",  "ttl",     "usage", "name",
    "url",   "uri",  "error", "endpoint", "age", "status", "provider", "expired", "method"};

template <std::size_t N>
bool is_among(std::string_view word, const std::array<std::string_view, N>& words) noexcept {
  return std::any_of(words.begin(), words.end(), [word](std::string_view known) {
    return base::equal_ignoring_case(word, known);
  });
}

/// Takes the next word off the front. Empty between two separators.
std::string_view take_word(std::string_view& name) noexcept {
  const auto separates = [](char c) { return c == '_' || c == '-' || c == '.'; };
  std::size_t end = 0;
  for (; end < name.size() && !separates(name[end]); ++end) {
    if (end == 0 || !base::is_upper(name[end])) continue;
    // `accessToken`, `APIKey`
    const bool after_small = !base::is_upper(name[end - 1]);
    const bool before_small =
        end + 1 < name.size() && base::is_letter(name[end + 1]) && !base::is_upper(name[end + 1]);
    if (after_small || before_small) break;
  }
  const std::string_view word = name.substr(0, end);
  name.remove_prefix(end < name.size() && separates(name[end]) ? end + 1 : end);
  return word;
}

template <std::size_t N>
bool ends_among(std::string_view word, const std::array<std::string_view, N>& endings) noexcept {
  return std::any_of(endings.begin(), endings.end(), [word](std::string_view ending) {
    return word.size() >= ending.size() &&
           base::equal_ignoring_case(word.substr(word.size() - ending.size()), ending);
  });
}

}  // namespace

SecretKind secret_kind(std::string_view name) noexcept {
  if (name.size() < 3) return SecretKind::kNone;
  SecretKind kind = SecretKind::kNone;
  std::string_view before;
  std::string_view word;
  for (std::string_view rest = name; !rest.empty();) {
    before = word;
    word = take_word(rest);
    if (is_among(word, kPasswordWords) || ends_among(word, kPasswordEndings)) {
      kind = SecretKind::kPassword;
    } else if (kind == SecretKind::kNone &&
               (is_among(word, kTokenWords) || ends_among(word, kTokenEndings) ||
                (base::equal_ignoring_case(word, "key") && is_among(before, kKeyOwners)) ||
                (base::equal_ignoring_case(word, "id") &&
                 base::equal_ignoring_case(before, "session")))) {
      kind = SecretKind::kToken;
    }
  }
  if (kind != SecretKind::kNone) return is_among(word, kAbout) ? SecretKind::kNone : kind;
  return is_named_by_options(name) ? SecretKind::kPassword : SecretKind::kNone;
}

bool is_header_name(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 4> kNames{"authorization", "proxy-authorization", "cookie",
                                                   "set-cookie"};
  return is_among(name, kNames);
}

bool is_credential_scheme(std::string_view word) noexcept {
  constexpr std::array<std::string_view, 7> kSchemes{"bearer", "basic",  "digest", "negotiate",
                                                     "token",  "apikey", "ntlm"};
  return is_among(word, kSchemes);
}

}  // namespace vitals::privacy
