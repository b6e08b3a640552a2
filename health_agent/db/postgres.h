#pragma once

#include <chrono>
#include <memory>

#include "health_agent/db/backend.h"
#include "health_agent/db/url.h"

namespace health_agent::db {

/// Time-outs of a PostgreSQL connection. Those of statements are kept by the server; a server that
/// does not keep them is given two seconds more, and then up.
struct PostgresTimeouts {
  std::chrono::seconds connect{2};  ///< libpq takes no less
  std::chrono::milliseconds lock{5'000};
  std::chrono::milliseconds statement{10'000};
  std::chrono::milliseconds idle_in_transaction{30'000};
  std::chrono::milliseconds unacknowledged{10'000};  ///< TCP: sent, and nobody says "got it"
};

/// A PostgreSQL server. Its connections call themselves `health-agent`; a parameter of the URL wins
/// over every default here.
///
/// When a connection cannot be opened, open() throws the same error at once for a quarter of a
/// second, and then lets one caller at a time try again: so that requests fail fast while the
/// server is away, and the first one after its return finds it.
///
/// Source of the error classes: PostgreSQL documentation, appendix A, "PostgreSQL Error Codes".
[[nodiscard]] std::unique_ptr<Backend> make_postgres(const PostgresAddress& address,
                                                     const PostgresTimeouts& timeouts);

}  // namespace health_agent::db
