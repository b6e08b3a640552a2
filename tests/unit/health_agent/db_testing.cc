#include "tests/unit/health_agent/db_testing.h"

#include <sqlite3.h>

#include <cstdlib>

namespace health_agent::db {

struct OtherProgram::Impl {
  sqlite3* database = nullptr;
};

OtherProgram::OtherProgram(const std::string& path) : impl_(std::make_unique<Impl>()) {
  if (sqlite3_open(path.c_str(), &impl_->database) != SQLITE_OK) {
    throw std::runtime_error("cannot open " + path);
  }
  sqlite3_busy_timeout(impl_->database, 5000);
}

OtherProgram::~OtherProgram() {
  sqlite3_close(impl_->database);
}

long long OtherProgram::number(const std::string& sql) {
  long long value = 0;
  const auto take = [](void* to, int, char** columns, char**) {
    *static_cast<long long*>(to) = columns[0] != nullptr ? std::atoll(columns[0]) : 0;
    return 0;
  };
  if (sqlite3_exec(impl_->database, sql.c_str(), take, &value, nullptr) != SQLITE_OK) {
    throw std::runtime_error(sqlite3_errmsg(impl_->database));
  }
  return value;
}

}  // namespace health_agent::db
