#include "privacy/scrub.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "privacy/name_kinds.h"
#include "vitals/base/ascii.h"
#include "vitals/base/percent.h"
#include "vitals/base/utf8.h"

namespace vitals::privacy {
namespace {

bool contains(std::string_view text, std::string_view lowered) noexcept {
  return std::search(text.begin(), text.end(), lowered.begin(), lowered.end(),
                     [](char a, char b) { return base::lower(a) == b; }) != text.end();
}

using Names = std::vector<std::string>;

/// The names in use. Lists that were are kept: another thread may be reading one.
struct ExtraNames {
  std::mutex mutex;
  std::vector<std::unique_ptr<const Names>> all;
  std::atomic<const Names*> current{nullptr};
};
ExtraNames& extra_names() noexcept {
  static auto* const made = new ExtraNames;  // never destroyed: threads may outlive statics
  return *made;
}

/// What a secret's name has in it, in lower case, two letters at least.
constexpr std::array<std::string_view, 19> kSecretParts{
    "auth", "bearer",    "credential", "csrf",  "cookie",     "dsn",    "jwt",
    "key",  "password",  "passwd",     "pwd",   "passphrase", "secret", "sso",
    "saml", "sessionid", "session_id", "token", "xsrf"};

/// Of each letter, in either case, which letters follow it at the front of a part: a bit for each.
constexpr std::array<std::uint32_t, 256> kSecondLetters = [] {
  std::array<std::uint32_t, 256> table{};
  for (const std::string_view part : kSecretParts) {
    const std::uint32_t second = 1U << (static_cast<unsigned char>(part[1]) & 31U);
    for (const char first : {part[0], static_cast<char>(part[0] - 'a' + 'A')})
      table[static_cast<unsigned char>(first)] |= second;
  }
  return table;
}();

bool begins_with_secret(std::string_view text) noexcept {
  return std::any_of(kSecretParts.begin(), kSecretParts.end(), [text](std::string_view part) {
    return text.size() >= part.size() &&
           base::equal_ignoring_case(text.substr(0, part.size()), part);
  });
}

/// A name in a query or form. Only one that hides something is decoded.
bool is_sensitive_encoded(std::string_view name) {
  return is_sensitive(name) ||
         (name.find('%') != std::string_view::npos && is_sensitive(base::percent_decoded(name)));
}

bool is_session_cookie(std::string_view name) noexcept {
  return contains(name, "sess") || base::equal_ignoring_case(name, "sid") ||
         (name.size() > 4 && base::equal_ignoring_case(name.substr(name.size() - 4), ".sid"));
}

/// Takes what is up to the next `separator` off the front.
std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::size_t end = text.find(separator);
  const std::string_view taken = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return taken;
}

}  // namespace

void use_sensitive_names(std::vector<std::string> names) {
  std::erase(names, "");  // is part of every name
  for (std::string& name : names)
    std::transform(name.begin(), name.end(), name.begin(), [](char c) { return base::lower(c); });
  ExtraNames& extra = extra_names();
  const std::lock_guard hold{extra.mutex};
  const Names* next = nullptr;
  if (!names.empty()) {
    extra.all.push_back(std::make_unique<const Names>(std::move(names)));
    next = extra.all.back().get();
  }
  extra.current.store(next, std::memory_order_release);  // pairs with is_named_by_options()
}

const void* further_names() noexcept {
  return extra_names().current.load(std::memory_order_acquire);  // as below
}

bool is_named_by_options(std::string_view name) noexcept {
  // Pairs with the release in use_sensitive_names().
  const Names* const extra = extra_names().current.load(std::memory_order_acquire);
  return extra != nullptr &&
         std::any_of(extra->begin(), extra->end(),
                     [name](const std::string& part) { return contains(name, part); });
}

bool is_sensitive(std::string_view name) noexcept {
  // Of Sentry's own conventions: which entry of a cache, never a key to anything.
  if (name == "cache.key") return false;
  // Two letters rule out nearly all places.
  for (std::size_t at = 0; at + 1 < name.size(); ++at) {
    const std::uint32_t seconds = kSecondLetters[static_cast<unsigned char>(name[at])];
    const bool may_begin =
        ((seconds >> (static_cast<unsigned char>(name[at + 1]) & 31U)) & 1U) != 0;
    if (may_begin && begins_with_secret(name.substr(at))) return true;
  }
  return is_named_by_options(name);
}

bool must_filter(std::string_view name, const ValueView& value) noexcept {
  if (value.type() == ValueView::Type::kNull || !is_sensitive(name)) return false;
  // `gen_ai.usage.input_tokens` and its like: how many, not which.
  const bool number = value.type() == ValueView::Type::kInt ||
                      value.type() == ValueView::Type::kUint ||
                      value.type() == ValueView::Type::kDouble;
  return !number || !contains(name, "tokens");
}

