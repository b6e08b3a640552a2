#include "health_agent/cache/redis_url.h"

#include <charconv>
#include <optional>

namespace health_agent::cache {
namespace {

vitals::Error refused(std::string_view what) {
  return vitals::Error{
      std::string(what).append("; accepted is redis://[[user]:password@]host[:port][/db], or "
                               "nothing for the in-process cache")};
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

std::optional<std::string> decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return std::nullopt;
    if (c == '%') {
      unsigned byte = 0;
      const std::string_view digits = text.substr(i + 1, 2);
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
      if (digits.size() != 2 || error != std::errc{} || end != digits.data() + 2 || byte == 0) {
        return std::nullopt;
      }
      c = static_cast<char>(byte);
      i += 2;
    }
    result += c;
  }
  return result;
}

}  // namespace

vitals::Result<RedisAddress> parse_redis_url(std::string_view text) {
  constexpr std::string_view kScheme = "redis://";
  if (text.starts_with("rediss://")) return refused("TLS (rediss://) is not built in");
  if (!text.starts_with(kScheme)) return refused("it does not begin with redis://");
  text.remove_prefix(kScheme.size());
  RedisAddress address;

  if (const std::size_t at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view who = text.substr(0, at);
    const std::size_t colon = who.find(':');
    if (colon == std::string_view::npos) return refused("a user without a password");
    const auto user = decoded(who.substr(0, colon));
    const auto password = decoded(who.substr(colon + 1));
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
  const auto name = decoded(host);
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
  return "redis://" + (v6 ? "[" + address.host + "]" : address.host) + ":" +
         std::to_string(address.port) + "/" + std::to_string(address.database);
}

}  // namespace health_agent::cache
