#include "health_agent/cache/redis_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "integration/support/redis.h"
#include "integration/support/wait.h"

namespace integration {
namespace {

using health_agent::cache::Lookup;
using health_agent::cache::RedisCache;
using health_agent::cache::RedisCacheOptions;

std::unique_ptr<RedisCache> cache_on(const Redis& redis, std::size_t max_pending = 100) {
  RedisCacheOptions options;
  options.link.address.host = "127.0.0.1";
  options.link.address.port = redis.port();
  options.link.connect_timeout = 1s;  // a machine that does much else is not a Redis that is away
  options.link.command_timeout = Milliseconds{1000} * kSlowness;
  options.max_pending = max_pending;
  return std::make_unique<RedisCache>(std::move(options));
}

TEST(RedisLink, ThePausesBetweenTriesGrow) {
  const Redis redis;
  health_agent::cache::RedisLinkOptions options;
  options.address.host = "127.0.0.1";
  options.address.port = redis.port();
  options.connect_timeout = 1s;
  std::mutex mutex;
  std::vector<std::chrono::steady_clock::time_point> tries;
  const health_agent::cache::RedisLink link{
      options, [&](health_agent::cache::RedisConnection&, std::string& error) {
        const std::lock_guard lock{mutex};
        tries.push_back(std::chrono::steady_clock::now());
        error = "not well yet";
        return false;
      }};
  ASSERT_TRUE(eventually([&] {
    const std::lock_guard lock{mutex};
    return tries.size() >= 4;
  })) << "it is tried again";
  const std::lock_guard lock{mutex};
  // A loaded machine makes them longer, and none shorter.
  EXPECT_GE(tries[2] - tries[1], 100ms);
  EXPECT_GE(tries[3] - tries[2], 200ms);
}

TEST(RedisCache, KeepsWhatWasFilledForEveryReplica) {
  const Redis redis;
  const auto one = cache_on(redis);
  const auto two = cache_on(redis);
  const Lookup missed = one->lookup("key");
  EXPECT_FALSE(missed.value);
  const std::string value{"any\0bytes \xFF 7:", 15};
  EXPECT_TRUE(one->fill("key", value, missed.version));
  EXPECT_EQ(two->get("key"), value);
  two->erase("key");
  EXPECT_FALSE(one->get("key"));
  one->set("empty", "");
  EXPECT_EQ(two->get("empty"), "");
}

TEST(RedisCache, RefusesAFillThatAnotherReplicasChangeOvertook) {
  const Redis redis;
  const auto reader = cache_on(redis);
  const auto writer = cache_on(redis);
  const Lookup before_erase = reader->lookup("key");
  writer->erase("key");
  EXPECT_FALSE(reader->fill("key", "old", before_erase.version));

  const Lookup before_another_reader = reader->lookup("key");
  writer->erase("key");
  const Lookup after = writer->lookup("key");
  EXPECT_FALSE(reader->fill("key", "old", before_another_reader.version))
      << "the mark is another reader's";
  EXPECT_TRUE(writer->fill("key", "new", after.version));
  EXPECT_EQ(reader->get("key"), "new");

  writer->erase("key");
  const Lookup before_set = reader->lookup("key");
  writer->set("key", "newer");
  EXPECT_FALSE(reader->fill("key", "old", before_set.version));
  EXPECT_EQ(reader->get("key"), "newer");
}

TEST(RedisCache, RefusesAFillFromBeforeRedisForgotEverything) {
  const Redis redis;
  const auto cache = cache_on(redis);
  const Lookup missed = cache->lookup("key");
  redis.ask({"FLUSHALL"});
  EXPECT_FALSE(cache->fill("key", "old", missed.version));
  EXPECT_FALSE(cache->fill("key", "old", 0)) << "what a failed lookup gives";
}

TEST(RedisCache, ManyFailedErasesMakeEverythingVoidForEveryReplica) {
  const Redis redis;
  const auto first = cache_on(redis, 3);
  const auto second = cache_on(redis);
  for (const char* key : {"a", "b", "c", "d", "untouched"})
    second->set(key, "old");
  const Lookup under_way = second->lookup("e");
  redis.freeze();
  for (const char* key : {"a", "b", "c", "d"})
    first->erase(key);
  redis.thaw();
  EXPECT_TRUE(eventually([&] { return first->healthy() && !first->get("untouched"); }));
  EXPECT_TRUE(
      eventually([&] { return second->healthy() && second->lookup("probe").version != 0; }));
  for (const char* key : {"a", "b", "c", "d", "untouched"})
    EXPECT_FALSE(second->get(key)) << key;
  EXPECT_FALSE(second->fill("e", "old", under_way.version));
  const Lookup fresh = second->lookup("e");
  EXPECT_TRUE(second->fill("e", "new", fresh.version));
  EXPECT_EQ(first->get("e"), "new");
}

TEST(RedisCache, MakesUpForAFailedEraseAlsoAtItsEnd) {
  const Redis redis;
  const auto reader = cache_on(redis);
  reader->set("key", "old");
  {
    const auto writer = cache_on(redis);
    redis.ask({"ACL", "SETUSER", "default", "-del"});
    writer->erase("key");
    EXPECT_FALSE(writer->get("key")) << "not read while the erase is owed";
    EXPECT_EQ(redis.ask({"EXISTS", "health-agent:1:value:key"}), "1\n");
    redis.ask({"ACL", "SETUSER", "default", "+del"});
  }
  EXPECT_FALSE(reader->get("key"));
}

}  // namespace
}  // namespace integration