bool is_client_address(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 10> kNames{
      "ip_address",  "client.address", "client_address", "client_ip",       "client.ip",
      "remote_addr", "remote_ip",      "user.ip",        "user.ip_address", "http.client_ip"};
  return std::any_of(kNames.begin(), kNames.end(), [name](std::string_view known) {
    return base::equal_ignoring_case(name, known);
  });
}

std::string_view scrub_named(std::string_view name, std::string_view text, bool send_default_pii,
                             std::string& scratch) {
  return scrub_as(name_kind(name), text, send_default_pii, scratch);
}

bool is_private_header(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 19> kNames{"cookie",
                                                    "set-cookie",
                                                    "authorization",
                                                    "proxy-authorization",
                                                    "x-forwarded-for",
                                                    "x-real-ip",
                                                    "forwarded",
                                                    "cf-connecting-ip",
                                                    "remote-addr",
                                                    "x-client-ip",
                                                    "x-forwarded",
                                                    "true-client-ip",
                                                    "x-cluster-client-ip",
                                                    "forwarded-for",
                                                    "fly-client-ip",
                                                    "fastly-client-ip",
                                                    "x-vercel-forwarded-for",
                                                    "x-original-forwarded-for",
                                                    "x-envoy-external-address"};
  return is_sensitive(name) ||
         std::any_of(kNames.begin(), kNames.end(), [name](std::string_view known) {
           return base::equal_ignoring_case(name, known);
         });
}

std::string scrub_query(std::string_view query, bool send_default_pii) {
  std::string out;
  for (bool more = !query.empty(); more;) {
    more = query.find('&') != std::string_view::npos;
    const std::string_view pair = take_until(query, '&');
    const std::size_t equals_sign = pair.find('=');
    const std::string_view name = pair.substr(0, equals_sign);
    const bool kept = send_default_pii && !is_sensitive_encoded(name);
    if (equals_sign == std::string_view::npos) {
      // A part without a name may be anything, a token too.
      out += kept || name.empty() ? name : kFiltered;
    } else {
      out += name;
      out += '=';
      out += kept ? pair.substr(equals_sign + 1) : kFiltered;
    }
    if (more) out += '&';
  }
  return out;
}

std::string scrub_cookies(std::string_view cookies) {
  std::string out;
  for (bool more = !cookies.empty(); more;) {
    more = cookies.find(';') != std::string_view::npos;
    const std::string_view pair = take_until(cookies, ';');
    const std::size_t equals_sign = pair.find('=');
    std::string_view name = pair.substr(0, equals_sign);
    name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
    const bool secret = is_sensitive_encoded(name) || is_session_cookie(name);
    if (equals_sign == std::string_view::npos || !secret) {
      out += pair;
    } else {
      out += pair.substr(0, equals_sign + 1);
      out += kFiltered;
    }
    if (more) out += ';';
  }
  return out;
}

std::string scrub_url(std::string_view url, bool send_default_pii) {
  // The fragment is never part of a request, and at times full of tokens.
  url = url.substr(0, url.find('#'));
  std::string scratch;
  const std::size_t question = url.find('?');
  std::string out{scrub_text(url.substr(0, question), send_default_pii, scratch)};
  if (question != std::string_view::npos) {
    out += '?';
    out += scrub_query(url.substr(question + 1), send_default_pii);
  }
  return out;
}

std::string scrub_header(std::string_view name, std::string_view value, bool send_default_pii) {
  const bool cookie =
      base::equal_ignoring_case(name, "cookie") || base::equal_ignoring_case(name, "set-cookie");
  if (cookie && send_default_pii) return scrub_cookies(value);
  if (is_sensitive(name) || (!send_default_pii && is_private_header(name))) {
    return std::string{kFiltered};
  }
  std::string scratch;
  return std::string{scrub_text(value, send_default_pii, scratch)};
}

std::string_view scrub_value(std::string_view text, bool send_default_pii, std::string& scratch) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  const bool like_json =
      first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
  if (!like_json) return scrub_text(text, send_default_pii, scratch);
  switch (scrub_json(text, send_default_pii, scratch)) {
    case JsonScrub::kUnchanged:
      return text;
    case JsonScrub::kChanged:
      return scratch;
    case JsonScrub::kMalformed:
      break;
  }
  return scrub_text(text, send_default_pii, scratch, Strictness::kJson);
}

std::string scrub_body(std::string_view body) {
  constexpr bool kPii = true;
  body = base::cut(body, kMaxBody);
  if (body.starts_with("--") && contains(body, "form-data")) return std::string{kFiltered};
  std::string scratch;
  const bool form = body.find('=') != std::string_view::npos &&
                    body.find_first_of(" \t\r\n<{[\"") == std::string_view::npos;
  if (!form) return std::string{base::cut(scrub_value(body, kPii, scratch), kMaxBody)};
  const std::string by_names = scrub_query(body, kPii);
  return std::string{base::cut(scrub_text(by_names, kPii, scratch), kMaxBody)};
}

}  // namespace vitals::privacy
