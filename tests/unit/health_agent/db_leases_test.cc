#include "health_agent/db/leases.h"

#include <gmock/gmock.h>

#include <atomic>
#include <memory>
#include <vector>

#include "tests/unit/health_agent/db_testing.h"

namespace health_agent::db {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kTtl = 10s;
const std::string kName = "poller";

/// A replica with a clock of its own, which the test moves on.
struct Replica {
  Replica(Pool& pool, const std::string& holder)
      : leases(pool, holder, kTtl, [this] { return now; }) {}

  Leases::Clock::time_point now{std::hash<const void*>{}(this) % 1'000'000 * 1s};
  Leases leases;
};

TEST(Leases, OneHoldsAndTheOtherWaits) {
  Database database;
  Replica a{database.pool, "a"};
  Replica b{database.pool, "b"};
  EXPECT_FALSE(a.leases.holds(kName));
  EXPECT_TRUE(a.leases.hold(kName));
  EXPECT_TRUE(a.leases.holds(kName));
  EXPECT_FALSE(b.leases.hold(kName));
  EXPECT_FALSE(b.leases.holds(kName));
  EXPECT_TRUE(b.leases.hold("another"));
}

TEST(Leases, WhoRenewsKeepsItHoweverLong) {
  Database database;
  Replica a{database.pool, "a"};
  Replica b{database.pool, "b"};
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(a.leases.hold(kName));
    EXPECT_FALSE(b.leases.hold(kName));
    a.now += 4s;
    b.now += 4s;
  }
}

TEST(Leases, TheDeadHoldersLeaseIsTakenAfterItsTimeAndNoEarlier) {
  Database database;
  Replica a{database.pool, "a"};
  Replica b{database.pool, "b"};
  ASSERT_TRUE(a.leases.hold(kName));
  EXPECT_FALSE(b.leases.hold(kName));
  b.now += kTtl - 1ms;
  EXPECT_FALSE(b.leases.hold(kName));
  b.now += 1ms;
  EXPECT_TRUE(b.leases.hold(kName));
  EXPECT_FALSE(a.leases.hold(kName)) << "it was away, and is back";
  EXPECT_FALSE(a.leases.holds(kName));
}

TEST(Leases, TheHolderKnowsOfItsLossBeforeAnybodyCanTakeIt) {
  Database database;
  Replica a{database.pool, "a"};
  Replica b{database.pool, "b"};
  ASSERT_TRUE(a.leases.hold(kName));
  EXPECT_FALSE(b.leases.hold(kName));
  a.now += kTtl * 3 / 4;
  b.now += kTtl * 3 / 4;
  EXPECT_FALSE(a.leases.holds(kName)) << "it does not ask the database for that";
  EXPECT_FALSE(b.leases.hold(kName));
  EXPECT_TRUE(a.leases.hold(kName)) << "nobody has taken it";
}

TEST(Leases, ClocksThatAreSetChangeNothing) {
  Database database;
  Replica a{database.pool, "a"};
  Replica b{database.pool, "b"};
  ASSERT_TRUE(a.leases.hold(kName));
  OtherProgram{database.path}.run("UPDATE leases SET expires_at = 0");
  EXPECT_FALSE(b.leases.hold(kName));
  OtherProgram{database.path}.run("UPDATE leases SET expires_at = 9000000000000");
  b.now += kTtl;
  EXPECT_TRUE(b.leases.hold(kName));
}

TEST(Leases, GivenUpIsFreeAtOnce) {
  Database database;
  Replica a{database.pool, "a"};
  Replica b{database.pool, "b"};
  ASSERT_TRUE(a.leases.hold(kName));
  b.leases.release(kName);
  EXPECT_FALSE(b.leases.hold(kName)) << "that was not b's to give up";
  a.leases.release(kName);
  EXPECT_FALSE(a.leases.holds(kName));
  EXPECT_TRUE(b.leases.hold(kName));
}

TEST(Leases, OfManyOneWins) {
  Database database{{.url = {}, .size = 8}};
  Replica dead{database.pool, "dead"};
  for (int round = 0; round < 60; ++round) {
    const std::string name = "round " + std::to_string(round);
    ASSERT_TRUE(round % 2 == 0 || dead.leases.hold(name));  // half of them are taken over
    std::vector<std::unique_ptr<Replica>> replicas;
    for (int i = 0; i < 8; ++i)
      replicas.push_back(std::make_unique<Replica>(database.pool, "replica " + std::to_string(i)));
    std::atomic<int> winners{0};
    const auto all_try = [&](int i) {
      if (replicas[static_cast<std::size_t>(i)]->leases.hold(name)) ++winners;
    };
    in_threads(8, all_try);
    if (round % 2 == 1) {
      EXPECT_EQ(winners, 0);
      for (const auto& replica : replicas)
        replica->now += kTtl;
      in_threads(8, all_try);
    }
    EXPECT_EQ(winners, 1) << name;
  }
}

TEST(Leases, OnlyTheDeadOfAPrefixAreDropped) {
  Database database;
  Replica watcher{database.pool, "watcher"};
  Replica alive{database.pool, "alive"};
  Replica dead{database.pool, "dead"};
  ASSERT_TRUE(watcher.leases.hold("bot:watcher"));
  ASSERT_TRUE(alive.leases.hold("bot:alive"));
  ASSERT_TRUE(dead.leases.hold("bot:dead"));
  ASSERT_TRUE(dead.leases.hold("other:dead"));
  EXPECT_EQ(watcher.leases.drop_dead("bot:"), 0);
  watcher.now += kTtl;
  ASSERT_TRUE(alive.leases.hold("bot:alive"));
  EXPECT_EQ(watcher.leases.drop_dead("bot:"), 1);
  EXPECT_EQ(watcher.leases.drop_dead("bot:"), 0);
  EXPECT_EQ(OtherProgram{database.path}.number("SELECT COUNT(*) FROM leases"), 3);
}

TEST(Leases, ADatabaseThatIsAwayIsAnErrorAndTheLeaseRunsOut) {
  Database database;
  Replica a{database.pool, "a"};
  ASSERT_TRUE(a.leases.hold(kName));
  OtherProgram{database.path}.run("ALTER TABLE leases RENAME TO gone");
  EXPECT_THROW(a.leases.hold(kName), DatabaseError);
  EXPECT_TRUE(a.leases.holds(kName)) << "one failed renewal is not the end";
  a.now += kTtl;
  EXPECT_FALSE(a.leases.holds(kName));
}

}  // namespace
}  // namespace health_agent::db
