#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "health_agent/db/pool.h"
#include "health_agent/db/soci_session.h"
#include "health_agent/db/turnstile.h"
#include "health_agent/errors.h"
#include "health_agent/faults.h"
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
[[nodiscard]] DatabaseError::Kind kind_of(const soci::soci_error& error) noexcept;

/// The database's own words. Without SOCI's context, which holds the statement's parameters: ids
/// and messages of users have no place in a log.
[[nodiscard]] std::string message_of(const soci::soci_error& error);

[[nodiscard]] std::string_view word(DatabaseError::Kind kind) noexcept;
[[nodiscard]] DatabaseError translated(const soci::soci_error& error, QueryType type,
                                       std::string_view table);

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
  Prepared(soci::session& session, const char* sql) : statement_(session) {
    std::apply([&](auto&... to) { (statement_.exchange(soci::into(to)), ...); }, out_);
    std::apply([&](const auto&... from) { (statement_.exchange(soci::use(from)), ...); }, in_);
    statement_.alloc();
    statement_.prepare(sql);
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
  static constexpr std::size_t kKept = 64 * 1024;

  std::tuple<Out...> out_;
  std::tuple<In...> in_;
  soci::statement statement_;
};

/// One connection: a session, and the statements that were prepared on it. Threads: one at a time.
class Connection {
 public:
  Connection(std::string path, std::chrono::milliseconds lock_timeout, Turnstile& write_turn)
      : path_(std::move(path)), lock_timeout_(lock_timeout), write_turn_(&write_turn) {
    open();
  }

  /// Runs `query`, monitored, and calls `on_row` with the columns of each row. Returns how many
  /// rows it changed. Throws DatabaseError, and what `on_row` throws.
  template <class... Out, class... In, class OnRow, class... Args>
  requires(sizeof...(In) == sizeof...(Args)) && std::invocable<OnRow, const Out&...> Integer
      run(const Query<Columns<Out...>, Params<In...>>& query, OnRow&& on_row, const Args&... args) {
    return tracked(query.type, query.table, [&] {
      const WriteTurn turn{*this, query.type};
      auto& prepared = static_cast<Prepared<Columns<Out...>, Params<In...>>&>(
          statement(&query, [&]() -> std::unique_ptr<PreparedBase> {
            return std::make_unique<Prepared<Columns<Out...>, Params<In...>>>(*session_, query.sql);
          }));
      try {
        return prepared.run(on_row, args...);
      } catch (...) {
        forget(&query);  // its rows were not read to the end, or SOCI has finalised it
        throw;
      }
    });
  }

  /// For statements without rows.
  template <class... In, class... Args>
  requires(sizeof...(In) == sizeof...(Args)) Integer
      run(const Query<Columns<>, Params<In...>>& query, const Args&... args) {
    return run(
        query, [] {}, args...);
  }

  /// Runs `statement` in a QueryScope and behind the fault hook, and turns SOCI's errors to ours.
  template <class F>
  auto tracked(QueryType type, std::string_view table, F&& statement) {
    QueryScope scope{type, table};
    try {
      faults::maybe_fail(faults::Fault::kDb);
      if constexpr (std::is_void_v<decltype(statement())>) {
        statement();
        scope.succeed();
      } else {
        auto result = statement();
        scope.succeed();
        return result;
      }
    } catch (const soci::soci_error& error) {
      DatabaseError ours = translated(error, type, table);
      if (ours.kind() == DatabaseError::Kind::kUnavailable) broken_ = true;
      scope.fail(word(ours.kind()));
      throw ours;
    } catch (const DatabaseError& error) {
      scope.fail(word(error.kind()));
      throw;
    }
  }

  /// SOCI itself, for the migrations.
  [[nodiscard]] soci::session& session() noexcept { return *session_; }

  /// Whether it has to be opened again before it is of use.
  [[nodiscard]] bool broken() const noexcept { return broken_; }
  void reopen();

 private:
  friend class Transaction;

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

  void open();
  void forget(const void* key) noexcept;

  std::string path_;
  std::chrono::milliseconds lock_timeout_;
  Turnstile* write_turn_;
  bool has_turn_ = false;
  bool broken_ = false;
  std::unique_ptr<soci::session> session_;
  // After session_, so that its statements end before it does.
  std::vector<std::pair<const void*, std::unique_ptr<PreparedBase>>> prepared_;
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
  Connection* connection_;
  std::string_view table_;
  std::optional<Connection::WriteTurn> turn_;
  bool open_ = false;
};

/// Pool::checkout, with a failure counted on the query that it was for.
[[nodiscard]] Pool::Lease checkout_for(Pool& pool, QueryType type, std::string_view table);

}  // namespace health_agent::db
