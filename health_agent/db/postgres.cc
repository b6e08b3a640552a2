#include "health_agent/db/postgres.h"

#include <poll.h>
#include <soci/postgresql/soci-postgresql.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "health_agent/db/outage.h"
#include "health_agent/db/overdue.h"

namespace health_agent::db {
namespace {

using Kind = DatabaseError::Kind;
using std::chrono::milliseconds;

constexpr milliseconds kOutagePause{250};
constexpr milliseconds kGrace{2'000};
constexpr int kConnectAttempts = 5;
/// Below the 2 s after which a server that says nothing is given up.
constexpr milliseconds kTryAgainWithin{1'500};
/// Above it: all attempts are made, which takes 10 s where nobody answers.
constexpr milliseconds kTryAgainAtStart{15'000};
/// The key of the advisory lock that migrations are taken under; any number, as long as it stays.
constexpr const char* kMigrationLock = "7306085714812391";

PGconn* connection_of(soci::session& session) noexcept {
  return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
}

/// Five characters; empty where the failure is libpq's own and not the server's.
std::string sqlstate_of(const soci::soci_error& error) {
  const auto* postgres = dynamic_cast<const soci::postgresql_soci_error*>(&error);
  if (postgres == nullptr) return {};
  std::string state = postgres->sqlstate();
  return state.find(' ') == std::string::npos ? state : std::string{};
}

bool is_one_of(std::string_view state, std::initializer_list<std::string_view> prefixes) noexcept {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return state.starts_with(prefix); });
}

/// Sources: PgBouncer ("unsupported startup parameter: options", "… in options: lock_timeout"),
/// Supavisor the same; Amazon RDS Proxy ("Feature not supported: RDS Proxy currently doesn't support
/// command-line options", "… the option default_transaction_read_only").
bool is_refusal_of_options(std::string_view message) noexcept {
  constexpr std::array<std::string_view, 3> kWords{"startup parameter", "command-line option",
                                                   "Feature not supported"};
  return std::any_of(kWords.begin(), kWords.end(), [message](std::string_view words) {
    return message.find(words) != std::string_view::npos;
  });
}

std::string setting(const char* name, milliseconds value) {
  return std::string(" -c ") + name + "=" + std::to_string(value.count());
}

/// The server's settings of a session. What the URL says in its own `options` comes last, and wins.
void add_options(PostgresAddress& address, const PostgresTimeouts& timeouts) {
  std::string options =
      setting("statement_timeout", timeouts.statement) + setting("lock_timeout", timeouts.lock) +
      setting("idle_in_transaction_session_timeout", timeouts.idle_in_transaction);
  options.erase(0, 1);
  const auto given = std::find_if(address.parameters.begin(), address.parameters.end(),
                                  [](const auto& pair) { return pair.first == "options"; });
  if (given == address.parameters.end()) {
    address.parameters.emplace_back("options", options);
  } else {
    given->second = options + " " + given->second;
  }
}

std::string url_for(PostgresAddress address, const PostgresTimeouts& timeouts, bool with_options) {
  if (with_options) add_options(address, timeouts);
  return connection_url(address,
                        {{"application_name", "health-agent"},
                         {"client_encoding", "UTF8"},
                         {"connect_timeout", std::to_string(timeouts.connect.count())},
                         {"keepalives", "1"},
                         {"keepalives_idle", "10"},
                         {"keepalives_interval", "5"},
                         {"keepalives_count", "3"},
                         {"tcp_user_timeout", std::to_string(timeouts.unacknowledged.count())}});
}

/// libpq's text on one line, without what SOCI puts in front and without the severity.
std::string one_line(std::string text) {
  for (const std::string_view front :
       {"Cannot establish connection to the database.", "Cannot execute query.",
        "Cannot prepare statement.", "Cannot begin transaction.", "Cannot commit transaction.",
        "Cannot rollback transaction.", " Fatal error.", " Connection failed."}) {
    if (text.starts_with(front)) text.erase(0, front.size());
  }
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::size_t begin = text.find_first_not_of(' ');
  const std::size_t end = text.find_last_not_of(' ');
  if (begin == std::string::npos) return "the connection was lost";
  return text.substr(begin, end - begin + 1);
}

void ignore_notice(void*, const char*) {}

class Postgres final : public Backend {
 public:
  Postgres(const PostgresAddress& address, const PostgresTimeouts& timeouts)
      : name_(shown(address)),
        url_(url_for(address, timeouts, true)),
        plain_url_(url_for(address, timeouts, false)),
        overdue_(timeouts.statement + kGrace) {}

  std::unique_ptr<soci::session> open(Patience patience) override {
    return outage_.attempt(
        [&] { return outage_.lasts() ? connect() : connect_patiently(patience); });
  }

  // A server that ends a session says so and closes the connection, which shows as something to
  // read while nothing was asked.
  bool alive(soci::session& session) noexcept override {
    PGconn* const connection = connection_of(session);
    if (PQstatus(connection) != CONNECTION_OK) return false;
    pollfd readable{PQsocket(connection), POLLIN, 0};
    while (::poll(&readable, 1, 0) > 0) {
      if (PQconsumeInput(connection) == 0) return false;
      (void)PQisBusy(connection);  // takes what came, such as a changed setting, out of the buffer
      if (PQstatus(connection) != CONNECTION_OK) return false;
    }
    return true;
  }

  int started(soci::session& session) override {
    return overdue_.begin(PQsocket(connection_of(session)));
  }
  void ended(int statement) noexcept override { overdue_.end(statement); }

  bool away() const noexcept override { return outage_.lasts(); }

  Kind kind_of(const soci::soci_error& error) const noexcept override {
    const std::string state = sqlstate_of(error);
    // 57P0x: shut down, starting up; 53: out of connections, memory, disk; 58, XX: the system;
    // 25006, 42501, 28: it may not, such as a standby that is read only.
    if (state.empty() ||
        is_one_of(state, {"08", "57P", "53", "58", "XX", "F0", "25006", "42501", "28"})) {
      return Kind::kUnavailable;
    }
    // Cancelled by statement_timeout, lock_timeout, deadlock, serialization, idle in transaction.
    if (is_one_of(state, {"57014", "55P03", "40", "25P03"})) return Kind::kTimeout;
    if (state.starts_with("23")) return Kind::kConstraint;
    return Kind::kOther;
  }

  Failure failure_of(const soci::soci_error& error,
                     soci::session& session) const noexcept override {
    if (PQstatus(connection_of(session)) != CONNECTION_OK) return Failure::kConnection;
    const std::string state = sqlstate_of(error);
    if (is_one_of(state, {"40001", "40P01"})) return Failure::kRolledBack;
    if (state == "53100") return Failure::kReadOnly;  // its disk is full
    // A changed schema under a prepared statement, a statement that is not there (a pooler
    // between), a server that became a standby: all is well again on a new connection.
    if (state.empty() || is_one_of(state, {"0A000", "26000", "25006", "57P"}))
      return Failure::kConnection;
    return Failure::kStatement;
  }

  std::string message_of(const soci::soci_error& error) const override {
    const std::string state = sqlstate_of(error);
    return one_line(error.get_error_message()) + (state.empty() ? "" : " (" + state + ")");
  }

  bool transaction_failed(soci::session& session) const noexcept override {
    return PQtransactionStatus(connection_of(session)) == PQTRANS_INERROR;
  }

  const std::string& name() const noexcept override { return name_; }
  std::string_view system() const noexcept override { return "postgresql"; }
  bool one_writer() const noexcept override { return false; }
  std::string_view id_column() const noexcept override {
    return "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY";
  }
  const char* begin_exclusive() const noexcept override { return "BEGIN"; }
  bool comments_traces() const noexcept override { return true; }

  // Another replica's migrations may take longer than a request may.
  void wait_for_migrations(soci::session& session) const override {
    session << "SET LOCAL statement_timeout = '10min'";
    session << "SET LOCAL lock_timeout = '2min'";
    session << std::string("SELECT pg_advisory_xact_lock(") + kMigrationLock + ")";
  }

  bool pooled() const noexcept override { return pooled_.load(std::memory_order_relaxed); }

 private:
  [[noreturn]] void cannot_open(const std::string& cause) const {
    throw DatabaseError(Kind::kUnavailable, "cannot open the database " + name_ + ": " + cause);
  }

  // A server that is there may end a session while it is being made; one that is away refuses all
  // tries within a moment, or says nothing until the time is up.
  std::unique_ptr<soci::session> connect_patiently(Patience patience) {
    const milliseconds within = patience == Patience::kStart ? kTryAgainAtStart : kTryAgainWithin;
    const auto start = std::chrono::steady_clock::now();
    for (int attempt = 1; attempt < kConnectAttempts; ++attempt) {
      try {
        return connect();
      } catch (const DatabaseError&) {
        if (std::chrono::steady_clock::now() - start > within) throw;
      }
    }
    return connect();
  }

  // Poolers refuse what they do not know of a start packet, the options among it, each in its own
  // words. Without them the server's own time-outs hold, and ours on this side (Overdue).
  std::unique_ptr<soci::session> new_session() {
    if (!refuses_options_.load(std::memory_order_relaxed)) {
      try {
        return std::make_unique<soci::session>(soci::postgresql, url_);
      } catch (const soci::soci_error& error) {
        if (!is_refusal_of_options(error.get_error_message())) throw;
        refuses_options_.store(true, std::memory_order_relaxed);
      }
    }
    return std::make_unique<soci::session>(soci::postgresql, plain_url_);
  }

  // A pooler gives its clients process ids of its own making. Source: PostgreSQL, "Message Formats",
  // BackendKeyData.
  void look_for_a_pooler(soci::session& session) {
    int backend = 0;
    session << "SELECT pg_backend_pid()", soci::into(backend);
    pooled_.store(backend != PQbackendPID(connection_of(session)), std::memory_order_relaxed);
  }

  std::unique_ptr<soci::session> connect() {
    try {
      auto session = new_session();
      PGconn* const connection = connection_of(*session);
      PQsetNoticeProcessor(connection, ignore_notice, nullptr);  // else it writes to stderr
      PQsetErrorVerbosity(connection, PQERRORS_TERSE);  // DETAIL holds the values of the row
      const char* encoding = PQparameterStatus(connection, "server_encoding");
      if (encoding == nullptr || std::string_view(encoding) != "UTF8") {
        cannot_open(std::string("its encoding is ") + (encoding == nullptr ? "unknown" : encoding) +
                    ", and UTF8 is needed");
      }
      look_for_a_pooler(*session);
      return session;
    } catch (const soci::soci_error& error) {
      cannot_open(one_line(error.get_error_message()));
    }
  }

  const std::string name_;
  const std::string url_;
  const std::string plain_url_;  // without options
  std::atomic<bool> refuses_options_{false};
  std::atomic<bool> pooled_{false};
  Outage outage_{kOutagePause};
  Overdue overdue_;
};

}  // namespace

std::unique_ptr<Backend> make_postgres(const PostgresAddress& address,
                                       const PostgresTimeouts& timeouts) {
  return std::make_unique<Postgres>(address, timeouts);
}

}  // namespace health_agent::db
