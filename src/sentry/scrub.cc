#include "sentry/scrub.h"

#include <algorithm>
#include <array>

namespace vitals::sentry::detail {
namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equals(std::string_view text, std::string_view lowered) noexcept {
  return std::equal(text.begin(), text.end(), lowered.begin(), lowered.end(),
                    [](char a, char b) { return lower(a) == b; });
}

bool contains(std::string_view text, std::string_view lowered) noexcept {
  return std::search(text.begin(), text.end(), lowered.begin(), lowered.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

}  // namespace

bool is_sensitive(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 15> kParts{
      "auth", "token",  "secret", "password", "passwd", "pwd",         "key", "jwt",
      "sso",  "bearer", "saml",   "csrf",     "xsrf",   "credentials", "dsn"};
  // Of Sentry's own conventions: which entry of a cache, never a key to anything.
  if (name == "cache.key") return false;
  return std::any_of(kParts.begin(), kParts.end(),
                     [name](std::string_view part) { return contains(name, part); });
}

bool must_filter(std::string_view name, const ValueView& value) noexcept {
  if (value.type() == ValueView::Type::kNull || !is_sensitive(name)) return false;
  // `gen_ai.usage.input_tokens` and its like: how many, not which.
  return value.type() == ValueView::Type::kString || !contains(name, "tokens");
}

bool is_private_header(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 9> kNames{
      "cookie",    "set-cookie", "authorization",    "proxy-authorization", "x-forwarded-for",
      "x-real-ip", "forwarded",  "cf-connecting-ip", "remote-addr"};
  return is_sensitive(name) ||
         std::any_of(kNames.begin(), kNames.end(),
                     [name](std::string_view known) { return equals(name, known); });
}

std::string scrub_query(std::string_view query, bool send_default_pii) {
  std::string out;
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    const std::size_t equals_sign = pair.find('=');
    const std::string_view name = pair.substr(0, equals_sign);
    if (!out.empty()) out += '&';
    if (equals_sign == std::string_view::npos) {
      // A part without a name may be anything, a token too.
      out += send_default_pii && !is_sensitive(name) ? name : kFiltered;
      continue;
    }
    out += name;
    out += '=';
    out += send_default_pii && !is_sensitive(name) ? pair.substr(equals_sign + 1) : kFiltered;
  }
  return out;
}

std::string scrub_cookies(std::string_view cookies) {
  std::string out;
  while (!cookies.empty()) {
    const std::size_t end = cookies.find(';');
    const std::string_view pair = cookies.substr(0, end);
    cookies = end == std::string_view::npos ? std::string_view{} : cookies.substr(end + 1);
    const std::size_t equals_sign = pair.find('=');
    if (!out.empty()) out += ';';
    if (equals_sign == std::string_view::npos || !is_sensitive(pair.substr(0, equals_sign))) {
      out += pair;
    } else {
      out += pair.substr(0, equals_sign + 1);
      out += kFiltered;
    }
  }
  return out;
}

std::string scrub_url(std::string_view url, bool send_default_pii) {
  std::string out;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end != std::string_view::npos) {
    const std::size_t start = scheme_end + 3;
    const std::size_t authority_end = std::min(url.find_first_of("/?#", start), url.size());
    const std::size_t at = url.substr(0, authority_end).rfind('@');
    out += url.substr(0, start);
    if (at != std::string_view::npos && at >= start) {
      out += kFiltered;
      out += '@';
      url.remove_prefix(at + 1);
    } else {
      url.remove_prefix(start);
    }
  }
  const std::size_t fragment = url.find('#');
  url = url.substr(0, fragment);  // never part of a request, at times full of tokens
  const std::size_t question = url.find('?');
  out += url.substr(0, question);
  if (question != std::string_view::npos) {
    out += '?';
    out += scrub_query(url.substr(question + 1), send_default_pii);
  }
  return out;
}

}  // namespace vitals::sentry::detail
