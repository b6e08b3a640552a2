#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace health_agent::db {

class Connection;

/// What a client names a request by, so that sending it again does not do it again. The same key
/// means nothing to another user, route or holder of an API key.
struct RetryKey {
  std::string user_id;
  std::string route;   ///< `POST /api/v1/chat`
  std::string holder;  ///< The name of the API key; empty without.
  std::string key;
};

/// The answer to a request that was done.
struct KeptAnswer {
  std::string request;  ///< What was asked, as a digest.
  int status = 0;
  std::string body;
};

/// A kept answer as its user may see it.
struct KeptRecord {
  std::int64_t id = 0;
  std::string route;
  std::string key;
  int status = 0;
  std::string body;
  std::int64_t kept_at = 0;
};

/// Another request with the same key was done first. What this one was about to commit must not be.
class KeyTaken : public std::runtime_error {
 public:
  KeyTaken() : std::runtime_error("a request with this Idempotency-Key was done first") {}
};

/// So long an answer is kept, in seconds.
inline constexpr std::int64_t kAnswersAreKept = 86'400;
/// So many of a user: of more, the oldest go.
inline constexpr std::int64_t kMostKeptAnswers = 1'000;

/// The statements about kept answers, on a connection that the caller holds. Each throws
/// DatabaseError. Threads: that of the connection.

[[nodiscard]] std::optional<KeptAnswer> find_answer(Connection& connection, const RetryKey& key,
                                                    std::int64_t now);

/// Keeps the answer from `now` on; part of the transaction that does what it answers. Throws
/// KeyTaken when there is one, and RecordNotFoundError without the user.
void keep_answer(Connection& connection, const RetryKey& key, const KeptAnswer& answer,
                 std::int64_t now);

/// The user's, in the order of their ids, from the one after `after_id`.
[[nodiscard]] std::vector<KeptRecord> answers_after(Connection& connection,
                                                    std::string_view user_id, std::int64_t after_id,
                                                    int limit);

/// Removes those of all users from before `time`. Returns how many.
std::int64_t remove_answers_before(Connection& connection, std::int64_t time);

}  // namespace health_agent::db
