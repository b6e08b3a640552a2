#include <string>
#include <thread>
#include <vector>

#include "tests/unit/monitor/monitored.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/http.h"

namespace vitals::monitor {
namespace {

class IsolationTest : public Monitored {};

TEST_F(IsolationTest, RequestsThatShareThreadsNeverSeeEachOthersData) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 40;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string user = "user-" + std::to_string(t) + "-" + std::to_string(i);
        const std::string table = "table-" + user;
        RequestScope request{{.method = Method::kGet, .route = "/isolated", .request_id = user}};
        request.set_user(user);
        // The work goes to another thread and back, as in a worker pool.
        std::thread worker{[&] {
          const RequestActivation active{request};
          QueryScope query{QueryType::kSelect, table};
          query.succeed();
        }};
        worker.join();
        request.fail_unhandled(std::runtime_error{user});
        request.finish(500);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();

  const auto events = sent("event");
  ASSERT_EQ(events.size(), static_cast<std::size_t>(kThreads * kRounds));
  for (const auto& event : events) {
    const std::string user = event["user"]["id"];
    EXPECT_EQ(event["tags"]["request_id"], user);
    EXPECT_EQ(event["exception"]["values"].back()["value"], user);
    const auto& crumbs = event["breadcrumbs"]["values"];
    ASSERT_EQ(crumbs.size(), 2U) << event;
    EXPECT_EQ(crumbs[0]["message"], "GET /isolated");
    EXPECT_EQ(crumbs[1]["message"], "SELECT table-" + user);
  }
}

}  // namespace
}  // namespace vitals::monitor
