#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "health_agent/db/backend.h"
#include "health_agent/db/pool.h"
#include "health_agent/db/soci_session.h"
#include "health_agent/db/turnstile.h"
#include "health_agent/errors.h"
#include "health_agent/faults.h"
#include "vitals/context/span.h"
#include "vitals/monitor/db.h"

namespace health_agent::db {

using vitals::monitor::QueryScope;
using vitals::monitor::QueryType;

/// SOCI's own name for a 64-bit integer.
using Integer = long long;

template <class... T>
struct Columns {};
template <class... T>
struct Params {};

/// One statement of the program with the types of what goes in and what comes out. Parameters are
/// `:names`, each used once, in the order of Params. The text runs on SQLite and PostgreSQL alike.
/// A Query is a constant with static storage: its address is its key among prepared statements.
template <class Out, class In>
struct Query {
  QueryType type;
  std::string_view table;
  const char* sql;
};

/// What went wrong, in the four words that `db_query_errors_total` knows.
[[nodiscard]] std::string_view to_string(DatabaseError::Kind kind) noexcept;

/// `sql` with the trace of `span` in a comment at its end, by which a line of the database's log
/// leads back to the trace. Source: sqlcommenter specification, "Format".
[[nodiscard]] std::string commented(std::string_view sql, const vitals::context::Span& span);

/// A statement that has been prepared, with the variables it is bound to.
class PreparedBase {
 public:
  PreparedBase() = default;
  virtual ~PreparedBase() = default;
  PreparedBase(const PreparedBase&) = delete;
  PreparedBase& operator=(const PreparedBase&) = delete;
};

template <class Out, class In>
class Prepared;

template <class... Out, class... In>
class Prepared<Columns<Out...>, Params<In...>> final : public PreparedBase {
 public:
  using Kept = soci::details::statement_type;

  Prepared(soci::session& session, const std::string& sql, Kept kept) : statement_(session) {
    std::apply([&](auto&... to) { (statement_.exchange(soci::into(to)), ...); }, out_);
    std::apply([&](const auto&... from) { (statement_.exchange(soci::use(from)), ...); }, in_);
    statement_.alloc();
    statement_.prepare(sql, kept);
    statement_.define_and_bind();
  }

  template <class OnRow, class... Args>
  Integer run(OnRow&& on_row, const Args&... args) {
    assign(std::index_sequence_for<In...>{}, args...);
    // Always to the last row: SQLite keeps a statement's locks until then.
    for (bool row = statement_.execute(true); row; row = statement_.fetch()) {
      std::apply(on_row, std::as_const(out_));
    }
    const Integer affected = statement_.get_affected_rows();
    std::apply([](auto&... value) { (shrink(value), ...); }, in_);
    std::apply([](auto&... value) { (shrink(value), ...); }, out_);
    return affected;
  }

 private:
  template <std::size_t... I, class... Args>
  void assign(std::index_sequence<I...>, const Args&... args) {
    ((std::get<I>(in_) = args), ...);
  }

  static void shrink(Integer&) noexcept {}
  static void shrink(std::string& text) noexcept {
    if (text.capacity() > kKept) std::string().swap(text);
  }

  // A long message must not stay in every connection for good.
  static constexpr std::size_t kKept = std::size_t{64} * 1024;

  std::tuple<Out...> out_;
  std::tuple<In...> in_;
  soci::statement statement_;
};

/// One connection: a session, and the statements that were prepared on it. Threads: one at a time.
class Connection {
 public:
  Connection(Backend& backend, std::chrono::milliseconds lock_timeout, Turnstile& write_turn)
      : backend_(&backend), lock_timeout_(lock_timeout), write_turn_(&write_turn) {
    reopen(Backend::Patience::kStart);
  }

  /// Runs `query`, monitored, and calls `on_row` with the columns of each row. Returns how many
  /// rows it changed. Throws DatabaseError, and what `on_row` throws.
  ///
  /// Outside of a transaction it is run again where that is safe: when the database undid it for
  /// the sake of others, and, on a new connection, when the connection was lost before it was sent
  /// or while it only read. A write whose outcome is not known is never run twice. Each run counts.
  template <class... Out, class... In, class OnRow, class... Args>
  requires(sizeof...(In) == sizeof...(Args)) && std::invocable<OnRow, const Out&...> Integer
      run(const Query<Columns<Out...>, Params<In...>>& query, OnRow&& on_row, const Args&... args) {
    for (int attempt = 1;; ++attempt) {
      try {
        return run_once(query, on_row, args...);
      } catch (const DatabaseError&) {
        if (!worth_another(query.type, attempt)) throw;
      }
    }
  }

  /// For statements without rows.
  template <class... In, class... Args>
  requires(sizeof...(In) == sizeof...(Args)) Integer
      run(const Query<Columns<>, Params<In...>>& query, const Args&... args) {
    return run(
        query, [] {}, args...);
  }

  /// Runs `statement` in a QueryScope and behind the fault hook, and turns SOCI's errors to ours, or
  /// to std::bad_alloc.
  /// `statement` is called with the scope's span, or without anything.
  template <class F>
  auto tracked(QueryType type, std::string_view table, F&& statement) {
    QueryScope scope{type, table};
    scope.span().set_data("db.system.name", backend_->system());
    const auto call = [&] {
      const Running running{*backend_, *session_};
      if constexpr (std::is_invocable_v<F, const vitals::context::Span&>) {
        return statement(scope.span());
      } else {
        return statement();
      }
    };
    failure_ = Failure::kStatement;
    try {
      faults::maybe_fail(faults::Fault::kDb);
      if constexpr (std::is_void_v<decltype(call())>) {
        call();
        scope.succeed();
      } else {
        auto result = call();
        scope.succeed();
        return result;
      }
    } catch (const soci::soci_error& error) {
      if (backend_->lacks_memory(error)) {
        scope.fail(to_string(DatabaseError::Kind::kOther));
        throw std::bad_alloc();
      }
      const DatabaseError ours = translated(error, type, table);
      scope.fail(to_string(ours.kind()));
      throw DatabaseError{ours};
    } catch (const DatabaseError& error) {
      scope.fail(to_string(error.kind()));
      throw;
    }
  }

