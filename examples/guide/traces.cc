// What docs/guide/traces.md quotes.
#include <coroutine>
#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "vitals/context/carrier.h"
#include "vitals/context/span.h"
#include "vitals/monitor/http.h"
#include "vitals/monitor/http_client.h"
#include "vitals/testing/sentry_recorder.h"

namespace {

using namespace vitals;  // NOLINT: an example reads more easily without it

int failures = 0;
void expect(bool good) {
  failures += good ? 0 : 1;
}

// [promise]
struct Task {
  struct promise_type : context::CarriesContext {
    Task get_return_object() { return {}; }
    auto initial_suspend() { return on_start(std::suspend_never{}); }
    auto final_suspend() noexcept { return on_end(std::suspend_never{}); }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};
// [/promise]

/// Stands for a pool of threads.
class Pool {
 public:
  void post(std::function<void()> task) { tasks_.push_back(std::move(task)); }
  void run() const {
    std::thread{[this] {
      for (const auto& task : tasks_)
        task();
    }}.join();
  }

 private:
  std::vector<std::function<void()>> tasks_;
};

struct OnAnotherThread {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) const {
    std::thread{[coroutine] { coroutine.resume(); }}.join();
  }
  void await_resume() const noexcept {}
};

void send(std::string_view, const std::string&) {}

std::string seen;

// [coroutine]
Task serve() {
  monitor::RequestScope request{{.method = monitor::Method::kGet, .route = "/eggs"}};
  const monitor::RequestActivation active{request};  // held over each co_await
  co_await OnAnotherThread{};
  seen = monitor::current_log_context().request_id;  // still this request
  expect(seen == request.request_id());
  request.finish(200);
}
// [/coroutine]

}  // namespace

int main() {
  const testing::SentryRecorder sentry;
  Pool pool;
  // [spans]
  const auto transaction = context::start_transaction({.name = "nightly", .op = "job"});
  {
    const auto active = transaction.activate();
    const auto step = context::start_span("db.backup", "orders");
    step.set_data("rows", 1000);
    step.finish();
  }
  // [/spans]

  // [thread]
  {
    const auto active = transaction.activate();
    std::jthread worker{context::carry([] { context::start_span("copy").finish(); })};
    pool.post(context::carry([] { context::start_span("pack").finish(); }));
  }
  // [/thread]
  pool.run();
  // [spans]
  transaction.finish();
  // [/spans]

  // [outgoing]
  monitor::ClientRequestScope call{monitor::Method::kGet, "https://api.example/eggs"};
  const context::TraceHeaders headers = call.headers();
  headers.for_each([](auto name, const auto& value) { send(name, value); });
  call.finish(200);
  // [/outgoing]
  expect(!headers.traceparent.empty());

  {
    const auto request =
        context::start_transaction({.name = "request"}, {.baggage = "tenant=blue"});
    const auto active = request.activate();
    // [baggage]
    const auto tenant = context::current_span().baggage_item("tenant");  // "blue"
    // [/baggage]
    expect(tenant == "blue");
  }

  serve();
  expect(!seen.empty());
  expect(monitor::current_log_context().request_id.empty());
  const auto transactions = sentry.transactions();
  expect(transactions.size() == 2);
  if (transactions.empty()) return 1;
  for (const char* part : {"db.backup", "copy", "pack"})
    expect(testing::find_span(transactions[0], part) != nullptr);
  return failures;
}
