#include "health_agent/db/connection.h"

#include <algorithm>
#include <utility>

#include "vitals/context/span.h"

namespace health_agent::db {
namespace {

using Kind = DatabaseError::Kind;

/// Of a statement that is safe to run again.
constexpr int kAttempts = 3;

std::string_view verb(QueryType type) noexcept {
  switch (type) {
    case QueryType::kSelect:
      return "SELECT";
    case QueryType::kInsert:
      return "INSERT";
    case QueryType::kUpdate:
      return "UPDATE";
    case QueryType::kDelete:
      return "DELETE";
    case QueryType::kOther:
      break;
  }
  return "a statement";
}

}  // namespace

std::string_view to_string(Kind kind) noexcept {
  switch (kind) {
    case Kind::kUnavailable:
      return "unavailable";
    case Kind::kTimeout:
      return "timeout";
    case Kind::kConstraint:
      return "constraint";
    case Kind::kOther:
      break;
  }
  return "other";
}

std::string commented(std::string_view sql, const vitals::context::Span& span) {
  std::string text{sql};
  if (!span) return text;
  return text.append(" /*traceparent='").append(span.traceparent()).append("'*/");
}

DatabaseError Connection::translated(const soci::soci_error& error, QueryType type,
                                     std::string_view table) {
  failure_ = backend_->failure_of(error, *session_);
  if (failure_ == Failure::kConnection) broken_ = true;
  const Kind kind = backend_->kind_of(error);
  std::string message{verb(type)};
  message.append(" on ").append(table).append(" failed (").append(to_string(kind)).append("): ");
  message += backend_->message_of(error);
  if (failure_ == Failure::kReadOnly) backend_->writing_failed(message);
  return {kind, message};
}

bool Connection::worth_another(QueryType type, int attempt) {
  if (in_transaction_ || attempt >= kAttempts) return false;
  if (failure_ == Failure::kRolledBack) return true;
  if (failure_ != Failure::kConnection || backend_->one_writer()) return false;
  if (sent_ && type != QueryType::kSelect) return false;
  reopen(Backend::Patience::kRequest);
  return true;
}

void Connection::make_usable() {
  if (broken_ || !backend_->alive(*session_)) reopen(Backend::Patience::kRequest);
}

void Connection::reopen(Backend::Patience patience) {
  close();
  failure_ = Failure::kStatement;
  session_ = backend_->open(patience);
  broken_ = false;
}

void Connection::close() noexcept {
  broken_ = true;
  prepared_.clear();
  forgotten_.clear();
  session_.reset();
}

void Connection::execute(const char* sql, const vitals::context::Span& span) {
  if (span && backend_->comments_traces()) {
    *session_ << commented(sql, span);
  } else {
    *session_ << sql;
  }
}

void Connection::forget(const void* key) noexcept {
  const auto found = std::find_if(prepared_.begin(), prepared_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  if (found == prepared_.end()) return;
  try {
    if (backend_->transaction_failed(*session_)) forgotten_.push_back(std::move(found->second));
  } catch (...) {
    broken_ = true;  // no memory to put it by: the next one to get the connection opens it anew
  }
  prepared_.erase(found);
}

Connection::WriteTurn::WriteTurn(Connection& connection, QueryType type) {
  if (type == QueryType::kSelect || connection.has_turn_) return;
  if (!connection.backend_->one_writer()) return;
  if (!connection.write_turn_->enter(connection.lock_timeout_)) {
    throw DatabaseError(Kind::kTimeout, "other writers kept the database " +
                                            connection.backend_->name() + " busy for " +
                                            std::to_string(connection.lock_timeout_.count()) +
                                            " ms");
  }
  connection.has_turn_ = true;
  connection_ = &connection;
}

Connection::WriteTurn::~WriteTurn() {
  if (connection_ == nullptr) return;
  connection_->has_turn_ = false;
  connection_->write_turn_->leave();
}

Transaction::Transaction(Connection& connection, std::string_view table)
    : connection_(&connection), table_(table) {
  for (int attempt = 1;; ++attempt) {
    try {
      begin();
      break;
    } catch (const DatabaseError&) {
      connection.sent_ = false;  // a transaction that has just begun has done nothing
      if (!connection.worth_another(QueryType::kOther, attempt)) throw;
    }
  }
  open_ = true;
  connection.in_transaction_ = true;
}

void Transaction::begin() {
  connection_->tracked(QueryType::kOther, table_, [&](const vitals::context::Span& span) {
    turn_.emplace(*connection_, QueryType::kOther);
    connection_->execute("BEGIN", span);
  });
}

Transaction::~Transaction() {
  if (!open_) return;
  connection_->in_transaction_ = false;
  try {
    if (!connection_->broken_ && connection_->backend_->in_transaction(connection_->session()))
      connection_->session().rollback();
    connection_->forgotten_.clear();
  } catch (...) {
    connection_->broken_ = true;  // in an unknown state; the next one to get it opens it anew
  }
}

void Transaction::commit() {
  connection_->tracked(QueryType::kOther, table_, [&](const vitals::context::Span& span) {
    connection_->execute("COMMIT", span);
  });
  connection_->backend_->writing_worked();
  open_ = false;
  connection_->in_transaction_ = false;
}

Pool::Lease checkout_for(Pool& pool, QueryType type, std::string_view table,
                         std::chrono::milliseconds wait) {
  try {
    return pool.checkout(wait);
  } catch (const DatabaseError& error) {
    QueryScope scope{type, table};
    scope.fail(to_string(error.kind()));
    throw;
  }
}

}  // namespace health_agent::db
