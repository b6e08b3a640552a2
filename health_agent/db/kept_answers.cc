#include "health_agent/db/kept_answers.h"

#include "health_agent/db/connection.h"
#include "health_agent/db/food_log.h"
#include "health_agent/db/storable.h"

namespace health_agent::db {
namespace {

using std::string;

constexpr std::string_view kTable = "kept_answers";

constexpr Query<Columns<string, Integer, string>, Params<string, string, string, string, Integer>>
    kFind{QueryType::kSelect, kTable,
          "SELECT request, status, body FROM kept_answers WHERE user_id = :user_id"
          " AND route = :route AND holder = :holder AND retry_key = :retry_key"
          " AND kept_at > :since"};

constexpr Query<Columns<>, Params<string, string, string, string, Integer>> kRemoveOutdated{
    QueryType::kDelete, kTable,
    "DELETE FROM kept_answers WHERE user_id = :user_id AND route = :route AND holder = :holder"
    " AND retry_key = :retry_key AND kept_at <= :until"};

constexpr Query<Columns<>, Params<string, string, Integer>> kRemoveSurplus{
    QueryType::kDelete, kTable,
    "DELETE FROM kept_answers WHERE user_id = :user_id AND id <="
    " (SELECT id FROM kept_answers WHERE user_id = :same_user ORDER BY id DESC"
    " LIMIT 1 OFFSET :most)"};

// A conflict is another request with this key that was committed first: on PostgreSQL this waits
// for one that is about to be.
constexpr Query<Columns<>, Params<string, string, string, string, Integer, string, Integer, string>>
    kKeep{QueryType::kInsert, kTable,
          "INSERT INTO kept_answers (user_id, route, holder, retry_key, request, status, body,"
          " kept_at) SELECT user_id, CAST(:route AS TEXT), CAST(:holder AS TEXT),"
          " CAST(:retry_key AS TEXT), CAST(:request AS TEXT), CAST(:status AS BIGINT),"
          " CAST(:body AS TEXT), CAST(:kept_at AS BIGINT) FROM users WHERE user_id = :user_id"
          " ON CONFLICT (user_id, route, holder, retry_key) DO NOTHING"};

constexpr Query<Columns<Integer, string, string, Integer, string, Integer>,
                Params<string, Integer, Integer>>
    kAfter{QueryType::kSelect, kTable,
           "SELECT id, route, retry_key, status, body, kept_at FROM kept_answers"
           " WHERE user_id = :user_id AND id > :after_id ORDER BY id LIMIT :most"};

constexpr Query<Columns<>, Params<Integer>> kRemoveBefore{
    QueryType::kDelete, kTable, "DELETE FROM kept_answers WHERE kept_at < :before_time"};

}  // namespace

std::optional<KeptAnswer> find_answer(Connection& connection, const RetryKey& key,
                                      std::int64_t now) {
  std::optional<KeptAnswer> found;
  connection.run(
      kFind,
      [&](const string& request, Integer status, const string& body) {
        found = KeptAnswer{request, static_cast<int>(status), body};
      },
      key.user_id, key.route, key.holder, key.key, now - kAnswersAreKept);
  return found;
}

void keep_answer(Connection& connection, const RetryKey& key, const KeptAnswer& answer,
                 std::int64_t now) {
  connection.run(kRemoveOutdated, key.user_id, key.route, key.holder, key.key,
                 now - kAnswersAreKept);
  connection.run(kRemoveSurplus, key.user_id, key.user_id, kMostKeptAnswers - 1);
  const Integer kept = connection.run(kKeep, key.route, key.holder, key.key, answer.request,
                                      answer.status, storable(answer.body), now, key.user_id);
  if (kept > 0) return;
  if (!find_answer(connection, key, now)) no_user(key.user_id);
  throw KeyTaken();
}

std::vector<KeptRecord> answers_after(Connection& connection, std::string_view user_id,
                                      std::int64_t after_id, int limit) {
  std::vector<KeptRecord> records;
  connection.run(
      kAfter,
      [&](Integer id, const string& route, const string& key, Integer status, const string& body,
          Integer kept_at) {
        records.push_back({id, route, key, static_cast<int>(status), body, kept_at});
      },
      user_id, after_id, limit);
  return records;
}

std::int64_t remove_answers_before(Connection& connection, std::int64_t time) {
  return connection.run(kRemoveBefore, time);
}

}  // namespace health_agent::db
