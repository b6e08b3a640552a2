#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "health_agent/db/soci_session.h"

namespace health_agent::db {

/// Which file a path led to.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  bool operator==(const FileIdentity&) const = default;
};

/// Makes the folder of `path` when it is missing. Throws DatabaseError that names it and the cause.
void make_parent_folder(const std::string& path);

/// Opens the file, making it when it is missing, and sets it up: WAL, foreign keys, time-outs.
/// Throws DatabaseError that names the path and the cause.
[[nodiscard]] std::unique_ptr<soci::session> open_sqlite(const std::string& path,
                                                         std::chrono::milliseconds lock_timeout);

/// The file at `path` now. Throws DatabaseError (kUnavailable) when there is none.
[[nodiscard]] FileIdentity identity_of(const std::string& path);

}  // namespace health_agent::db
