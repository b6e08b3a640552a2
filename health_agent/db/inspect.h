#pragma once

#include <string>

namespace health_agent::db {

/// What a look at a database has shown.
struct Inspection {
  bool exists = false;  ///< Else the next start makes it, and can.
  int version = 0;      ///< Of its schema; 0 when it has none yet.
  int known = 0;        ///< The newest version that this program knows.
};

/// Looks at the database of DATABASE_URL without changing anything: no file is made, no migration
/// taken. Waits at most some seconds for it. Throws DatabaseError when the service could not work
/// with it, and ConfigurationError for a URL that cannot be right.
[[nodiscard]] Inspection inspect(const std::string& url);

}  // namespace health_agent::db
