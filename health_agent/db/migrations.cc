#include "health_agent/db/migrations.h"

#include <chrono>
#include <string>

#include "health_agent/db/connection.h"
#include "health_agent/errors.h"

namespace health_agent::db {
namespace {

constexpr std::string_view kIdPlaceholder = "{id}";

std::string with_id(std::string sql, const Backend& backend) {
  if (const auto at = sql.find(kIdPlaceholder); at != std::string::npos) {
    sql.replace(at, kIdPlaceholder.size(), backend.id_column());
  }
  return sql;
}

// Programs that start at the same time take turns by it; the version is read again inside. No
// QueryScope and no injected fault here: a start is not a query.
class ExclusiveTransaction {
 public:
  explicit ExclusiveTransaction(Connection& connection)
      : ExclusiveTransaction(connection.session()) {
    *session_ << connection.backend().begin_exclusive();
    connection.backend().wait_for_migrations(*session_);
  }
  ~ExclusiveTransaction() {
    if (session_ == nullptr) return;
    try {
      session_->rollback();
    } catch (...) {  // SQLite has rolled back by itself after a grave error
    }
  }
  ExclusiveTransaction(const ExclusiveTransaction&) = delete;
  ExclusiveTransaction& operator=(const ExclusiveTransaction&) = delete;

  void commit() {
    session_->commit();
    session_ = nullptr;
  }

 private:
  // The whole constructor is this one: from here on the destructor runs, whatever fails.
  explicit ExclusiveTransaction(soci::session& session) : session_(&session) {}

