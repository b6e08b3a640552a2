#include "health_agent/db/connection.h"

#include <algorithm>

#include "health_agent/db/sqlite.h"

namespace health_agent::db {
namespace {

using Kind = DatabaseError::Kind;

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

Kind kind_of_sqlite(int result) noexcept {
  switch (result & 0xff) {  // the upper bits only say more of the same
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
      return Kind::kTimeout;
    case SQLITE_CONSTRAINT:
      return Kind::kConstraint;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_AUTH:
    case SQLITE_NOTADB:
      return Kind::kUnavailable;
    default:
      return Kind::kOther;
  }
}

}  // namespace

Kind kind_of(const soci::soci_error& error) noexcept {
  if (const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
    return kind_of_sqlite(sqlite->result());
  }
  switch (error.get_error_category()) {
    case soci::soci_error::connection_error:
    case soci::soci_error::no_privilege:
    case soci::soci_error::system_error:
      return Kind::kUnavailable;
    case soci::soci_error::constraint_violation:
      return Kind::kConstraint;
    default:
      return Kind::kOther;
  }
}

std::string message_of(const soci::soci_error& error) {
  std::string message = error.get_error_message();
  const std::string_view place = "sqlite3_statement_backend::";
  if (message.starts_with(place)) message.erase(0, message.find(' ') + 1);
  return message;
}

std::string_view word(Kind kind) noexcept {
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

DatabaseError translated(const soci::soci_error& error, QueryType type, std::string_view table) {
  const Kind kind = kind_of(error);
  std::string message{verb(type)};
  message.append(" on ").append(table).append(" failed (").append(word(kind)).append("): ");
  return {kind, message + message_of(error)};
}

void Connection::open() {
  session_ = open_sqlite(path_, lock_timeout_);
  broken_ = false;
}

void Connection::reopen() {
  prepared_.clear();
  session_.reset();
  open();
}

void Connection::forget(const void* key) noexcept {
  std::erase_if(prepared_, [&](const auto& entry) { return entry.first == key; });
}

Connection::WriteTurn::WriteTurn(Connection& connection, QueryType type) {
  if (type == QueryType::kSelect || connection.has_turn_) return;
  if (!connection.write_turn_->enter(connection.lock_timeout_)) {
    throw DatabaseError(Kind::kTimeout,
                        "other writers kept the database " + connection.path_ + " busy for " +
                            std::to_string(connection.lock_timeout_.count()) + " ms");
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
  connection.tracked(QueryType::kOther, table, [&] {
    turn_.emplace(connection, QueryType::kOther);
    connection.session().begin();
  });
  open_ = true;
}

Transaction::~Transaction() {
  if (!open_) return;
  try {
    connection_->session().rollback();
  } catch (...) {
    connection_->broken_ = true;  // in an unknown state; the next one to get it opens it anew
  }
}

void Transaction::commit() {
  connection_->tracked(QueryType::kOther, table_, [&] { connection_->session().commit(); });
  open_ = false;
}

Pool::Lease checkout_for(Pool& pool, QueryType type, std::string_view table) {
  try {
    return pool.checkout();
  } catch (const DatabaseError& error) {
    QueryScope scope{type, table};
    scope.fail(word(error.kind()));
    throw;
  }
}

}  // namespace health_agent::db
