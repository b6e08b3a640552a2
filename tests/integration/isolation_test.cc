#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"

namespace integration {
namespace {

constexpr int kUsers = 64;
constexpr const char* kPrefix = "iso-user-";

// A build with sanitizers makes as many requests in as much time as it can; ISOLATION_SECONDS
// overrides.
double duration_seconds() {
  const char* given = std::getenv("ISOLATION_SECONDS");
  return given == nullptr ? 5 : std::atof(given);
}

std::string name_of(int user) {
  return kPrefix + std::to_string(100 + user);
}

struct Book {
  std::mutex mutex;
  std::map<std::string, int> failed;  // request id -> status
  std::atomic<int> requests{0};
  std::atomic<int> wrong{0};
};

// One user on one connection: every request bears its name in the id, the path and the body.
void live(std::uint16_t port, int user, const std::atomic<bool>& stop, Book& book) {
  Http client{port};
  const std::string name = name_of(user);
  const std::string path = "/api/v1/users/" + name;
  for (int i = 0; !stop; ++i) {
    const std::string id = name + "." + std::to_string(i);
    Request request{.path = path,
                    .headers = {{"X-Request-ID", id}, {"Content-Type", "application/json"}}};
    switch (i % 6) {
      case 0:
        request = {.method = "POST",
                   .path = "/api/v1/users",
                   .headers = request.headers,
                   .body = Json{{"user_id", name}}.dump()};
        break;
      case 1:
        request.method = "POST";
        request.path = "/api/v1/chat";
        request.body =
            Json{{"user_id", name}, {"message", "2 eggs for lunch, says " + name}}.dump();
        break;
      case 2:
        request.method = "PATCH";
        request.path += "/profile";
        request.body = Json{{"field", "name"}, {"value", name}}.dump();
        break;
      case 3:
        request.path += "/food";
        break;
      case 4:
        request.path += "/preferences";
        break;
      default:
        break;
    }
    const Response response = client.send(request);
    ++book.requests;
    if (response.header("x-request-id") != id) ++book.wrong;
    if (response.status >= 500) {
      const std::lock_guard lock{book.mutex};
      book.failed[id] = response.status;
    }
    std::this_thread::sleep_for(15ms);
  }
}

// What is wrong with events, by kind; a few examples of each are enough to see what it is.
class Findings {
 public:
  void add(const std::string& kind, const Json& example) {
    if (++counts_[kind] <= 2) examples_[kind] += example.dump() + "\n";
  }
  void report() const {
    for (const auto& [kind, count] : counts_)
      ADD_FAILURE() << count << " " << kind << ", such as\n" << examples_.at(kind);
  }

 private:
  std::map<std::string, int> counts_;
  std::map<std::string, std::string> examples_;
};

std::string owner_of(const std::string& request_id) {
  return request_id.substr(0, request_id.find('.'));
}

TEST(Isolation, NoEventBearsAnotherRequestsUserTagOrBreadcrumb) {
  EnvelopeReceiver receiver;
  Service service{
      health_agent(with_sentry(receiver, {{"FAULTS", "handler:0.01,db:0.004,agent:0.05"},
                                          {"SENTRY_TRACES_SAMPLE_RATE", "0.05"},
                                          {"LOG_LEVEL", "info"}}))};
  Book book;
  std::atomic<bool> stop{false};
  std::vector<std::thread> users;
  for (int user = 0; user < kUsers; ++user)
    users.emplace_back(live, service.api_port(), user, std::cref(stop), std::ref(book));
  std::this_thread::sleep_for(std::chrono::duration<double>(duration_seconds()));
  stop = true;
  for (std::thread& user : users)
    user.join();
  // What the load left over is sent first: how much of it an end has time for is another test's.
  EXPECT_TRUE(
      eventually([&] { return service.metrics().value("vitals_sentry_queue_depth") == 0; }, 60s));
  const Response scrape = Http{service.metrics_port()}.get("/metrics");
  const Stopped end = service.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0) << service.errors().substr(0, 4000);

  EXPECT_EQ(book.wrong, 0) << "answers with another request's id";
  EXPECT_GT(book.requests, 64 * 5);
  EXPECT_GT(book.failed.size(), 10U) << "too few failures to prove anything";
  expect_valid(receiver);
  Findings findings;
  std::map<std::string, int> events;
  for (const Json& event : receiver.events()) {
    const std::string id = tag_of(event, "request_id");
    const std::string owner = owner_of(id);
    if (!id.starts_with(kPrefix)) {
      // The health check of the start may fail too; it has no user.
      if (!names_in(event, kPrefix).empty())
        findings.add("events of users without their request's id", event);
      continue;
    }
    // A warning is of a request that went well all the same: its journey could not be recorded.
    const bool of_a_failure = event.value("level", "error") == "error";
    if (of_a_failure) ++events[id];
    if (names_in(event, kPrefix) != std::set<std::string>{owner})
      findings.add("events that bear another user", event);
    if (user_of(event) != owner) findings.add("events without their own user.id", event);
    if (breadcrumbs_of(event) == 0) findings.add("events without breadcrumbs", event);
    if (of_a_failure && !book.failed.contains(id))
      findings.add("events of requests that did not fail", event);
  }
  std::size_t checked = 0;
  for (const Json& transaction : receiver.transactions()) {
    const std::string id = tag_of(transaction, "request_id");
    if (!id.starts_with(kPrefix)) continue;
    ++checked;
    if (names_in(transaction, kPrefix) != std::set<std::string>{owner_of(id)})
      findings.add("transactions that bear another user", transaction);
  }
  EXPECT_GT(checked, 10U);
  const Metrics metrics = Metrics::parse(scrape.body);
  if (metrics.sum("vitals_sentry_events_total",
                  {{"category", "error"}, {"outcome", "queue_full"}}) == 0) {
    for (const auto& [id, status] : book.failed) {
      if (events[id] != 1)
        findings.add("failed requests that are not one event",
                     {{id, status}, {"events", events[id]}});
    }
  }
  findings.report();
  RecordProperty("requests", book.requests.load());
  RecordProperty("failed", static_cast<int>(book.failed.size()));
}

}  // namespace
}  // namespace integration
