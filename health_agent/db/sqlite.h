#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "health_agent/db/backend.h"

namespace health_agent::db {

/// An SQLite file, made with its folder when it is missing: WAL, `synchronous=NORMAL`, foreign
/// keys, and `lock_timeout` as the time that a statement waits for another program's lock. What it
/// makes is for this user alone (0700 and 0600, whatever the umask is). Throws DatabaseError when
/// the folder cannot be made. A full disk, a limit on files or a lack of descriptors fails the
/// statements that write; the others go on. The file is watched from the first open() on: one
/// that was deleted or replaced is refused, since all that is written to it would be lost.
[[nodiscard]] std::unique_ptr<Backend> make_sqlite(const std::string& path,
                                                   std::chrono::milliseconds lock_timeout);

}  // namespace health_agent::db
