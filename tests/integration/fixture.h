#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "integration/support/event_check.h"
#include "integration/support/http.h"
#include "integration/support/receiver.h"
#include "integration/support/service.h"

namespace integration {

/// The health-agent of this build with these settings. With STORAGE=servers in the environment of
/// the tests it runs on a fresh database of a PostgreSQL and a fresh one of a Redis, which are
/// started once for each test process; with STORAGE=pgbouncer-session or pgbouncer-transaction a
/// PgBouncer of that mode stands before the first; else on SQLite in its own folder and the cache
/// inside it.
[[nodiscard]] ServiceOptions health_agent(Settings settings = {},
                                          std::vector<std::string> arguments = {});

/// The settings that send everything to `receiver`, and `more`, which wins.
[[nodiscard]] Settings with_sentry(const EnvelopeReceiver& receiver, Settings more = {});

/// Fails unless the answer is an error of the API to the letter: status, class, all five fields,
/// the request id of the header.
void expect_error(const Response& response, int status, const std::string& error);

/// Fails when anything was wrong with what the receiver got.
void expect_valid(const EnvelopeReceiver& receiver);

/// The error events with this request id.
[[nodiscard]] std::vector<Json> events_of(const EnvelopeReceiver& receiver,
                                          const std::string& request_id);

/// The first value of a field of that name, wherever it stands.
[[nodiscard]] std::optional<Json> find_field(const Json& json, const std::string& name);

/// The line about a request in a log of JSON; null when there is none.
[[nodiscard]] Json log_line_of(const std::string& log, const std::string& request_id);

/// Today in UTC, YYYY-MM-DD.
[[nodiscard]] std::string today();

/// The seconds that /api/health takes while the database is busy: the least of three answers for
/// which it was asked, since a machine that is taken does not hold up each of them. An answer that
/// is only repeated takes no time and does not count.
[[nodiscard]] double quickest_health(Http& client);

/// Creates a user and fails when that does not work.
void create_user(Http& client, const std::string& user_id);

}  // namespace integration
