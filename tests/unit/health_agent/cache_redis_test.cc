#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "health_agent/cache/make_cache.h"
#include "health_agent/cache/pending_erases.h"
#include "health_agent/cache/redis_cache.h"
#include "health_agent/cache/redis_url.h"
#include "health_agent/errors.h"
#include "integration/support/redis.h"
#include "integration/support/wait.h"
#include "tests/unit/failing_memory.h"

namespace health_agent::cache {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

RedisAddress parsed(std::string_view text) {
  auto address = parse_redis_url(text);
  EXPECT_TRUE(address) << text << (address ? "" : address.error().message);
  return address ? *address : RedisAddress{};
}

TEST(RedisUrl, IsTakenApart) {
  const RedisAddress full = parsed("redis://app:p%40ss%2F@cache.example:6380/3");
  EXPECT_EQ(full.host, "cache.example");
  EXPECT_EQ(full.port, 6380);
  EXPECT_EQ(full.user, "app");
  EXPECT_EQ(full.password, "p@ss/");
  EXPECT_EQ(full.database, 3);
  EXPECT_EQ(shown(full), "redis://cache.example:6380/3");
  EXPECT_EQ(parsed("redis://:secret@h").password, "secret");
  EXPECT_EQ(parsed("redis://:secret@h").user, "");
  EXPECT_EQ(parsed("redis://h").port, 6379);
  EXPECT_EQ(parsed("redis://h/").database, 0);
  EXPECT_EQ(parsed("redis://[::1]:7/1").host, "::1");
  EXPECT_EQ(shown(parsed("redis://[::1]")), "redis://[::1]:6379/0");
  EXPECT_EQ(parsed("redis://:what?@h").password, "what?");
  EXPECT_FALSE(full.tls);
}

TEST(RedisUrl, SaysHowTlsIsToBe) {
  const RedisAddress plain = parsed("rediss://:secret@h:7/2");
  EXPECT_EQ(plain.tls, RedisTlsOptions{});
  EXPECT_EQ(plain.password, "secret");
  EXPECT_EQ(plain.database, 2);
  EXPECT_EQ(shown(plain), "rediss://h:7/2");
  const RedisAddress full = parsed(
      "rediss://:what?@h/1?ssl_ca_certs=/a@b/c%20d.pem&ssl_cert_reqs=CERT_NONE"
      "&ssl_check_hostname=False&ssl_certfile=c.pem&ssl_keyfile=k.pem");
  EXPECT_EQ(full.tls, (RedisTlsOptions{.ca_file = "/a@b/c d.pem",
                                       .cert_file = "c.pem",
                                       .key_file = "k.pem",
                                       .verify = false,
                                       .check_host = false}));
  EXPECT_EQ(full.password, "what?");
  EXPECT_EQ(full.database, 1);
  EXPECT_TRUE(parsed("rediss://h?ssl_cert_reqs=required").tls->verify);
  EXPECT_EQ(parsed("rediss://h:7?ssl_cert_reqs=required").port, 7);
}

TEST(RedisUrl, SaysWhatIsWrongAndNeverASecret) {
  for (const char* bad : {"",
                          "localhost",
                          "redis:h",
                          "redis://",
                          "redis://:@h",
                          "redis://hunter2@h",
                          "redis://:hunter2@",
                          "redis://:hunter2@h:0",
                          "redis://:hunter2@h:65536",
                          "redis://:hunter2@h:x",
                          "redis://:hunter2@h/x",
                          "redis://:hunter2@h/-1",
                          "redis://:hunter2@[::1",
                          "redis://:hunter2%2@h",
                          "redis://:hunter2%00@h",
                          "redis://:hun ter2@h",
                          "redis://h?hunter2",
                          "rediss://:hunter2@",
                          "rediss://h?hunter2",
                          "redis://h?ssl_cert_reqs=none",
                          "rediss://h?ssl_cert_reqs=hunter2",
                          "rediss://h?ssl_ca_certs",
                          "rediss://h?ssl_ca_certs=%zz",
                          "rediss://h?ssl_keyfile=a"}) {
    const auto address = parse_redis_url(bad);
    ASSERT_FALSE(address) << bad;
    EXPECT_THAT(address.error().message,
                AllOf(HasSubstr("redis://[[user]:password@]host"), Not(HasSubstr("hunter2"))))
        << bad;
  }
}

TEST(PendingErases, RememberKeysUntilTheyAreMadeUpFor) {
  PendingErases pending{10};
  EXPECT_FALSE(pending.holds("a"));
  pending.add("a");
  pending.add("b");
  EXPECT_TRUE(pending.holds("a"));
  EXPECT_FALSE(pending.holds("c"));
  const auto batch = pending.next(1);
  ASSERT_EQ(batch.keys.size(), 1U);
  pending.done(batch);
  EXPECT_FALSE(pending.holds("a"));
  EXPECT_TRUE(pending.holds("b"));
  EXPECT_TRUE(pending.any());
  pending.done(pending.next(10));
  EXPECT_FALSE(pending.any());
}

TEST(PendingErases, AKeyThatChangedAgainMeanwhileStays) {
  PendingErases pending{10};
  pending.add("a");
  const auto batch = pending.next(10);
  pending.add("a");
  pending.done(batch);
  EXPECT_TRUE(pending.holds("a"));
}

TEST(PendingErases, TooManyOfThemAreAll) {
  PendingErases pending{2};
  for (const char* key : {"a", "b", "c"})
    pending.add(key);
  EXPECT_TRUE(pending.holds("never seen"));
  const auto batch = pending.next(10);
  EXPECT_NE(batch.all, 0U);
  EXPECT_TRUE(batch.keys.empty());
  pending.add("d");
  pending.done(batch);
  EXPECT_TRUE(pending.holds("a")) << "d came after everything was thrown away";
  pending.done(pending.next(10));
  EXPECT_FALSE(pending.any());
}

TEST(MakeCache, GivesTheOneInsideTheProcessWithoutAUrlAndRefusesABadOne) {
  EXPECT_EQ(make_cache({})->stats().backend, "memory");
  EXPECT_THROW((void)make_cache({.redis_url = "redis://"}), ConfigurationError);
}

TEST(RedisFull, IsToldOnceAndGivesWhatItHas) {
  integration::Redis redis;
  std::vector<RedisState> told;
  std::mutex mutex;
  RedisCacheOptions options;
  options.link.address = parsed(redis.url());
  options.link.command_timeout = std::chrono::seconds{5};
  options.link.report = [&](RedisState state, const std::string&) {
    const std::lock_guard lock{mutex};
    told.push_back(state);
  };
  options.full_for = std::chrono::milliseconds{1};
  RedisCache cache{std::move(options)};
  cache.set("a", "kept");
  EXPECT_FALSE(cache.full());

  redis.ask({"CONFIG", "SET", "maxmemory", "1"});
  for (int i = 0; i < 5; ++i)
    cache.set("b", "refused");
  EXPECT_EQ(cache.lookup("c").version, 0U);
  EXPECT_TRUE(cache.full());
  EXPECT_TRUE(cache.healthy());
  EXPECT_EQ(cache.get("a"), "kept");
  EXPECT_TRUE(cache.full()) << "reading says nothing of room";
  EXPECT_THAT(told, testing::ElementsAre(RedisState::kFull));

  redis.ask({"CONFIG", "SET", "maxmemory", "0"});
  while (cache.full())
    cache.set("b", "taken");
  EXPECT_EQ(cache.get("b"), "taken");
  EXPECT_THAT(told, testing::ElementsAre(RedisState::kFull, RedisState::kRoom));
}

TEST(RedisCacheWithoutMemory, LosesNoConnectionAndGivesNothingStale) {
  integration::Redis redis;
  RedisCacheOptions options;
  options.link.address = parsed(redis.url());
  options.link.connections = 2;
  options.link.command_timeout = std::chrono::seconds{5};
  RedisCache cache{std::move(options)};
  int refused = 0;
  const auto without_memory = [&](std::size_t after, const auto& act) {
    const unit::FailingMemory none{after};
    try {
      act();
    } catch (const std::bad_alloc&) {
      ++refused;
    }
    return none.failed();
  };
  for (std::size_t after = 0; after < 30; ++after) {
    SCOPED_TRACE(after);
    without_memory(after, [&] { cache.set("a", "a value that is too long for a short string"); });
    without_memory(after, [&] { static_cast<void>(cache.get("a")); });
    cache.set("b", "from before");
    EXPECT_EQ(cache.get("b"), "from before");
    // Whether it could be asked or not, it is not given any more.
    without_memory(after, [&] { cache.erase("b"); });
    EXPECT_FALSE(cache.get("b"));
    EXPECT_TRUE(integration::eventually([&] {
      cache.set("c", "kept");
      return cache.get("c") == "kept";
    })) << "the connections are lost";
  }
  EXPECT_GT(refused, 10);
  EXPECT_TRUE(cache.healthy());
}

TEST(RedisAway, IsAnEmptyCacheAtOnceAndToldOnce) {
  std::mutex mutex;
  std::vector<std::string> warnings;
  const auto cache = make_cache(
      {.redis_url = "redis://:hunter2@127.0.0.1:1", .warn = [&](const std::string& words) {
         const std::lock_guard lock{mutex};
         warnings.push_back(words);
       }});
  EXPECT_FALSE(cache->healthy());
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    const Lookup found = cache->lookup("key");
    EXPECT_FALSE(found.value);
    EXPECT_FALSE(cache->fill("key", "value", found.version));
    cache->set("key", "value");
    cache->erase("key" + std::to_string(i));
    EXPECT_FALSE(cache->get("key"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds{10});
  EXPECT_EQ(cache->stats().backend, "redis");
  EXPECT_EQ(cache->stats().size, 0U);
  const std::lock_guard lock{mutex};
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings[0], AllOf(HasSubstr("redis://127.0.0.1:1/0"), HasSubstr("refused"),
                                 Not(HasSubstr("hunter2"))));
}

}  // namespace
}  // namespace health_agent::cache
