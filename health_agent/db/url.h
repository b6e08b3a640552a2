#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/result.h"

namespace health_agent::db {

/// One server of a PostgreSQL URL. An IPv6 host is without its brackets; an empty port is the
/// default one.
struct PostgresHost {
  std::string host;
  std::string port;
};

/// A PostgreSQL URL taken apart, percent-decoded. Several hosts are tried in turn by libpq.
struct PostgresAddress {
  std::vector<PostgresHost> hosts;
  std::string user;
  std::string password;
  std::string database;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< such as sslmode
};

/// A database's address, taken apart.
struct DatabaseUrl {
  enum class Kind { kSqlite, kPostgres };

  Kind kind = Kind::kSqlite;
  std::string path;          ///< of the SQLite file
  PostgresAddress postgres;  ///< where it is PostgreSQL
};

/// Parses DATABASE_URL: `sqlite:path`, `sqlite:///path` (relative) and `sqlite:////path` (from the
/// root), as SQLAlchemy has them, or `postgresql://[user[:password]@]host[:port][,…]/db
/// [?parameter=value&…]` (also `postgres://`). Returns an error that names the part at fault and
/// says what is accepted; a URL that can hold a password is never echoed. For the settings, so that
/// a bad URL is reported together with every other bad variable.
/// Source: PostgreSQL documentation, "Connection URIs" (34.1.1.2) and "Parameter Key Words";
/// SQLAlchemy documentation, "Connect Strings" of SQLite.
[[nodiscard]] vitals::Result<DatabaseUrl> parse_database_url(std::string_view text);

/// `postgresql://host:port/db`: how messages name the database. No user, no password, no parameter.
[[nodiscard]] std::string shown(const PostgresAddress& address);

/// What libpq is given: a URL with every part percent-encoded, and `defaults` where the address has
/// no such parameter of its own. Holds the password: never for a message.
[[nodiscard]] std::string connection_url(
    const PostgresAddress& address,
    const std::vector<std::pair<std::string, std::string>>& defaults);

}  // namespace health_agent::db
