#include "health_agent/db/outage.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "health_agent/db/overdue.h"
#include "health_agent/db/postgres.h"
#include "health_agent/db/storable.h"
#include "health_agent/db/url.h"
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

/// A pooler that refuses a start packet with options, in its own words, and one without them as "no
/// room".
class Pooler {
 public:
  explicit Pooler(std::string words) : words_(std::move(words)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { serve(); }};
  }
  ~Pooler() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  Pooler(const Pooler&) = delete;
  Pooler& operator=(const Pooler&) = delete;

  [[nodiscard]] std::string url() const {
    return "postgresql://jo:secret@127.0.0.1:" + std::to_string(port_) + "/meals?sslmode=disable";
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) return;
      std::array<char, 4096> packet{};
      const ssize_t got = ::recv(client, packet.data(), packet.size(), 0);
      const std::string_view start{packet.data(),
                                   static_cast<std::size_t>(std::max(got, ssize_t{0}))};
      answer(client, start.find("options") == std::string_view::npos ? "no room" : words_);
      ::close(client);
    }
  }
  /// Source: PostgreSQL, "Message Formats", ErrorResponse.
  static void answer(int client, const std::string& words) {
    using namespace std::string_literals;
    const std::string fields = "SFATAL\0VFATAL\0C0A000\0M"s + words + "\0\0"s;
    const std::uint32_t size = htonl(static_cast<std::uint32_t>(fields.size() + 4));
    std::string message = "E";
    message.append(reinterpret_cast<const char*>(&size), sizeof size);
    message += fields;
    EXPECT_EQ(::send(client, message.data(), message.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(message.size()));
  }

  const std::string words_;
  const int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port_ = 0;
  std::thread thread_;
};

TEST(Poolers, ThatRefuseOptionsAreAskedWithoutThem) {
  for (const char* words :
       {"unsupported startup parameter: options",
        "unsupported startup parameter in options: lock_timeout",
        "Feature not supported: RDS Proxy currently doesn\u2019t support command-line options.",
        "Feature not supported: RDS Proxy currently doesn\u2019t support the option "
        "lock_timeout."}) {
    const Pooler pooler{words};
    const auto url = parse_database_url(pooler.url());
    ASSERT_TRUE(url) << url.error().message;
    const auto backend = make_postgres(url->postgres, {});
    EXPECT_THAT(database_error_of([&] { (void)backend->open(Backend::Patience::kRequest); }).what(),
                HasSubstr("no room"))
        << words;
  }
  const Pooler pooler{"the password is wrong"};
  const auto url = parse_database_url(pooler.url());
  const auto backend = make_postgres(url->postgres, {});
  EXPECT_THAT(database_error_of([&] { (void)backend->open(Backend::Patience::kRequest); }).what(),
              HasSubstr("the password is wrong"));
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
