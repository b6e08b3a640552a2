#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "health_agent/db/soci_session.h"
#include "health_agent/errors.h"

namespace health_agent::db {

/// What a failed statement means for its connection, and for trying again.
enum class Failure {
  kStatement,   ///< it failed; the connection is as good as before
  kReadOnly,    ///< nothing can be written for now; it did nothing, and the connection is good
  kRolledBack,  ///< the database undid it for the sake of others: it surely did nothing
  kConnection,  ///< the connection is of no use any more; what the statement did is not known
};

/// What differs between the databases that the service runs on. One for each pool.
/// Threads: any; a session belongs to one thread at a time.
class Backend {
 public:
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// How long a server that is there may take to let a session in.
  enum class Patience : std::uint8_t {
    kRequest,  ///< a request waits for it
    kStart,    ///< the service starts: beside others that start, everything takes longer
  };
  /// A new session, set up for use. Throws DatabaseError that names the database and the cause.
  [[nodiscard]] virtual std::unique_ptr<soci::session> open(Patience patience) = 0;

  /// Throws DatabaseError when the database is known not to be usable. Asked before every checkout.
  virtual void check() {}

  /// Whether an idle session can be used still. Asked before every use; costs no round trip.
  [[nodiscard]] virtual bool alive(soci::session& /*session*/) noexcept { return true; }

  /// Around each statement, so that one whose server says nothing any more can be ended. The second
  /// takes what the first gives.
  [[nodiscard]] virtual int started(soci::session& /*session*/) { return -1; }
  virtual void ended(int /*statement*/) noexcept {}

  /// Whether the database could not be reached when it was tried last.
  [[nodiscard]] virtual bool away() const noexcept { return false; }

  [[nodiscard]] virtual DatabaseError::Kind kind_of(
      const soci::soci_error& error) const noexcept = 0;
  [[nodiscard]] virtual Failure failure_of(const soci::soci_error& error,
                                           soci::session& session) const noexcept = 0;
  /// Whether it failed for want of this process' memory. Nothing else is wrong then, with the
  /// connection neither.
  [[nodiscard]] virtual bool lacks_memory(const soci::soci_error& /*error*/) const noexcept {
    return false;
  }
  /// The database's own words, without what holds a user's: SOCI's context has the parameters.
  [[nodiscard]] virtual std::string message_of(const soci::soci_error& error) const = 0;

  /// Whether the transaction of `session` has failed and only waits for its ROLLBACK.
  [[nodiscard]] virtual bool transaction_failed(soci::session& /*session*/) const noexcept {
    return false;
  }

  /// Whether a transaction of `session` is open: the database itself ends one at some failures.
  [[nodiscard]] virtual bool in_transaction(soci::session& /*session*/) const noexcept {
    return true;
  }

  /// The database as a message may name it: no user, no password.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;

  /// What kind of database it is, in OpenTelemetry's words: `sqlite`, `postgresql`.
  [[nodiscard]] virtual std::string_view system() const noexcept = 0;

  // SQL that differs.
  [[nodiscard]] virtual bool one_writer() const noexcept = 0;  ///< writers take turns anyway
  [[nodiscard]] virtual std::string_view id_column() const noexcept = 0;  ///< type of `{id}`
  [[nodiscard]] virtual const char* begin_exclusive() const noexcept = 0;

  /// Whether the database has a log in which a statement's trace is of use.
  [[nodiscard]] virtual bool comments_traces() const noexcept { return false; }

  /// Waits until no other program changes the schema; the turn ends with the transaction that is
  /// open.
  virtual void wait_for_migrations(soci::session& /*session*/) const {}

  /// Whether a pooler stands before the server. Each transaction may then be on another of the
  /// server's sessions, so that nothing can be left on one: no setting, no lock, no prepared
  /// statement.
  [[nodiscard]] virtual bool pooled() const noexcept { return false; }

  /// Told once when writing begins to fail while reading goes on, with the cause, and once when it
  /// works again. On any thread. Set it before the first session is opened.
  using TellWriting = std::function<void(bool works, const std::string& cause)>;
  void on_writing(TellWriting tell) { tell_writing_ = std::move(tell); }

  void writing_failed(const std::string& cause) {
    failed_at_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
    if (!writing_fails_.exchange(true) && tell_writing_) tell_writing_(false, cause);
  }
  /// Cost: one load while all is well.
  void writing_worked() {
    if (!writing_fails_.load(std::memory_order_relaxed)) return;
    if (writing_fails_.exchange(false) && tell_writing_) tell_writing_(true, {});
  }
  /// Whether the last write failed so, within the last minute: where nobody has tried since, nobody
  /// knows.
  [[nodiscard]] bool writing_fails() const noexcept {
    const Clock::duration at{failed_at_.load(std::memory_order_relaxed)};
    return writing_fails_.load(std::memory_order_relaxed) &&
           Clock::now().time_since_epoch() - at < std::chrono::minutes{1};
  }

 protected:
  using Clock = std::chrono::steady_clock;

  Backend() = default;

 private:
  TellWriting tell_writing_;
  std::atomic<bool> writing_fails_{false};
  std::atomic<Clock::rep> failed_at_{0};
};

}  // namespace health_agent::db
