// What docs/guide/scopes.md quotes.
#include <chrono>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "vitals/metrics/registry.h"
#include "vitals/monitor/cache.h"
#include "vitals/monitor/db.h"
#include "vitals/monitor/http_client.h"
#include "vitals/monitor/job.h"
#include "vitals/monitor/messages.h"
#include "vitals/monitor/rpc.h"
#include "vitals/testing/sentry_recorder.h"
#include "vitals/testing/snapshot.h"

namespace {

using namespace vitals;  // NOLINT: an example reads more easily without it

int failures = 0;
void expect(bool good) {
  failures += good ? 0 : 1;
}

void remove_old_orders() {
  throw std::runtime_error{"the shop is closed"};
}
void write_report() {}
int draw_pages() {
  return 3;
}
void cook(std::string_view order) {
  if (order.empty()) throw std::invalid_argument{"nothing was ordered"};
}

// [job]
void clean_up() {
  monitor::JobScope job{"clean-up"};
  try {
    remove_old_orders();
    job.succeed();
  } catch (const std::exception& error) {
    job.fail_unhandled(error);  // an event; the exception ends here
  }
}
// [/job]

/// Stands for the header fields of whatever carries them.
using Headers = std::multimap<std::string, std::string>;

struct TimedOut : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Stands for a client of HTTP.
struct Client {
  void set(std::string_view name, const std::string& value) { headers[std::string{name}] = value; }
  int get(std::string_view url) const {
    if (url.ends_with("/slow")) throw TimedOut{"no answer"};
    return 200;
  }
  std::map<std::string, std::string> headers;
};

// [client]
int ask(Client& client, const std::string& url) {
  monitor::ClientRequestScope call{monitor::Method::kGet, url};
  call.headers().for_each([&](auto name, const auto& value) { client.set(name, value); });
  try {
    const int status = client.get(url);
    call.finish(status);
    return status;
  } catch (const TimedOut&) {
    call.fail("timeout");
    throw;
  }
}
// [/client]

// [rpc_server]
void answer(std::string_view full_method, const Headers& metadata) {
  monitor::RpcStart start = monitor::rpc_start(full_method);  // "/shop.Orders/Place"
  for (const auto& [name, value] : metadata)
    start.read_header(name, value);  // those of the trace and x-request-id are taken
  monitor::RpcServerScope call{start};
  const monitor::RequestActivation active{call};  // on each thread that the call moves to
  try {
    cook("two eggs");
    call.finish(monitor::RpcCode::kOk);
  } catch (const std::exception& error) {
    call.fail_unhandled(error);
    call.finish(monitor::RpcCode::kInternal);
  }
}
// [/rpc_server]

/// Stands for what carries a call to its server and back.
monitor::RpcCode send(std::string_view full_method, const Headers& metadata) {
  answer(full_method, metadata);
  return monitor::RpcCode::kOk;
}

/// Stands for a message and its broker.
struct Message {
  std::string text;
  Headers headers;
  std::chrono::system_clock::time_point published;
};
struct Queue {
  void push(Message message) { last = std::move(message); }
  Message last;
};

// [produce]
void publish(Queue& queue, std::string order) {
  monitor::ProduceScope message{"rabbitmq", "orders"};
  Headers headers;
  message.headers().for_each([&](auto name, const auto& value) { headers.emplace(name, value); });
  queue.push({std::move(order), headers, std::chrono::system_clock::now()});
  message.succeed();
}
// [/produce]

// [consume]
void handle(const Message& received) {
  monitor::MessageStart start{
      .system = "rabbitmq", .destination = "orders", .published = received.published};
  for (const auto& [name, value] : received.headers)
    start.read_header(name, value);
  monitor::ConsumeScope message{start};
  try {
    cook(received.text);
    message.succeed();
  } catch (const std::exception& error) {
    message.fail_unhandled(error);  // an event in the trace of the one who published it
  }
}
// [/consume]

/// Stands for a pool of connections.
struct Pool {
  int size = 4;
  int free = 3;
};

}  // namespace