  /// SOCI itself, for the migrations.
  [[nodiscard]] soci::session& session() noexcept { return *session_; }
  [[nodiscard]] Backend& backend() noexcept { return *backend_; }

  /// Whether the database undid the statement that failed last, for the sake of others: the whole
  /// transaction may be tried again.
  [[nodiscard]] bool undone() const noexcept { return failure_ == Failure::kRolledBack; }

  /// Whether it has to be opened again before it is of use.
  [[nodiscard]] bool broken() const noexcept { return broken_; }

  /// Opens it anew where it is broken or the server has ended it. Throws DatabaseError when that
  /// cannot be done; it stays broken then.
  void make_usable();

  /// Ends the session, and with it a transaction that could not be undone; make_usable() opens
  /// another.
  void close() noexcept;

 private:
  friend class Transaction;

  struct Running {
    Running(Backend& of, soci::session& session) : backend(&of), statement(of.started(session)) {}
    ~Running() { backend->ended(statement); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    Backend* backend;
    int statement;
  };

  /// SQLite has one writer at a time. Those of this process wait for each other here, in order,
  /// instead of asking again and again with growing pauses as SQLite does.
  class WriteTurn {
   public:
    WriteTurn(Connection& connection, QueryType type);
    ~WriteTurn();
    WriteTurn(const WriteTurn&) = delete;
    WriteTurn& operator=(const WriteTurn&) = delete;

   private:
    Connection* connection_ = nullptr;
  };

  template <class Make>
  PreparedBase& statement(const void* key, Make&& make) {
    for (const auto& [known, prepared] : prepared_) {
      if (known == key) return *prepared;
    }
    prepared_.emplace_back(key, make());
    return *prepared_.back().second;
  }

  template <class... Out, class... In, class OnRow, class... Args>
  Integer run_once(const Query<Columns<Out...>, Params<In...>>& query, OnRow&& on_row,
                   const Args&... args) {
    using Statement = Prepared<Columns<Out...>, Params<In...>>;
    return tracked(query.type, query.table, [&](const vitals::context::Span& span) {
      const WriteTurn turn{*this, query.type};
      sent_ = false;
      // What is prepared is kept by its text, so a comment that is never the same twice goes with a
      // statement that is not prepared: one round trip all the same, but planned anew.
      if (backend_->pooled() || (span && backend_->comments_traces())) {
        Statement once{*session_, commented(query.sql, span), soci::details::st_one_time_query};
        sent_ = true;
        return once.run(on_row, args...);
      }
      auto& prepared =
          static_cast<Statement&>(statement(&query, [&]() -> std::unique_ptr<PreparedBase> {
            return std::make_unique<Statement>(*session_, query.sql,
                                               soci::details::st_repeatable_query);
          }));
      sent_ = true;
      try {
        const Integer changed = prepared.run(on_row, args...);
        // In a transaction nothing is written before its end.
        if (query.type != QueryType::kSelect && !in_transaction_) backend_->writing_worked();
        return changed;
      } catch (...) {
        forget(&query);  // its rows were not read to the end, or SOCI has finalised it
        throw;
      }
    });
  }

  [[nodiscard]] DatabaseError translated(const soci::soci_error& error, QueryType type,
                                         std::string_view table);
  [[nodiscard]] bool worth_another(QueryType type, int attempt);
  void execute(const char* sql, const vitals::context::Span& span);
  void reopen(Backend::Patience patience);
  void forget(const void* key) noexcept;

  Backend* backend_;
  std::chrono::milliseconds lock_timeout_;
  Turnstile* write_turn_;
  bool has_turn_ = false;
  bool broken_ = false;
  bool in_transaction_ = false;
  bool sent_ = false;  // whether the statement itself, not only its preparation, was given to it
  Failure failure_ = Failure::kStatement;  // of the last statement
  std::unique_ptr<soci::session> session_;
  // After session_, so that its statements end before it does.
  std::vector<std::pair<const void*, std::unique_ptr<PreparedBase>>> prepared_;
  // Those that failed in a transaction: their end is a statement too, which has to wait for the
  // ROLLBACK.
  std::vector<std::unique_ptr<PreparedBase>> forgotten_;
};

/// Statements that take effect together: rolled back unless committed. For writing; `table` is the
/// one that BEGIN and COMMIT are counted on. Threads: the connection's.
class [[nodiscard("without commit() everything is undone")]] Transaction {
 public:
  Transaction(Connection & connection, std::string_view table);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();

 private:
  void begin();

  Connection* connection_;
  std::string_view table_;
  std::optional<Connection::WriteTurn> turn_;
  bool open_ = false;
};

/// Pool::checkout, with a failure counted on the query that it was for.
[[nodiscard]] Pool::Lease checkout_for(
    Pool& pool, QueryType type, std::string_view table,
    std::chrono::milliseconds wait = std::chrono::milliseconds::max());

/// Connection::run on a connection that is given back at once.
template <class Out, class In, class... Rest>
Integer run(Pool& pool, const Query<Out, In>& query, Rest&&... rest) {
  const Pool::Lease lease = checkout_for(pool, query.type, query.table);
  return lease.connection().run(query, std::forward<Rest>(rest)...);
}

}  // namespace health_agent::db
