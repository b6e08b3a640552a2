#include "integration/support/redis.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

const Labels kHits{{"operation", "get"}, {"result", "hit"}};
const Labels kFailedGets{{"operation", "get"}, {"result", "error"}};

ServiceOptions on(const std::string& url, Settings more = {}) {
  more["REDIS_URL"] = url;
  return health_agent(std::move(more));
}

double count(const Service& service, const Labels& labels) {
  return service.metrics().sum("cache_operations_total", labels);
}

std::string cache_health(const Service& service) {
  return service.http().get("/api/health").json()["cache"];
}

Response set_n(Http& client, const std::string& user, int n) {
  return client.patch("/api/v1/users/" + user + "/profile", {{"field", "n"}, {"value", n}});
}

int n_of(Http& client, const std::string& user) {
  const Response response = client.get("/api/v1/users/" + user + "/profile");
  return response.status == 200 ? response.json()["profile"].value("n", -1) : -1;
}

TEST(Redis, HoldsWhatIsCachedForTheTimeOfTheSettings) {
  const Redis redis;
  const Service service{on(redis.url(3), {{"CACHE_TTL_SECONDS", "77"}})};
  Http client = service.http();
  create_user(client, "ann");
  set_n(client, "ann", 1);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(n_of(client, "ann"), 1);
  EXPECT_GE(count(service, kHits), 4);
  EXPECT_EQ(cache_health(service), "ok");
  const Json stats = client.get("/api/cache/stats").json();
  EXPECT_EQ(stats["backend"], "redis");
  EXPECT_GE(stats["size"].get<int>(), 2);
  const std::string ttl = redis.ask({"-n", "3", "TTL", "health-agent:1:value:profile:ann"});
  EXPECT_TRUE(std::stoi(ttl) > 60 && std::stoi(ttl) <= 77) << ttl;
}

TEST(Redis, MayGoAndComeBackUnderLoadWithoutAFailedRequest) {
  Redis redis;
  const Service service{on(redis.url())};
  {
    Http client = service.http();
    create_user(client, "ann");
  }
  std::atomic<bool> done{false};
  std::atomic<int> failed{0};
  std::atomic<int> requests{0};
  std::atomic<double> slowest{0};
  std::vector<std::thread> load;
  for (int i = 0; i < 4; ++i) {
    load.emplace_back([&, i] {
      Http client = service.http();
      while (!done) {
        const auto start = std::chrono::steady_clock::now();
        const int status = i == 0 ? set_n(client, "ann", requests).status
                                  : client.get("/api/v1/users/ann/profile").status;
        const double seconds = seconds_since(start);
        for (double seen = slowest;
             seconds > seen && !slowest.compare_exchange_weak(seen, seconds);) {
        }
        ++requests;
        if (status != 200) ++failed;
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return count(service, kHits) > 100; }));
  redis.stop();
  EXPECT_TRUE(eventually([&] { return cache_health(service) == "unavailable"; }));
  EXPECT_EQ(service.http().get("/api/health").status, 200) << "the service goes on without it";
  EXPECT_TRUE(eventually([&] { return count(service, kFailedGets) > 100; }));
  EXPECT_GT(count(service, {{"operation", "delete"}, {"result", "error"}}), 0);

  redis.start();
  const double hits = count(service, kHits);
  EXPECT_TRUE(eventually([&] { return count(service, kHits) > hits + 10; }));
  EXPECT_TRUE(eventually([&] { return cache_health(service) == "ok"; }));

  redis.freeze();
  EXPECT_TRUE(eventually([&] { return cache_health(service) == "unavailable"; }));
  redis.thaw();
  EXPECT_TRUE(eventually([&] { return cache_health(service) == "ok"; }));
  done = true;
  for (std::thread& thread : load)
    thread.join();
  EXPECT_EQ(failed, 0) << "of " << requests;
  EXPECT_LT(slowest, 1.5 * kSlowness) << "a request waited for Redis";
  EXPECT_TRUE(tells(service, "going on without it"));
  EXPECT_TRUE(tells(service, "is back after"));
}

TEST(Redis, NeedNotBeThereAtTheStart) {
  Redis redis;
  redis.stop();
  const Service service{on(redis.url())};
  Http client = service.http();
  create_user(client, "ann");
  EXPECT_EQ(cache_health(service), "unavailable");
  redis.start();
  EXPECT_TRUE(eventually([&] { return cache_health(service) == "ok"; }));
  redis.stop();
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(client.get("/api/v1/users/ann/profile").status, 200);
    return cache_health(service) == "unavailable";
  })) << "found out by reading alone";
}

