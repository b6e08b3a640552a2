#include "health_agent/db/pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <new>
#include <stdexcept>
#include <thread>

#include "health_agent/db/connection.h"
#include "tests/unit/health_agent/db_testing.h"
#include "vitals/testing/snapshot.h"

namespace health_agent::db {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using Kind = DatabaseError::Kind;

PoolOptions options_for(const std::string& path, int size = 2) {
  return {.url = "sqlite:" + path,
          .size = size,
          .checkout_timeout = milliseconds{50},
          .lock_timeout = milliseconds{50}};
}

TEST(DatabaseUrl, TakesAnSqlitePath) {
  EXPECT_EQ(parse_database_url("sqlite:data/health_agent.db")->path, "data/health_agent.db");
  EXPECT_EQ(parse_database_url("sqlite:/var/lib/a b=c.db")->path, "/var/lib/a b=c.db");
}

TEST(DatabaseUrl, SaysWhatIsWrongAndWhatIsAccepted) {
  for (const char* bad : {"", "sqlite:", "data.db", "mysql://h/db",
                          "sqlite::memory:", "sqlite:file::memory:?cache=shared", "sqlite:a\"b"}) {
    const auto parsed = parse_database_url(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_THAT(parsed.error().message, HasSubstr("sqlite:PATH")) << bad;
  }
  EXPECT_THAT(parse_database_url("sqlite::memory:").error().message, HasSubstr("in memory"));
}

TEST(DatabaseUrl, NeverEchoesAPassword) {
  EXPECT_THAT(parse_database_url("postgresql://u:hunter2@h:port/db").error().message,
              AllOf(HasSubstr("port"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(parse_database_url("mysql://u:hunter2@h/db").error().message,
              Not(HasSubstr("hunter2")));
}

TEST(Pool, MakesTheDatabaseAndItsFolders) {
  const TempFolder folder;
  const std::string path = folder.file("a/b c/d=e.db");
  Pool pool{options_for(path)};
  EXPECT_TRUE(fs::exists(path));
  EXPECT_EQ(OtherProgram(path).number("SELECT COUNT(*) FROM pragma_journal_mode WHERE "
                                      "journal_mode = 'wal'"),
            1);
}

TEST(Pool, SetsUpEveryConnection) {
  const TempFolder folder;
  Pool pool{options_for(folder.file("x.db"))};
  const Pool::Lease first = pool.checkout();
  const Pool::Lease second = pool.checkout();
  for (const Pool::Lease* lease : {&first, &second}) {
    soci::session& session = lease->connection().session();
    int keys = 0;
    int synchronous = 0;
    int busy = 0;
    session << "PRAGMA foreign_keys", soci::into(keys);
    session << "PRAGMA synchronous", soci::into(synchronous);
    session << "PRAGMA busy_timeout", soci::into(busy);
    EXPECT_EQ(keys, 1);
    EXPECT_EQ(synchronous, 1);  // NORMAL
    EXPECT_EQ(busy, 50);
  }
}

TEST(Pool, RefusesASizeThatCannotWork) {
  const TempFolder folder;
  EXPECT_THROW((Pool{options_for(folder.file("x.db"), 0)}), ConfigurationError);
  EXPECT_THROW((Pool{{.url = "sqlite::memory:"}}), ConfigurationError);
}

TEST(Pool, NamesPathAndCauseWhenThePathIsAFolder) {
  const TempFolder folder;
  const DatabaseError error =
      database_error_of([&] { Pool pool{options_for(folder.path().string())}; });
  EXPECT_EQ(error.kind(), Kind::kUnavailable);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(folder.path().string()), HasSubstr("is a directory")));
}

TEST(Pool, NamesPathAndCauseWhenTheFileIsNoDatabase) {
  const TempFolder folder;
  const std::string path = folder.file("notes.txt");
  std::ofstream(path) << std::string(5000, 'x');
  const DatabaseError error = database_error_of([&] { Pool pool{options_for(path)}; });
  EXPECT_EQ(error.kind(), Kind::kUnavailable);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(path), HasSubstr("not a database")));
}

TEST(Pool, NamesPathAndCauseWhenTheFolderCannotBeMade) {
  const TempFolder folder;
  std::ofstream(folder.file("file")) << "x";
  const std::string path = folder.file("file/sub/x.db");
  const DatabaseError error = database_error_of([&] { Pool pool{options_for(path)}; });
  EXPECT_EQ(error.kind(), Kind::kUnavailable);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(path), HasSubstr("Not a directory")));
}