int main() {
  metrics::Registry registry;
  const testing::SentryRecorder sentry;
  // [metrics]
  const auto metrics = monitor::enable_metrics(
      registry, {.prefix = "shop_",
                 .families = {{"work_duration_seconds", {.buckets = {{.001, .01, .1, 1}}}},
                              {"work_in_progress", {.off = true}}}});
  // [/metrics]

  // [pool]
  Pool pool;
  const monitor::PoolObservation seen{
      "orders",
      [&pool] { return monitor::PoolCounts{.total = pool.size, .available = pool.free}; }};
  // [/pool]

  clean_up();
  // [track_job]
  monitor::track_job("report", [] { write_report(); });
  // [/track_job]
  {
    // [work]
    monitor::WorkScope work{"draw"};
    const int pages = draw_pages();
    work.span().set_data("pages", pages);
    work.succeed();
    // [/work]
  }
  Client client;
  expect(ask(client, "https://api.example/eggs") == 200);
  expect(client.headers.contains("sentry-trace") && client.headers.contains("traceparent"));
  try {
    ask(client, "https://api.example/slow");
    expect(false);
  } catch (const TimedOut&) {
    // As it should be.
  }
  monitor::track_job("place", [] {
    // [rpc_client]
    monitor::RpcClientScope call{"shop.Orders", "Place"};
    Headers metadata;
    call.headers().for_each([&](auto name, const auto& value) { metadata.emplace(name, value); });
    const monitor::RpcCode code = send("/shop.Orders/Place", metadata);
    call.finish(code);
    // [/rpc_client]
  });
  Queue queue;
  publish(queue, "two eggs");
  handle(queue.last);
  publish(queue, "");
  handle(queue.last);

  const testing::Snapshot after{registry};
  const auto total = [&after](std::string_view name, testing::Snapshot::Labels labels) {
    return after.total(name, labels);
  };
  expect(total("shop_job_runs_total", {{"job", "clean-up"}, {"status", "error"}}) == 1);
  expect(total("shop_job_runs_total", {{"job", "report"}, {"status", "success"}}) == 1);
  expect(total("shop_work_done_total", {{"work", "draw"}, {"status", "success"}}) == 1);
  expect(after.count("shop_work_duration_seconds_bucket") == 5);
  expect(after.count("shop_work_in_progress") == 0);
  expect(total("shop_http_client_requests_total", {{"host", "api.example"}}) == 2);
  expect(total("shop_http_client_errors_total", {{"error_type", "timeout"}}) == 1);
  expect(total("shop_rpc_server_calls_total", {{"service", "shop.Orders"}, {"code", "OK"}}) == 1);
  expect(total("shop_rpc_client_calls_total", {{"method", "Place"}, {"code", "OK"}}) == 1);
  expect(total("shop_messages_published_total", {{"destination", "orders"}}) == 2);
  expect(total("shop_messages_processed_total", {{"status", "error"}}) == 1);
  expect(total("shop_message_age_seconds_count", {{"system", "rabbitmq"}}) == 2);
  expect(total("shop_db_connection_pool_available", {{"pool", "orders"}}) == 3);

  const auto errors = sentry.errors();
  expect(errors.size() == 2);
  if (errors.size() == 2) {
    expect(errors[0].exceptions.back().type == "std::runtime_error");
    expect(errors[1].exceptions.back().type == "std::invalid_argument");
  }
  bool continued = false;  // the call's server is in the trace of the job that made it
  const auto transactions = sentry.transactions();
  for (const auto& served : transactions) {
    if (served.transaction != "shop.Orders/Place") continue;
    for (const auto& job : transactions)
      continued |= job.transaction == "place" && job.trace_id == served.trace_id;
  }
  expect(continued);
  return failures;
}
