#include "health_agent/db/sqlite.h"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "health_agent/db/sqlite_files.h"
#include "health_agent/errors.h"
#include "health_agent/private_files.h"

namespace health_agent::db {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Kind = DatabaseError::Kind;

/// Which file a path led to.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

Kind kind_of_result(int result) noexcept {
  switch (result & 0xff) {  // the upper bits only say more of the same
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
      return Kind::kTimeout;
    case SQLITE_CONSTRAINT:
      return Kind::kConstraint;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_AUTH:
    case SQLITE_NOTADB:
      return Kind::kUnavailable;
    default:
      return Kind::kOther;
  }
}

/// Whether nothing can be written for now (the disk is full or read-only, a limit is reached, no
/// descriptor is left) while what is there can still be read. The connection is as good as before,
/// and another could not be opened. The numbers are SQLite's "extended result codes".
bool only_writing_fails(int result) noexcept {
  switch (result & 0xff) {
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return true;
    default:
      break;
  }
  switch (result) {
    case SQLITE_IOERR_WRITE:
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
    case SQLITE_IOERR_TRUNCATE:
    case SQLITE_IOERR_DELETE:
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMMAP:
    case SQLITE_IOERR_GETTEMPPATH:
    case SQLITE_IOERR_COMMIT_ATOMIC:
      return true;
    default:
      return false;
  }
}

bool lacks_memory_for_sqlite(const soci::soci_error& error) noexcept {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  return sqlite != nullptr &&
         ((sqlite->result() & 0xff) == SQLITE_NOMEM || sqlite->result() == SQLITE_IOERR_NOMEM);
}

sqlite_api::sqlite3* handle_of(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

Kind kind_of_sqlite(const soci::soci_error& error) noexcept {
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  if (sqlite != nullptr) return kind_of_result(sqlite->result());
  switch (error.get_error_category()) {
    case soci::soci_error::connection_error:
    case soci::soci_error::no_privilege:
    case soci::soci_error::system_error:
      return Kind::kUnavailable;
    case soci::soci_error::constraint_violation:
      return Kind::kConstraint;
    default:
      return Kind::kOther;
  }
}

std::string message_of_sqlite(const soci::soci_error& error) {
  std::string message = error.get_error_message();
  const std::string_view place = "sqlite3_statement_backend::";
  if (message.starts_with(place)) message.erase(0, message.find(' ') + 1);
  return message;
}

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
      if (kind_of_sqlite(error) != Kind::kTimeout) throw;
      if (std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(milliseconds{5});
  }
}

// A file that cannot be written is opened for reading without a word, and only the first write
// would fail.
void require_writable(soci::session& session) {
  if (sqlite_api::sqlite3_db_readonly(handle_of(session), "main") == 0) return;
  throw soci::sqlite3_soci_error("it is read-only", SQLITE_READONLY);
}

// SOCI reads `dbname="..."`; a leading blank inside the quotes would confuse it.
std::string connect_string(const std::string& path) {
  return "dbname=\"" + (fs::path(path).is_absolute() ? path : "./" + path) + "\"";
}

void make_parent_folder(const std::string& path) {
  const fs::path parent = parent_of(path);
  if (const std::error_code error = make_private_folder(parent.string())) {
    cannot_open(path,
                "its folder " + parent.string() + " cannot be made (" + error.message() + ")");
  }
}

std::unique_ptr<soci::session> open_sqlite(const std::string& path, milliseconds lock_timeout) {
  try {
    auto session = std::make_unique<soci::session>(soci::sqlite3, connect_string(path));
    sqlite_api::sqlite3_extended_result_codes(handle_of(*session), 1);
    *session << "PRAGMA busy_timeout=" + std::to_string(lock_timeout.count());
    require_writable(*session);
    use_write_ahead_log(*session, lock_timeout);
    *session << "PRAGMA synchronous=NORMAL";
    *session << "PRAGMA foreign_keys=ON";
    return session;
  } catch (const soci::soci_error& error) {
    if (lacks_memory_for_sqlite(error)) throw std::bad_alloc();
    const std::string cause = message_of_sqlite(error);
    if (kind_of_sqlite(error) == Kind::kTimeout) {
      throw DatabaseError(Kind::kTimeout, "cannot open the database " + path + ": " + cause);
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

class Sqlite final : public Backend {
 public:
  Sqlite(std::string path, milliseconds lock_timeout)
      : path_(std::move(path)), lock_timeout_(lock_timeout) {
    guard_shared_memory();
    make_parent_folder(path_);
    // SQLite gives its other files the mode of this one.
    make_private_file(path_);
  }

  std::unique_ptr<soci::session> open(Patience) override {
    auto session = open_sqlite(path_, lock_timeout_);
    const std::lock_guard lock{mutex_};
    if (!file_) file_ = identity_of(path_);
    return session;
  }

  // A file that was deleted or replaced can still be read and written through the connections that
  // have it open, and all of that would be lost. Asking costs a system call, so not at every
  // checkout.
  void check() override {
    const auto now = Clock::now().time_since_epoch();
    if (now < milliseconds{next_check_.load(std::memory_order_relaxed)}) return;
    {
      const std::lock_guard lock{mutex_};
      if (file_ && identity_of(path_) != *file_) {
        throw DatabaseError(
            Kind::kUnavailable,
            "the database " + path_ +
                " was replaced by another file; put it back or restart the service");
      }
    }
    const auto next = std::chrono::duration_cast<milliseconds>(now) + kCheckEvery;
    next_check_.store(next.count(), std::memory_order_relaxed);
  }

  Kind kind_of(const soci::soci_error& error) const noexcept override {
    return kind_of_sqlite(error);
  }
  Failure failure_of(const soci::soci_error& error, soci::session&) const noexcept override {
    const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
    if (sqlite != nullptr && only_writing_fails(sqlite->result())) return Failure::kReadOnly;
    return kind_of_sqlite(error) == Kind::kUnavailable ? Failure::kConnection : Failure::kStatement;
  }
  bool lacks_memory(const soci::soci_error& error) const noexcept override {
    return lacks_memory_for_sqlite(error);
  }
  bool in_transaction(soci::session& session) const noexcept override {
    return sqlite_api::sqlite3_get_autocommit(handle_of(session)) == 0;
  }
  std::string message_of(const soci::soci_error& error) const override {
    return message_of_sqlite(error);
  }

  const std::string& name() const noexcept override { return path_; }
  bool one_writer() const noexcept override { return true; }
  std::string_view system() const noexcept override { return "sqlite"; }
  // AUTOINCREMENT, since an id that a client has seen must not come to mean another entry.
  std::string_view id_column() const noexcept override {
    return "INTEGER PRIMARY KEY AUTOINCREMENT";
  }
  // Holds the write lock from its first statement on.
  const char* begin_exclusive() const noexcept override { return "BEGIN IMMEDIATE"; }

 private:
  static constexpr milliseconds kCheckEvery{100};

  const std::string path_;
  const milliseconds lock_timeout_;
  std::mutex mutex_;
  std::optional<FileIdentity> file_;
  std::atomic<milliseconds::rep> next_check_{0};
};

}  // namespace

std::unique_ptr<Backend> make_sqlite(const std::string& path, milliseconds lock_timeout) {
  return std::make_unique<Sqlite>(path, lock_timeout);
}

}  // namespace health_agent::db
