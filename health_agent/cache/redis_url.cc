#include "health_agent/cache/redis_url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "health_agent/address.h"
#include "vitals/base/ascii.h"

namespace health_agent::cache {
namespace {

vitals::Error refused(std::string_view what) {
  return vitals::Error{
      std::string(what).append("; accepted is redis://[[user]:password@]host[:port][/db], or "
                               "nothing for the in-process cache; rediss:// is TLS, with "
                               "?ssl_ca_certs=FILE, ssl_cert_reqs=required|none, "
                               "ssl_check_hostname=true|false, ssl_certfile=FILE and "
                               "ssl_keyfile=FILE as parameters")};
}

template <class Number>
std::optional<Number> number(std::string_view text, Number least, Number most) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return std::nullopt;
  }
  return value;
}

std::optional<bool> boolean(const std::string& word) {
  for (const char* yes : {"true", "1", "yes", "on"})
    if (word == yes) return true;
  for (const char* no : {"false", "0", "no", "off"})
    if (word == no) return false;
  return std::nullopt;
}

/// `none`, and the words for a check; Python's names of constants are taken too, as Celery has it.
std::optional<bool> requirement(std::string_view word) {
  constexpr std::string_view kPython = "cert_";
  if (word.starts_with(kPython)) word.remove_prefix(kPython.size());
  if (word == "none") return false;
  if (word == "required" || word == "optional") return true;
  return std::nullopt;
}

/// Takes one parameter. Gives what is wrong with it, or nothing.
std::optional<std::string> take_parameter(std::string_view name, const std::string& value,
                                          RedisTlsOptions& tls) {
  std::string* const file = name == "ssl_ca_certs"   ? &tls.ca_file
                            : name == "ssl_certfile" ? &tls.cert_file
                            : name == "ssl_keyfile"  ? &tls.key_file
                                                     : nullptr;
  if (file != nullptr) {
    *file = value;
    if (value.empty()) return std::string(name) + " names no file";
    return std::nullopt;
  }
  bool* const choice = name == "ssl_cert_reqs"        ? &tls.verify
                       : name == "ssl_check_hostname" ? &tls.check_host
                                                      : nullptr;
  if (choice == nullptr) return "a parameter after the ? is not known";
  const std::optional<bool> chosen = choice == &tls.verify ? requirement(vitals::base::lower(value))
                                                           : boolean(vitals::base::lower(value));
  if (!chosen) return std::string(name) + " has a value that is not known";
  *choice = *chosen;
  return std::nullopt;
}

std::optional<std::string> take_query(std::string_view query, RedisTlsOptions& tls) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view each = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const std::size_t equals = std::min(each.find('='), each.size());
    const auto value = decoded_part(each.substr(std::min(equals + 1, each.size())));
    if (!value) return "a parameter's value has a blank, or a % that begins no escape";
    if (auto fault = take_parameter(each.substr(0, equals), *value, tls)) return fault;
  }
  if (!tls.key_file.empty() && tls.cert_file.empty()) return "ssl_keyfile without ssl_certfile";
  return std::nullopt;
}

/// Where the parameters begin, with their question mark. A password may have one too, and a file's
/// name an @.
std::size_t query_of(std::string_view text) {
  const std::size_t known = text.find("?ssl_");
  if (known != std::string_view::npos) return known;
  const std::size_t at = text.rfind('@');
  return text.find('?', at == std::string_view::npos ? 0 : at);
}

}  // namespace

vitals::Result<RedisAddress> parse_redis_url(std::string_view text) {
  constexpr std::string_view kScheme = "redis://";
  constexpr std::string_view kTlsScheme = "rediss://";
  const bool encrypted = text.starts_with(kTlsScheme);
  if (!encrypted && !text.starts_with(kScheme)) {
    return refused("it begins neither with redis:// nor with rediss://");
  }
  text.remove_prefix(encrypted ? kTlsScheme.size() : kScheme.size());
  RedisAddress address;
  if (encrypted) address.tls.emplace();
  if (const std::size_t query = query_of(text); query != std::string_view::npos) {
    if (!encrypted) return refused("nothing may follow the host, port and database");
    if (const auto fault = take_query(text.substr(query + 1), *address.tls)) return refused(*fault);
    text = text.substr(0, query);
  }

  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = text.substr(0, at);
    const std::size_t colon = who.find(':');
    if (colon == std::string_view::npos) return refused("a user without a password");
    const auto user = decoded_part(who.substr(0, colon));
    const auto password = decoded_part(who.substr(colon + 1));
    if (!user || !password || password->empty()) {
      return refused("the user or password is empty, has a blank, or a % that begins no escape");
    }
    address.user = *user;
    address.password = *password;
    text.remove_prefix(at + 1);
  }
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const std::string_view database = text.substr(slash + 1);
    const auto index = database.empty() ? 0 : number(database, 0, 65'535);
    if (!index) return refused("the database after the / is not a number");
    address.database = *index;
    text = text.substr(0, slash);
  }
  std::string_view host = text;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return refused("the host's ] is missing");
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  const auto name = decoded_part(host);
  if (!name || name->empty()) return refused("the host is missing or cannot be read");
  if (name->find_first_of("?#<>\"\\") != std::string::npos) {
    return refused("nothing may follow the host, port and database");
  }
  address.host = *name;
  if (!rest.empty()) {
    const auto port = rest.front() == ':' ? number(rest.substr(1), 1, 65'535) : std::nullopt;
    if (!port) return refused("the port is not a number from 1 to 65535");
    address.port = static_cast<std::uint16_t>(*port);
  }
  return address;
}

std::string shown(const RedisAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (address.tls ? "rediss://" : "redis://") + (v6 ? "[" + address.host + "]" : address.host) +
         ":" + std::to_string(address.port) + "/" + std::to_string(address.database);
}

}  // namespace health_agent::cache
