#include "health_agent/db/url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>

#include "health_agent/address.h"
#include "vitals/base/percent.h"

namespace health_agent::db {
namespace {

constexpr std::string_view kAccepted =
    "; accepted is sqlite:PATH, such as sqlite:data/health_agent.db (also sqlite:///PATH, "
    "relative, "
    "and sqlite:////PATH, absolute), or "
    "postgresql://user:pass@host:port/db";

vitals::Error refused(std::string_view what) {
  return vitals::Error{std::string(what).append(kAccepted)};
}

vitals::Result<DatabaseUrl> parse_sqlite(std::string_view path) {
  if (path == "//")
    return refused("a database in memory cannot be shared by the connections of a pool");
  if (path.starts_with("///")) {
    path.remove_prefix(3);
  } else if (path.starts_with("//")) {
    return refused("what stands after sqlite:// is a host; a path is sqlite:///PATH");
  }
  if (path.empty()) return refused("the path after sqlite: is missing");
  if (path.starts_with(":memory:") || path.starts_with("file:")) {
    return refused("a database in memory cannot be shared by the connections of a pool");
  }
  if (path.find_first_of(std::string_view("\"\0\n", 3)) != std::string_view::npos) {
    return refused("the path has a quote, a line break or a NUL in it");
  }
  return DatabaseUrl{DatabaseUrl::Kind::kSqlite, std::string(path), {}};
}

std::string encoded(std::string_view text) {
  std::string result;
  vitals::base::append_percent_encoded(result, text);
  return result;
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port >= 1 && port <= 65535;
}

/// Takes what stands before the first of `separators`, and the separator itself.
std::string_view take(std::string_view& text, std::string_view separators) {
  const std::size_t end = text.find_first_of(separators);
  const std::string_view head = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return head;
}

std::optional<PostgresHost> parse_host(std::string_view text) {
  std::string_view host = text;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else if (const std::size_t colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  const auto name = decoded_part(host);
  if (!name || name->empty()) return std::nullopt;
  if (rest.empty()) return PostgresHost{*name, {}};
  if (rest.front() != ':' || !is_port(rest.substr(1))) return std::nullopt;
  return PostgresHost{*name, std::string(rest.substr(1))};
}

/// Whether libpq knows a parameter of this name.
bool is_parameter(const std::string& name) {
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> known{PQconndefaults(),
                                                                           &PQconninfoFree};
  for (const PQconninfoOption* option = known.get();
       option != nullptr && option->keyword != nullptr; ++option) {
    if (name == option->keyword) return true;
  }
  return false;
}

bool has(const PostgresAddress& address, std::string_view parameter) {
  return std::any_of(address.parameters.begin(), address.parameters.end(),
                     [&](const auto& pair) { return pair.first == parameter; });
}

vitals::Result<DatabaseUrl> parse_postgres(std::string_view text) {
  DatabaseUrl url;
  url.kind = DatabaseUrl::Kind::kPostgres;
  PostgresAddress& address = url.postgres;

  std::string_view query = text;
  std::string_view path = take(query, "?");
  std::string_view authority = take(path, "/");
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    std::string_view password = authority.substr(0, at);
    const auto user = decoded_part(take(password, ":"));
    const auto secret = decoded_part(password);
    if (!user || !secret) {
      return refused("the user or password has a blank or a % that begins no escape (%25 is a %)");
    }
    address.user = *user;
    address.password = *secret;
    authority.remove_prefix(at + 1);
  }
  while (!authority.empty()) {
    const auto host = parse_host(take(authority, ","));
    if (!host) return refused("the host or port cannot be read (a port is a number to 65535)");
    address.hosts.push_back(*host);
  }
  const auto database = decoded_part(path);
  if (!database || database->find('/') != std::string::npos) {
    return refused("the database's name after the host cannot be read");
  }
  address.database = *database;
  while (!query.empty()) {
    std::string_view value = take(query, "&");
    const auto name = decoded_part(take(value, "="));
    const auto decoded_value = decoded_part(value);
    if (!name || !decoded_value) return refused("a parameter after the ? cannot be read");
    if (!is_parameter(*name)) return refused("a parameter after the ? is not known to PostgreSQL");
    address.parameters.emplace_back(*name, *decoded_value);
  }
  if (address.hosts.empty() && !has(address, "host")) return refused("the host is missing");
  if (address.database.empty()) return refused("the database's name after the host is missing");
  return url;
}

}  // namespace

vitals::Result<DatabaseUrl> parse_database_url(std::string_view text) {
  if (text.empty()) return refused("it is empty");
  if (text.starts_with("sqlite:")) return parse_sqlite(text.substr(7));
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (text.starts_with(scheme)) return parse_postgres(text.substr(scheme.size()));
  }
  return refused("it has no known scheme");
}

std::string shown(const PostgresAddress& address) {
  std::string text = "postgresql://";
  for (const PostgresHost& host : address.hosts) {
    if (!text.ends_with('/')) text += ',';
    text += host.host.find(':') == std::string::npos ? host.host : "[" + host.host + "]";
    if (!host.port.empty()) text += ":" + host.port;
  }
  return text + "/" + address.database;
}

std::string connection_url(const PostgresAddress& address,
                           const std::vector<std::pair<std::string, std::string>>& defaults) {
  std::string url = "postgresql://";
  if (!address.user.empty() || !address.password.empty()) {
    url += encoded(address.user);
    if (!address.password.empty()) url += ":" + encoded(address.password);
    url += '@';
  }
  bool first = true;
  for (const PostgresHost& host : address.hosts) {
    if (!std::exchange(first, false)) url += ',';
    url += host.host.find(':') == std::string::npos ? encoded(host.host) : "[" + host.host + "]";
    if (!host.port.empty()) url += ":" + host.port;
  }
  url += "/" + encoded(address.database);
  char separator = '?';
  const auto add = [&](const std::string& name, const std::string& value) {
    url.append(1, std::exchange(separator, '&')).append(encoded(name)).append(1, '=');
    url += encoded(value);
  };
  for (const auto& [name, value] : address.parameters)
    add(name, value);
  for (const auto& [name, value] : defaults) {
    if (!has(address, name)) add(name, value);
  }
  return url;
}

}  // namespace health_agent::db
