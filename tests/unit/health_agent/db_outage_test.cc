#include "health_agent/db/outage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <thread>

#include "health_agent/db/overdue.h"
#include "health_agent/db/storable.h"
#include "tests/unit/health_agent/db_testing.h"

namespace health_agent::db {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class OutageTest : public testing::Test {
 protected:
  int fail() {
    ++attempts_;
    throw DatabaseError(DatabaseError::Kind::kUnavailable, "refused");
  }
  void expect_failure(int attempts) {
    const DatabaseError error =
        database_error_of([&] { outage_.attempt([this] { return fail(); }); });
    EXPECT_EQ(error.kind(), DatabaseError::Kind::kUnavailable);
    EXPECT_THAT(error.what(), HasSubstr("refused"));
    EXPECT_EQ(attempts_, attempts);
  }

  int attempts_ = 0;
  Outage::Clock::time_point now_{};
  Outage outage_{milliseconds{250}, [this] { return now_; }};
};

TEST_F(OutageTest, IsRememberedForAShortWhileInWhichNobodyTries) {
  EXPECT_EQ(outage_.attempt([] { return 1; }), 1);
  EXPECT_FALSE(outage_.lasts());
  expect_failure(1);
  EXPECT_TRUE(outage_.lasts());
  now_ += milliseconds{249};
  expect_failure(1);
  now_ += milliseconds{1};
  expect_failure(2);
  expect_failure(2);
}

TEST_F(OutageTest, EndsWithTheFirstSuccess) {
  expect_failure(1);
  now_ += milliseconds{250};
  EXPECT_EQ(outage_.attempt([] { return 1; }), 1);
  EXPECT_FALSE(outage_.lasts());
  EXPECT_EQ(outage_.attempt([] { return 2; }), 2);
}

TEST_F(OutageTest, LetsOneTryAtATime) {
  expect_failure(1);
  now_ += milliseconds{250};
  const int result = outage_.attempt([this] {
    expect_failure(1);  // somebody else, meanwhile
    return 1;
  });
  EXPECT_EQ(result, 1);
}

TEST(Overdue, ShutsASocketThatIsNotDoneInTimeAndNoOther) {
  std::array<int, 2> late{};
  std::array<int, 2> quick{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, late.data()), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, quick.data()), 0);
  Overdue overdue{milliseconds{100}};
  const int watched = overdue.begin(late[0]);
  overdue.end(overdue.begin(quick[0]));
  char byte = 0;
  EXPECT_EQ(::recv(late[0], &byte, 1, 0), 0) << "it waits for what never comes, and is woken";
  overdue.end(watched);
  EXPECT_EQ(::send(quick[1], "x", 1, 0), 1);
  EXPECT_EQ(::recv(quick[0], &byte, 1, 0), 1);
  for (const int socket : {late[0], late[1], quick[0], quick[1]})
    ::close(socket);
}

TEST(Storable, KeepsWellFormedTextAndReplacesTheRest) {
  for (const char* good :
       {"", "an egg", "Käse – 🧀", "\x01\x7f", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    EXPECT_EQ(storable(good), good);
  using std::string_literals::operator""s;
  EXPECT_EQ(storable("a\0b"s), "a\xEF\xBF\xBD"s + "b");
  EXPECT_EQ(storable("a\xFFz"), "a\xEF\xBF\xBDz");
  EXPECT_EQ(storable("\xC0\xAF"), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
  EXPECT_EQ(storable("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD") << "a surrogate";
  EXPECT_EQ(storable("\xF4\x90\x80\x80").size(), 12U) << "past the last character";
  EXPECT_EQ(storable("egg\xE2\x82"), "egg\xEF\xBF\xBD\xEF\xBF\xBD") << "cut short";
}

}  // namespace
}  // namespace health_agent::db