  soci::session* session_;
};

int current_version(soci::session& session) {
  int version = 0;
  session << "SELECT COALESCE(MAX(version), 0) FROM schema_migrations", soci::into(version);
  return version;
}

void refuse_newer(int version, int known) {
  if (version <= known) return;
  throw DatabaseError(DatabaseError::Kind::kOther,
                      "the database has schema version " + std::to_string(version) +
                          ", but this program knows versions up to " + std::to_string(known) +
                          "; start a newer health-agent on it");
}

void take_step(Connection& connection, const Migration& step) {
  soci::session& session = connection.session();
  for (const char* statement : step.statements)
    session << with_id(statement, connection.backend());
  const std::string name{step.name};
  const Integer now = std::chrono::duration_cast<std::chrono::seconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
  session << "INSERT INTO schema_migrations (version, name, applied_at) "
             "VALUES (:version, :name, :applied_at)",
      soci::use(step.version), soci::use(name), soci::use(now);
}

}  // namespace

const std::vector<Migration>& all_migrations() {
  static const std::vector<Migration> steps{
      {1,
       "users, their food, conversation, profile and preferences; leases",
       {
           "CREATE TABLE users ("
           " user_id TEXT PRIMARY KEY,"
           " created_at BIGINT NOT NULL,"
           " first_message_at BIGINT,"
           " first_food_entry_at BIGINT,"
           " second_day_at BIGINT)",
           "CREATE TABLE user_profiles ("
           " user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,"
           " field TEXT NOT NULL,"
           " value TEXT NOT NULL,"
           " PRIMARY KEY (user_id, field))",
           "CREATE TABLE user_preferences ("
           " user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,"
           " name TEXT NOT NULL,"
           " value TEXT NOT NULL,"
           " PRIMARY KEY (user_id, name))",
           "CREATE TABLE food_entries ("
           " id {id},"
           " user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,"
           " foods TEXT NOT NULL,"
           " meal_type TEXT NOT NULL,"
           " eaten_at BIGINT NOT NULL,"
           " notes TEXT NOT NULL)",
           "CREATE INDEX food_entries_by_time ON food_entries (user_id, eaten_at)",
           "CREATE TABLE conversation_messages ("
           " id {id},"
           " user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,"
           " role TEXT NOT NULL,"
           " content TEXT NOT NULL,"
           " sent_at BIGINT NOT NULL)",
           "CREATE INDEX conversation_messages_by_user ON conversation_messages (user_id, id)",
           "CREATE TABLE leases ("
           " name TEXT PRIMARY KEY,"
           " holder TEXT NOT NULL,"
           " expires_at BIGINT NOT NULL)",
       }},
      {2,
       "updates of Telegram bots; leases that are renewed by counting",
       {
           "CREATE TABLE telegram_updates ("
           " bot_id BIGINT NOT NULL,"
           " update_id BIGINT NOT NULL,"
           " chat_id BIGINT NOT NULL,"
           " sender_id BIGINT NOT NULL,"
           " kind TEXT NOT NULL,"
           " content TEXT NOT NULL,"
           " holder TEXT NOT NULL,"
           " taken_at BIGINT NOT NULL,"
           " state TEXT NOT NULL,"
           " answer TEXT NOT NULL,"
           " parts_sent BIGINT NOT NULL,"
           " attempts BIGINT NOT NULL,"
           " PRIMARY KEY (bot_id, update_id))",
           "CREATE INDEX telegram_updates_by_state ON telegram_updates (state, taken_at)",
           "ALTER TABLE leases ADD COLUMN renewals BIGINT NOT NULL DEFAULT 0",
       }},
      {3,
       "what takes back the last turn of a conversation",
       {
           "CREATE TABLE food_undo ("
           " user_id TEXT PRIMARY KEY REFERENCES users (user_id) ON DELETE CASCADE,"
           " changes TEXT NOT NULL)",
       }},
      {4,
       "answers that are kept for clients that ask again",
       {
           "CREATE TABLE kept_answers ("
           " id {id},"
           " user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,"
           " route TEXT NOT NULL,"
           " holder TEXT NOT NULL,"
           " retry_key TEXT NOT NULL,"
           " request TEXT NOT NULL,"
           " status BIGINT NOT NULL,"
           " kept_at BIGINT NOT NULL,"
           " body TEXT NOT NULL,"
           " UNIQUE (user_id, route, holder, retry_key))",
           "CREATE INDEX kept_answers_by_user ON kept_answers (user_id, id)",
           "CREATE INDEX kept_answers_by_time ON kept_answers (kept_at)",
       }},
      {5,
       "when and in which topic a Telegram message was written; what takes back a message's turn",
       {
           "ALTER TABLE telegram_updates ADD COLUMN said_at BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE telegram_updates ADD COLUMN message_id BIGINT NOT NULL DEFAULT 0",
           "ALTER TABLE telegram_updates ADD COLUMN thread_id BIGINT NOT NULL DEFAULT 0",
           "CREATE INDEX telegram_updates_by_message ON telegram_updates (bot_id, chat_id,"
           " message_id)",
           "CREATE TABLE turn_undo ("
           " user_id TEXT NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,"
           " source TEXT NOT NULL,"
           " digest TEXT NOT NULL,"
           " changes TEXT NOT NULL,"
           " kept_at BIGINT NOT NULL,"
           " PRIMARY KEY (user_id, source))",
           "CREATE INDEX turn_undo_by_time ON turn_undo (kept_at)",
       }},
  };
  return steps;
}

int migrate(Pool& pool, std::span<const Migration> steps) {
  const Pool::Lease lease = pool.checkout();
  Connection& connection = lease.connection();
  soci::session& session = connection.session();
  const int known = steps.empty() ? 0 : steps.back().version;
  std::string doing = "the table of migrations";
  try {
    {
      ExclusiveTransaction transaction{connection};
      session << "CREATE TABLE IF NOT EXISTS schema_migrations ("
                 " version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";
      transaction.commit();
    }
    refuse_newer(current_version(session), known);
    int taken = 0;
    for (const Migration& step : steps) {
      doing = "migration " + std::to_string(step.version) + " (" + std::string(step.name) + ")";
      if (step.version <= current_version(session)) continue;
      ExclusiveTransaction transaction{connection};
      if (step.version <= current_version(session)) continue;  // another process was faster
      take_step(connection, step);
      transaction.commit();
      ++taken;
    }
    refuse_newer(current_version(session), known);
    return taken;
  } catch (const soci::soci_error& error) {
    const Backend& backend = connection.backend();
    throw DatabaseError(backend.kind_of(error), doing + " failed: " + backend.message_of(error));
  }
}

}  // namespace health_agent::db
