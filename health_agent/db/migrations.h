#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "health_agent/db/pool.h"

namespace health_agent::db {

/// One step of the schema. Steps are numbered from 1 without a gap, and never change once they have
/// been released.
struct Migration {
  int version;
  std::string_view name;
  std::vector<const char*>
      statements;  ///< `{id}` stands for a key that the database numbers itself
};

/// The steps that this program knows.
[[nodiscard]] const std::vector<Migration>& all_migrations();

/// Brings the database to the schema that this program knows, each step in a transaction of its
/// own. Nothing happens when it is there already; several processes may do it at once. Call at the
/// start, before the first query.
///
/// Returns how many steps were taken. Throws DatabaseError when a step fails (the database is then
/// as it was before that step) or when the database has been used by a newer program.
int migrate(Pool& pool, std::span<const Migration> steps = all_migrations());

}  // namespace health_agent::db
