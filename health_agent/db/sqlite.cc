#include "health_agent/db/sqlite.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>

#include "health_agent/db/connection.h"
#include "health_agent/errors.h"

namespace health_agent::db {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

std::string os_error(int number) {
  return std::generic_category().message(number);
}

[[noreturn]] void cannot_open(const std::string& path, const std::string& cause) {
  throw DatabaseError(DatabaseError::Kind::kUnavailable,
                      "cannot open the database " + path + ": " + cause);
}

fs::path parent_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

// SQLite says "unable to open database file" for all of these. The file itself is not opened here:
// closing it again would drop the locks that other connections of this process have on it.
std::string why_not(const std::string& path, const std::string& otherwise) {
  std::error_code ignored;
  const fs::path parent = parent_of(path);
  if (fs::is_directory(path, ignored)) return "it is a directory";
  if (!fs::is_directory(parent, ignored)) return parent.string() + " is not a directory";
  if (access(parent.c_str(), W_OK | X_OK) != 0) {
    return "its folder " + parent.string() + " is not writable (" + os_error(errno) + ")";
  }
  if (access(path.c_str(), F_OK) == 0 && access(path.c_str(), R_OK | W_OK) != 0) {
    return "the file is not writable (" + os_error(errno) + ")";
  }
  return otherwise;
}

// Two processes that turn a new file to WAL at the same moment can be told "locked" at once,
// without SQLite's own waiting.
void use_write_ahead_log(soci::session& session, milliseconds lock_timeout) {
  const auto deadline = std::chrono::steady_clock::now() + lock_timeout;
  for (;;) {
    try {
      std::string mode;
      session << "PRAGMA journal_mode=WAL", soci::into(mode);
      if (mode == "wal") return;
      throw soci::soci_error("it stays in journal mode '" + mode +
                             "'; WAL needs a file system with shared memory");
    } catch (const soci::soci_error& error) {
      if (kind_of(error) != DatabaseError::Kind::kTimeout) throw;
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(milliseconds{5});
  }
}

// A file that cannot be written is opened for reading without a word, and only the first write
// would fail.
void require_writable(soci::session& session) {
  auto* backend = static_cast<soci::sqlite3_session_backend*>(session.get_backend());
  if (sqlite_api::sqlite3_db_readonly(backend->conn_, "main") == 0) return;
  throw soci::sqlite3_soci_error("it is read-only", SQLITE_READONLY);
}

// SOCI reads `dbname="..."`; a leading blank inside the quotes would confuse it.
std::string connect_string(const std::string& path) {
  return "dbname=\"" + (fs::path(path).is_absolute() ? path : "./" + path) + "\"";
}

}  // namespace

void make_parent_folder(const std::string& path) {
  std::error_code error;
  const fs::path parent = parent_of(path);
  if (fs::is_directory(parent, error)) return;
  fs::create_directories(parent, error);
  if (error) {
    cannot_open(path,
                "its folder " + parent.string() + " cannot be made (" + error.message() + ")");
  }
}

std::unique_ptr<soci::session> open_sqlite(const std::string& path, milliseconds lock_timeout) {
  try {
    auto session = std::make_unique<soci::session>(soci::sqlite3, connect_string(path));
    *session << "PRAGMA busy_timeout=" + std::to_string(lock_timeout.count());
    require_writable(*session);
    use_write_ahead_log(*session, lock_timeout);
    *session << "PRAGMA synchronous=NORMAL";
    *session << "PRAGMA foreign_keys=ON";
    return session;
  } catch (const soci::soci_error& error) {
    const std::string cause = message_of(error);
    if (kind_of(error) == DatabaseError::Kind::kTimeout) {
      throw DatabaseError(DatabaseError::Kind::kTimeout,
                          "cannot open the database " + path + ": " + cause);
    }
    cannot_open(path, why_not(path, cause));
  }
}

FileIdentity identity_of(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    throw DatabaseError(DatabaseError::Kind::kUnavailable,
                        "the database " + path + " is gone: " + os_error(errno));
  }
  return {status.st_dev, status.st_ino};
}

}  // namespace health_agent::db