// In a process of its own that is not root, whom no permission stops.
void open_as_nobody(const std::string& path) {
  if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
  try {
    const Pool pool{options_for(path)};
    _exit(3);
  } catch (const DatabaseError& error) {
    std::cerr << error.what() << std::endl;
    _exit(error.kind() == Kind::kUnavailable ? 0 : 4);
  }
}

TEST(PoolDeathTest, NamesPathAndCauseWhenTheFolderIsNotWritable) {
  const TempFolder folder;
  ASSERT_EQ(chmod(folder.path().c_str(), 0555), 0);
  const std::string path = folder.file("x.db");
  EXPECT_EXIT(open_as_nobody(path), testing::ExitedWithCode(0),
              path + ": its folder .* is not writable .Permission denied");
}

TEST(PoolDeathTest, NamesPathAndCauseWhenTheFileIsNotWritable) {
  const TempFolder folder;
  const std::string path = folder.file("x.db");
  { const Pool pool{options_for(path)}; }
  ASSERT_EQ(chmod(folder.path().c_str(), 0777), 0);
  ASSERT_EQ(chmod(path.c_str(), 0444), 0);
  EXPECT_EXIT(open_as_nobody(path), testing::ExitedWithCode(0),
              path + ": the file is not writable .Permission denied");
}

TEST(Pool, CountsWhatIsOnLoan) {
  const TempFolder folder;
  Pool pool{options_for(folder.file("x.db"), 3)};
  EXPECT_EQ(pool.counts().total, 3);
  EXPECT_EQ(pool.counts().available, 3);
  {
    Pool::Lease first = pool.checkout();
    const Pool::Lease second = pool.checkout();
    EXPECT_EQ(pool.counts().available, 1);
    const Pool::Lease moved = std::move(first);
    EXPECT_EQ(pool.counts().available, 1);
  }
  EXPECT_EQ(pool.counts().available, 3);
}

TEST(Pool, LendsTheConnectionThatWasUsedLast) {
  const TempFolder folder;
  Pool pool{options_for(folder.file("x.db"), 3)};
  const Connection* used = nullptr;
  {
    const Pool::Lease first = pool.checkout();
    const Pool::Lease second = pool.checkout();
    used = &first.connection();  // given back after the second
  }
  EXPECT_EQ(&pool.checkout().connection(), used);
}

TEST(Pool, TakesALeaseBackAfterAnException) {
  const TempFolder folder;
  Pool pool{options_for(folder.file("x.db"), 1)};
  for (int i = 0; i < 3; ++i) {
    try {
      const Pool::Lease lease = pool.checkout();
      throw std::runtime_error("in the middle");
    } catch (const std::runtime_error&) {
      EXPECT_EQ(pool.counts().available, 1);
    }
  }
}

TEST(Pool, AnExhaustedPoolIsATimeoutAndNoHang) {
  const TempFolder folder;
  Pool pool{options_for(folder.file("x.db"), 2)};
  const Pool::Lease first = pool.checkout();
  const Pool::Lease second = pool.checkout();
  const auto start = steady_clock::now();
  const DatabaseError error = database_error_of([&] { (void)pool.checkout(); });
  EXPECT_EQ(error.kind(), Kind::kTimeout);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("all 2 connections"), HasSubstr("50 ms")));
  EXPECT_GE(steady_clock::now() - start, milliseconds{50});
  EXPECT_LT(steady_clock::now() - start, milliseconds{5000});
  EXPECT_EQ(pool.counts().available, 0);
}

TEST(Pool, ObservesHowLongACheckoutWaited) {
  const vitals::metrics::Registry& registry = monitored();
  const TempFolder folder;
  Pool pool{options_for(folder.file("x.db"), 1)};
  const vitals::testing::Snapshot before{registry};
  {
    const Pool::Lease lease = pool.checkout();
    EXPECT_THROW((void)pool.checkout(), DatabaseError);
  }
  const vitals::testing::Snapshot after{registry};
  const auto grown = [&](const char* name) { return after.total(name) - before.total(name); };
  EXPECT_EQ(grown("db_connection_pool_wait_seconds_count"), 2);
  EXPECT_GE(grown("db_connection_pool_wait_seconds_sum"), 0.05);
  EXPECT_LT(grown("db_connection_pool_wait_seconds_sum"), 5);
}