TEST(Redis, OneThatIsFullIsToldOnceAndTheServiceGoesOnUntilThereIsRoom) {
  const Redis redis{{"--maxmemory-policy", "noeviction"}};
  const Service service{on(redis.url(), {{"CACHE_TTL_SECONDS", "1"}})};
  Http client = service.http();
  for (const char* user : {"ann", "bob"})
    create_user(client, user);
  redis.ask({"CONFIG", "SET", "maxmemory", "1"});
  int n = 0;
  const auto use = [&] {
    ++n;
    for (const char* user : {"ann", "bob"}) {
      EXPECT_EQ(set_n(client, user, n).status, 200);
      EXPECT_EQ(n_of(client, user), n);
    }
  };
  for (int i = 0; i < 20; ++i)
    use();
  EXPECT_TRUE(eventually([&] { return cache_health(service) == "degraded"; }));
  EXPECT_EQ(client.get("/api/health").status, 200);
  EXPECT_TRUE(tells_once(service, "is full and takes no new values"));

  redis.ask({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(eventually([&] {
    use();
    return cache_health(service) == "ok";
  }));
  const double hits = count(service, kHits);
  EXPECT_TRUE(eventually([&] { return n_of(client, "ann") == n && count(service, kHits) > hits; }));
  EXPECT_TRUE(tells_once(service, "is full and takes no new values"));
  EXPECT_TRUE(tells_once(service, "takes new values again"));
}

TEST(Redis, IsDoneWithoutWhileThereAreNoDescriptorsAndComesBackByItself) {
  const Redis redis;
  const Service service{on(redis.url())};
  Http client = service.http();  // its connection is there before
  create_user(client, "ann");
  ASSERT_EQ(set_n(client, "ann", 1).status, 200);
  const auto cache = [&] { return client.get("/api/health").json().value("cache", ""); };
  ASSERT_EQ(cache(), "ok");
  const std::uint64_t before = set_limit(service.pid(), RLIMIT_NOFILE, 3);
  redis.ask({"CLIENT", "KILL", "TYPE", "normal"});
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(n_of(client, "ann"), 1);
    return cache() == "unavailable";
  })) << service.errors();
  EXPECT_EQ(set_n(client, "ann", 2).status, 200);
  EXPECT_TRUE(tells(service, "Too many open files"));

  set_limit(service.pid(), RLIMIT_NOFILE, before);
  EXPECT_TRUE(eventually([&] { return cache() == "ok"; })) << service.errors();
  const double hits = count(service, kHits);
  EXPECT_TRUE(eventually([&] { return n_of(client, "ann") == 2 && count(service, kHits) > hits; }));
}

TEST(Redis, TakesAPasswordAndAUser) {
  const Redis redis{
      {"--requirepass", "s3cret/p@ss", "--user", "app", "on", ">app-pass", "~*", "+@all"}};
  const std::string at = "@127.0.0.1:" + std::to_string(redis.port());
  for (const std::string who : {":s3cret%2Fp%40ss", "app:app-pass"}) {
    const Service service{on("redis://" + who + at)};
    EXPECT_EQ(cache_health(service), "ok") << who;
  }
}

TEST(Redis, AWrongPasswordIsAClearWarningAndTheServiceGoesOn) {
  const Redis redis{{"--requirepass", "right"}};
  const Service service{on("redis://:wr0ng@127.0.0.1:" + std::to_string(redis.port()))};
  Http client = service.http();
  create_user(client, "ann");
  EXPECT_EQ(set_n(client, "ann", 1).status, 200);
  EXPECT_EQ(n_of(client, "ann"), 1);
  EXPECT_EQ(cache_health(service), "unavailable");
  EXPECT_TRUE(tells(service, "AUTH: WRONGPASS"));
  EXPECT_EQ(service.errors().find("wr0ng"), std::string::npos) << service.errors();
}

// The first replica may not do anything for a while, and the second one may: as when the way to
// Redis is cut for one of them.
TEST(Redis, AnEraseThatFailedIsMadeUpForBeforeTheCacheIsBelievedAgain) {
  const Redis redis{{"--user", "first", "on", ">p", "~*", "+@all", "--user", "second", "on", ">p",
                     "~*", "+@all"}};
  const std::string at = ":p@127.0.0.1:" + std::to_string(redis.port());
  const TempDir folder;
  const std::string database = "sqlite:" + folder.file("shared.db");
  const Service first{on("redis://first" + at, {{"DATABASE_URL", database}})};
  const Service second{on("redis://second" + at, {{"DATABASE_URL", database}})};
  Http one = first.http();
  Http two = second.http();
  create_user(one, "ann");
  ASSERT_EQ(set_n(one, "ann", 1).status, 200);
  ASSERT_EQ(n_of(two, "ann"), 1);
  ASSERT_EQ(n_of(two, "ann"), 1);

  redis.ask({"ACL", "SETUSER", "first", "-@all"});
  ASSERT_EQ(set_n(one, "ann", 2).status, 200);
  EXPECT_EQ(n_of(one, "ann"), 2) << "its own write";
  redis.ask({"ACL", "SETUSER", "first", "+@all"});
  EXPECT_TRUE(eventually([&] { return n_of(two, "ann") == 2; }));
  EXPECT_TRUE(eventually([&] { return cache_health(first) == "ok"; }));
  EXPECT_EQ(n_of(one, "ann"), 2);
  EXPECT_EQ(n_of(two, "ann"), 2);
}

}  // namespace
}  // namespace integration
