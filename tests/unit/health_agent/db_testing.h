#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "health_agent/db/migrations.h"
#include "health_agent/db/pool.h"
#include "health_agent/db/store.h"
#include "health_agent/errors.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/state.h"

namespace health_agent::db {

/// A folder that is there for one test.
class TempFolder {
 public:
  TempFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "health_agent_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// A connection beside the pool, as another program would have it. Errors: std::runtime_error.
class OtherProgram {
 public:
  explicit OtherProgram(const std::string& path);
  ~OtherProgram();
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;

  void run(const std::string& sql) { (void)number(sql); }

  /// The first column of the last row.
  long long number(const std::string& sql);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A migrated database with a Store on it.
struct Database {
  explicit Database(PoolOptions options = {.url = {}, .size = 4})
      : pool([&] {
          options.url = "sqlite:" + path;
          return options;
        }()) {
    migrate(pool);
  }

  TempFolder folder;
  std::string path = folder.file("test.db");
  Pool pool;
  Store store{pool};
};

inline void in_threads(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back(work, i);
  for (std::thread& thread : threads)
    thread.join();
}

/// The DatabaseError that `work` throws; fails the test when it throws none.
template <class F>
DatabaseError database_error_of(F&& work) {
  try {
    work();
  } catch (const DatabaseError& error) {
    return error;
  }
  ADD_FAILURE() << "no DatabaseError was thrown";
  return {DatabaseError::Kind::kOther, "none"};
}

/// The registry of the scopes' metrics, on from the first call.
inline vitals::metrics::Registry& monitored() {
  static const auto metrics = vitals::monitor::enable_metrics(vitals::metrics::default_registry());
  return vitals::metrics::default_registry();
}

}  // namespace health_agent::db