TEST(Pool, EveryConnectionHasOneBorrowerWhileManyThreadsAsk) {
  const TempFolder folder;
  PoolOptions options = options_for(folder.file("x.db"), 3);
  options.checkout_timeout = milliseconds{60'000};
  Pool pool{options};
  std::atomic<bool> done{false};
  std::thread scrape{[&] {
    while (!done) {
      const auto counts = pool.counts();
      EXPECT_GE(counts.available, 0);
      EXPECT_LE(counts.available, counts.total);
    }
  }};
  std::atomic<int> on_loan{0};
  std::atomic<int> answers{0};
  in_threads(8, [&](int) {
    for (int round = 0; round < 100; ++round) {
      const Pool::Lease lease = pool.checkout();
      EXPECT_LE(++on_loan, 3);
      int one = 0;
      lease.connection().session() << "SELECT 1", soci::into(one);
      answers += one;
      --on_loan;
    }
  });
  done = true;
  scrape.join();
  EXPECT_EQ(answers, 800);
  EXPECT_EQ(pool.counts().available, 3);
}

/// The pool looks at its file ten times a second, not at each use.
template <class F>
void until_it_throws(F&& work) {
  const auto end = steady_clock::now() + std::chrono::seconds{20};
  while (steady_clock::now() < end)
    work();
}

TEST(Pool, SaysThatTheFileIsGoneAndGoesOnWhenItIsBack) {
  Database database{options_for("")};
  database.store.ping();
  fs::rename(database.path, database.path + ".away");
  const DatabaseError error =
      database_error_of([&] { until_it_throws([&] { database.store.ping(); }); });
  EXPECT_EQ(error.kind(), Kind::kUnavailable);
  EXPECT_THAT(error.what(), AllOf(HasSubstr(database.path), HasSubstr("is gone")));
  EXPECT_EQ(database.pool.counts().available, 2);
  fs::rename(database.path + ".away", database.path);
  EXPECT_NO_THROW(database.store.ping());
}

TEST(Pool, RefusesAFileThatTookThePlaceOfItsOwn) {
  Database database{options_for("")};
  fs::rename(database.path, database.path + ".away");
  std::ofstream(database.path) << "";
  const DatabaseError error =
      database_error_of([&] { until_it_throws([&] { database.store.create_user("lost", 1); }); });
  EXPECT_EQ(error.kind(), Kind::kUnavailable);
  EXPECT_THAT(error.what(), HasSubstr("replaced"));
}

TEST(Pool, OpensABrokenConnectionAnew) {
  Database database{options_for("", 1)};
  {
    const Pool::Lease lease = database.pool.checkout();
    EXPECT_THROW(lease.connection().tracked(
                     QueryType::kOther, "users",
                     [] { throw soci::sqlite3_soci_error("disk I/O error", SQLITE_IOERR); }),
                 DatabaseError);
    EXPECT_TRUE(lease.connection().broken());
  }
  EXPECT_TRUE(database.store.create_user("alice", 1));
  EXPECT_FALSE(database.pool.checkout().connection().broken());
}

TEST(Pool, AConnectionThatLackedMemoryIsAsGoodAsBefore) {
  Database database{options_for("", 1)};
  database.store.create_user("alice", 1);
  for (const int result : {SQLITE_NOMEM, SQLITE_IOERR_NOMEM}) {
    const Pool::Lease lease = database.pool.checkout();
    EXPECT_THROW(lease.connection().tracked(
                     QueryType::kInsert, "users",
                     [&] { throw soci::sqlite3_soci_error("out of memory", result); }),
                 std::bad_alloc);
    EXPECT_FALSE(lease.connection().broken());
  }
  sqlite_api::sqlite3_hard_heap_limit64(1);
  const std::string value = '"' + std::string(100'000, 'x') + '"';
  EXPECT_THROW(database.store.set_profile_field("alice", "diet", value), std::bad_alloc);
  sqlite_api::sqlite3_hard_heap_limit64(0);
  database.store.set_profile_field("alice", "diet", value);
  EXPECT_FALSE(database.pool.writing_fails());
}

TEST(Pool, ComesBackByItselfAfterAConnectionCouldNotBeOpenedAnew) {
  Database database{options_for("", 1)};
  {
    const Pool::Lease lease = database.pool.checkout();
    EXPECT_THROW(lease.connection().tracked(
                     QueryType::kOther, "users",
                     [] { throw soci::sqlite3_soci_error("disk I/O error", SQLITE_IOERR); }),
                 DatabaseError);
    OtherProgram other{database.path};
    other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    fs::rename(database.path, database.path + ".away");
    fs::create_directory(database.path);
  }
  EXPECT_EQ(database_error_of([&] { (void)database.pool.checkout(); }).kind(), Kind::kUnavailable);
  EXPECT_EQ(database.pool.counts().available, 1);
  fs::remove(database.path);
  fs::rename(database.path + ".away", database.path);
  EXPECT_TRUE(database.store.create_user("alice", 1));
}

}  // namespace
}  // namespace health_agent::db
