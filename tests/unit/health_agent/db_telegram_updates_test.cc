#include "health_agent/db/telegram_updates.h"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <optional>

#include "health_agent/db/connection.h"
#include "health_agent/db/leases.h"
#include "tests/unit/health_agent/db_testing.h"

namespace health_agent::db {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kBot = 4711;
constexpr std::int64_t kNow = 1'795'501'416;

TelegramUpdate update(std::int64_t id) {
  return {.update_id = id, .chat_id = 42, .sender_id = 42, .kind = "message", .content = "2 eggs"};
}

struct UpdatesReplica {
  UpdatesReplica(Database& database, const std::string& holder)
      : leases(database.pool, holder, 10s), updates(database.pool, kBot, holder) {}
  Leases leases;
  TelegramUpdates updates;
};

TEST(TelegramUpdates, AreNewOnceAlsoWhereTwoRecordThem) {
  Database database;
  UpdatesReplica a{database, "a"};
  UpdatesReplica b{database, "b"};
  const std::array batch{update(7), update(5)};
  EXPECT_THAT(a.updates.record(batch, kNow), ElementsAre(7, 5));
  EXPECT_THAT(a.updates.record(batch, kNow), IsEmpty());
  const std::array more{update(5), update(8)};
  EXPECT_THAT(b.updates.record(more, kNow), ElementsAre(8));
  TelegramUpdates other_bot{database.pool, kBot + 1, "a"};
  EXPECT_THAT(other_bot.record(batch, kNow), SizeIs(2));
}

TEST(TelegramUpdates, AreRecordedAllOrNone) {
  Database database;
  UpdatesReplica a{database, "a"};
  OtherProgram{database.path}.run(
      "CREATE TRIGGER refuse BEFORE INSERT ON telegram_updates WHEN NEW.update_id = 2"
      " BEGIN SELECT RAISE(ABORT, 'no'); END");
  const std::array batch{update(1), update(2)};
  EXPECT_THROW((void)a.updates.record(batch, kNow), DatabaseError);
  EXPECT_FALSE(a.updates.is_mine(1));
}

TEST(TelegramUpdates, OfTheDeadAreTakenOverByOne) {
  Database database{{.url = {}, .size = 8}};
  UpdatesReplica dead{database, "dead"};
  const std::array batch{update(1), update(2), update(3)};
  ASSERT_THAT(dead.updates.record(batch, kNow), SizeIs(3));
  dead.updates.set_answer(2, "done that");
  dead.updates.set_parts_sent(2, 1);
  dead.updates.finish(3);
  std::atomic<int> taken{0};
  in_threads(6, [&](int i) {
    UpdatesReplica replica{database, "r" + std::to_string(i)};
    ASSERT_TRUE(replica.leases.hold("lease " + std::to_string(i)));
    for (const TelegramUpdate& one : replica.updates.take_over(10)) {
      ++taken;
      EXPECT_TRUE(replica.updates.is_mine(one.update_id));
      EXPECT_EQ(one.attempts, 1);
      EXPECT_EQ(one.answered, one.update_id == 2);
      EXPECT_EQ(one.parts_sent, one.update_id == 2 ? 1 : 0);
      EXPECT_EQ(one.answer, one.update_id == 2 ? "done that" : "");
    }
  });
  EXPECT_EQ(taken, 2) << "what is done stays done";
  EXPECT_FALSE(dead.updates.is_mine(1));
}

TEST(TelegramUpdates, OfTheLivingAreLeftAlone) {
  Database database;
  UpdatesReplica alive{database, "alive"};
  UpdatesReplica other{database, "other"};
  ASSERT_TRUE(alive.leases.hold("a"));
  ASSERT_TRUE(other.leases.hold("b"));
  const std::array batch{update(1)};
  ASSERT_THAT(alive.updates.record(batch, kNow), SizeIs(1));
  EXPECT_THAT(other.updates.take_over(10), IsEmpty());
  alive.leases.release("a");
  EXPECT_THAT(alive.updates.take_over(10), IsEmpty()) << "its own are in its hands already";
  EXPECT_THAT(other.updates.take_over(10), SizeIs(1));
}

TEST(TelegramUpdates, AreTakenOverOldestFirstAndNoMoreThanAsked) {
  Database database;
  UpdatesReplica dead{database, "dead"};
  UpdatesReplica other{database, "other"};
  const std::array batch{update(9), update(3), update(6)};
  ASSERT_THAT(dead.updates.record(batch, kNow), SizeIs(3));
  const auto id = [](std::int64_t value) { return Field(&TelegramUpdate::update_id, value); };
  EXPECT_THAT(other.updates.take_over(2), ElementsAre(id(3), id(6)));
}

TEST(TelegramUpdates, ALostOneUndoesWhatWasCommittedWithIt) {
  Database database;
  UpdatesReplica slow{database, "slow"};
  UpdatesReplica other{database, "other"};
  const std::array batch{update(1)};
  ASSERT_THAT(slow.updates.record(batch, kNow), SizeIs(1));
  ASSERT_THAT(other.updates.take_over(1), SizeIs(1));
  database.store.create_user("ann", kNow);
  FoodEntry entry;
  entry.user_id = "ann";
  entry.meal_type = "lunch";
  entry.timestamp = kNow;
  const Turn turn{{entry}, {}, {{"user", "2 eggs", kNow}}};
  const auto save = [&](TelegramUpdates& updates) {
    return database.store.save_turn("ann", turn,
                                    [&](Connection& connection, std::span<const FoodEntry> stored) {
                                      EXPECT_GT(stored.front().id, 0);
                                      updates.set_answer(connection, 1, "logged");
                                    });
  };
  EXPECT_THROW(save(slow.updates), UpdateLost);
  EXPECT_THAT(database.store.food_entries("ann", 0, kNow + 1), IsEmpty());
  EXPECT_THAT(database.store.history("ann", 10), IsEmpty());
  ASSERT_THAT(save(other.updates), SizeIs(1));
  EXPECT_THROW(save(other.updates), UpdateLost) << "it is answered already";
  EXPECT_THAT(database.store.food_entries("ann", 0, kNow + 1), SizeIs(1));
  EXPECT_THAT(database.store.history("ann", 10), SizeIs(1));
}

TEST(TelegramUpdates, OfAUserWhoIsDeletedNameNobodyAnyMore) {
  Database database;
  UpdatesReplica a{database, "a"};
  TelegramUpdate others = update(2);
  others.sender_id = 420;
  const std::array batch{update(1), others, update(3)};
  ASSERT_THAT(a.updates.record(batch, kNow), SizeIs(3));
  a.updates.finish(1);
  a.updates.finish(2);
  database.store.create_user("telegram:42", kNow);
  database.store.create_user("telegram:42x", kNow);
  EXPECT_TRUE(database.store.delete_user("telegram:42x"));
  OtherProgram other{database.path};
  const char* const kNamed = "SELECT COUNT(*) FROM telegram_updates WHERE sender_id = 42";
  EXPECT_EQ(other.number(kNamed), 2);
  EXPECT_TRUE(database.store.delete_user("telegram:42"));
  EXPECT_EQ(other.number(kNamed), 0);
  EXPECT_EQ(other.number("SELECT COUNT(*) FROM telegram_updates WHERE content <> ''"
                         " AND sender_id = 0"),
            0);
  EXPECT_FALSE(a.updates.is_mine(3)) << "it is not answered any more";
  EXPECT_THROW(a.updates.set_answer(3, "hello"), UpdateLost);
  EXPECT_THAT(a.updates.held(10), IsEmpty());
  EXPECT_EQ(other.number("SELECT COUNT(*) FROM telegram_updates WHERE sender_id = 420"), 1);
  EXPECT_THAT(a.updates.record(batch, kNow), IsEmpty()) << "none is taken twice";
}

TEST(TelegramUpdates, AreForgottenWhenTheyAreOldAndDone) {
  Database database;
  UpdatesReplica a{database, "a"};
  const std::array old{update(1), update(2)};
  const std::array fresh{update(3)};
  ASSERT_THAT(a.updates.record(old, kNow - 100), SizeIs(2));
  ASSERT_THAT(a.updates.record(fresh, kNow), SizeIs(1));
  a.updates.finish(1);
  a.updates.finish(3);
  OtherProgram other{database.path};
  EXPECT_EQ(other.number("SELECT COUNT(*) FROM telegram_updates WHERE content <> ''"), 1)
      << "what was said is not kept";
  EXPECT_EQ(a.updates.remove_older_than(kNow), 1);
  EXPECT_TRUE(a.updates.is_mine(2)) << "it is not done";
  EXPECT_THAT(a.updates.record(fresh, kNow), IsEmpty());
}

}  // namespace
}  // namespace health_agent::db
