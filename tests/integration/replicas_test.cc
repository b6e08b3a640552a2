#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/postgres.h"
#include "integration/support/redis.h"

namespace integration {
namespace {

TEST(Replicas, NeverShowAProfileFromBeforeAWriteThroughTheOther) {
  const Postgres postgres;
  const Redis redis;
  const std::string database = postgres.create_database();
  const Settings settings{{"DATABASE_URL", postgres.url(database)}, {"REDIS_URL", redis.url()}};
  const Service first{health_agent(settings)};
  const Service second{health_agent(settings)};
  const std::array<const Service*, 2> replicas{&first, &second};
  constexpr int kUsers = 3;
  constexpr int kWrites = 150;

  std::atomic<int> stale{0};
  std::atomic<int> failed{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  std::vector<std::thread> readers;
  for (int user = 0; user < kUsers; ++user) {
    const std::string id = "user" + std::to_string(user);
    Http client = first.http();
    create_user(client, id);
    const std::string path = "/api/v1/users/" + id + "/profile";
    // Readers of both replicas put what they find into the cache all the time.
    for (const Service* replica : replicas) {
      readers.emplace_back([&, replica, path] {
        Http reader = replica->http();
        while (!done) {
          if (reader.get(path).status != 200) ++failed;
        }
      });
    }
    threads.emplace_back([&, path] {
      std::array<Http, 2> clients{first.http(), second.http()};
      for (int n = 1; n <= kWrites; ++n) {
        const auto writer = static_cast<std::size_t>(n % 2);
        if (clients[writer].patch(path, {{"field", "n"}, {"value", n}}).status != 200) ++failed;
        for (const std::size_t replica : {1 - writer, writer}) {
          const Response response = clients[replica].get(path);
          if (response.status != 200) {
            ++failed;
          } else if (response.json()["profile"].value("n", 0) != n) {
            ++stale;
          }
        }
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  done = true;
  for (std::thread& reader : readers)
    reader.join();
  EXPECT_EQ(stale, 0);
  EXPECT_EQ(failed, 0);
  for (const Service* replica : replicas) {
    EXPECT_GT(
        replica->metrics().sum("cache_operations_total", {{"operation", "get"}, {"result", "hit"}}),
        kWrites / 2);
  }
}

}  // namespace
}  // namespace integration
