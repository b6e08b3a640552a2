#include "health_agent/db/inspect.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "health_agent/db/connection.h"
#include "health_agent/db/migrations.h"
#include "health_agent/db/pool.h"
#include "health_agent/errors.h"

namespace health_agent::db {
namespace {

namespace fs = std::filesystem;
using std::string;
using namespace sqlite_api;  // where SOCI puts SQLite's own header

constexpr int kBusyMs = 2000;

[[noreturn]] void unavailable(const string& path, const string& cause) {
  throw DatabaseError(DatabaseError::Kind::kUnavailable,
                      "the database " + path + " cannot be used: " + cause);
}

/// The folder that a file is in or, where that is missing, the nearest above it that is there.
fs::path nearest_folder(const string& path) {
  fs::path folder = fs::absolute(path).parent_path();
  std::error_code ignored;
  while (!fs::exists(folder, ignored) && folder.has_relative_path())
    folder = folder.parent_path();
  return folder;
}

void require_writable(const string& path, bool exists) {
  const fs::path folder = nearest_folder(path);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) unavailable(path, folder.string() + " is no directory");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    unavailable(path, "its folder " + folder.string() + " is not writable (" +
                          std::generic_category().message(errno) + ")");
  }
  if (!exists) return;
  if (fs::is_directory(path, ignored)) unavailable(path, "it is a directory");
  if (::access(path.c_str(), R_OK | W_OK) != 0)
    unavailable(path, "it is not writable (" + std::generic_category().message(errno) + ")");
}

string percent_encoded(const string& path) {
  string encoded;
  for (const char c : path) {
    if (c == '?' || c == '#' || c == '%') {
      encoded += c == '?' ? "%3f" : c == '#' ? "%23" : "%25";
    } else {
      encoded += c;
    }
  }
  return encoded;
}

/// The one number that a statement gives.
int number(sqlite3* database, const string& path, const char* sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(database, sql, -1, &raw, nullptr) != SQLITE_OK)
    unavailable(path, sqlite3_errmsg(database));
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement{raw, &sqlite3_finalize};
  const int result = sqlite3_step(raw);
  if (result == SQLITE_ROW) return sqlite3_column_int(raw, 0);
  if (result == SQLITE_DONE) return 0;
  unavailable(path, sqlite3_errmsg(database));
}

int sqlite_version(const string& path) {
  // Nobody has it open: then it is read as a file that does not change, since SQLite would
  // otherwise put its own files beside it even for reading.
  std::error_code ignored;
  const bool in_use = fs::exists(path + "-wal", ignored);
  const string uri = "file:" + percent_encoded(fs::absolute(path).string()) + "?mode=ro" +
                     (in_use ? "" : "&immutable=1");
  sqlite3* raw = nullptr;
  const int opened =
      sqlite3_open_v2(uri.c_str(), &raw, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, nullptr);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> database{raw, &sqlite3_close};
  if (opened != SQLITE_OK)
    unavailable(path, raw == nullptr ? sqlite3_errstr(opened) : sqlite3_errmsg(raw));
  sqlite3_busy_timeout(raw, kBusyMs);
  if (number(raw, path, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_migrations'") == 0)
    return 0;
  return number(raw, path, "SELECT COALESCE(MAX(version), 0) FROM schema_migrations");
}

int server_version(const string& url) {
  Pool pool{{.url = url, .size = 1}};
  const Pool::Lease lease = pool.checkout();
  Connection& connection = lease.connection();
  soci::session& session = connection.session();
  try {
    int found = 0;
    session << "SELECT CAST(COUNT(*) AS INTEGER) FROM information_schema.tables"
               " WHERE table_name = 'schema_migrations' AND table_schema = CURRENT_SCHEMA",
        soci::into(found);
    if (found == 0) return 0;
    int version = 0;
    session << "SELECT COALESCE(MAX(version), 0) FROM schema_migrations", soci::into(version);
    return version;
  } catch (const soci::soci_error& error) {
    const Backend& backend = connection.backend();
    throw DatabaseError(backend.kind_of(error),
                        "the schema's version cannot be read: " + backend.message_of(error));
  }
}

}  // namespace

Inspection inspect(const string& url) {
  Inspection result;
  result.known = all_migrations().empty() ? 0 : all_migrations().back().version;
  constexpr std::string_view kSqlite = "sqlite:";
  if (url.starts_with(kSqlite)) {
    if (const auto parsed = parse_database_url(url); !parsed)
      throw ConfigurationError("DATABASE_URL: " + parsed.error().message);
    const string path = url.substr(kSqlite.size());
    std::error_code ignored;
    result.exists = fs::exists(path, ignored);
    require_writable(path, result.exists);
    if (result.exists) result.version = sqlite_version(path);
  } else {
    result.version = server_version(url);
    result.exists = true;
  }
  if (result.version > result.known) {
    throw DatabaseError(DatabaseError::Kind::kOther,
                        "the database has schema version " + std::to_string(result.version) +
                            ", but this program knows versions up to " +
                            std::to_string(result.known));
  }
  return result;
}

}  // namespace health_agent::db
