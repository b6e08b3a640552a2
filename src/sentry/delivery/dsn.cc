#include "vitals/sentry/dsn.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "sentry/event/names.h"

namespace vitals::sentry {
namespace {

bool is_word(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_host(std::string_view text) noexcept {
  const bool bracketed = text.starts_with('[') && text.ends_with(']') && text.size() > 2;
  if (bracketed) {
    text.remove_prefix(1);
    text.remove_suffix(1);
  }
  return !text.empty() && std::all_of(text.begin(), text.end(), [bracketed](char c) {
    if (c == ':') return bracketed;
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

bool is_path(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '#'; });
}

std::string base_url(const Dsn& dsn, std::string_view user) {
  std::string url = dsn.scheme + "://";
  if (!user.empty()) url.append(user) += '@';
  url += dsn.host;
  if (dsn.port != 0) url += ':' + std::to_string(dsn.port);
  return url + dsn.path;
}

}  // namespace

std::string Dsn::envelope_url() const {
  return base_url(*this, {}) + "/api/" + project_id + "/envelope/";
}

std::string Dsn::to_string() const {
  return base_url(*this, public_key) + '/' + project_id;
}

std::string Dsn::org_id() const {
  const std::string_view first = std::string_view{host}.substr(0, host.find('.'));
  const bool named =
      first.size() > 1 && first.size() < host.size() && first.front() == 'o' &&
      std::all_of(first.begin() + 1, first.end(), [](char c) { return c >= '0' && c <= '9'; });
  return named ? std::string{first.substr(1)} : std::string{};
}

Result<Dsn> parse_dsn(std::string_view text) {
  Dsn dsn;
  text = detail::without_space_around(text);
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    return Error{"the DSN has no scheme; it should read https://KEY@HOST/PROJECT"};
  }
  dsn.scheme = text.substr(0, scheme_end);
  if (dsn.scheme != "http" && dsn.scheme != "https") {
    return Error{"the DSN's scheme should be http or https"};
  }
  text.remove_prefix(scheme_end + 3);

  const std::size_t slash = text.find('/');
  std::string_view authority = text.substr(0, slash);
  const std::string_view path =
      slash == std::string_view::npos ? std::string_view{} : text.substr(slash);

  const std::size_t at = authority.rfind('@');
  if (at == std::string_view::npos) return Error{"the DSN has no public key before an @"};
  const std::string_view key = authority.substr(0, std::min(at, authority.find(':')));
  if (!is_word(key)) {
    return Error{"the DSN's public key should be letters, digits, - and _, and not empty"};
  }
  dsn.public_key = key;
  authority.remove_prefix(at + 1);

  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  dsn.host = authority.substr(0, colon);
  if (!is_host(dsn.host)) return Error{"the DSN's host is missing or holds odd characters"};
  if (colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), dsn.port);
    if (error != std::errc{} || end != port.data() + port.size() || dsn.port == 0 ||
        dsn.port > 65535) {
      return Error{"the DSN's port should be a number from 1 to 65535"};
    }
  }

  const std::size_t last = path.rfind('/');
  if (last == std::string_view::npos || !is_word(path.substr(last + 1))) {
    return Error{
        "the DSN's project is missing or holds odd characters; it is the part after the "
        "last slash"};
  }
  dsn.project_id = path.substr(last + 1);
  dsn.path = path.substr(0, last);
  if (!is_path(dsn.path)) return Error{"the DSN's path holds odd characters"};
  return dsn;
}

}  // namespace vitals::sentry
