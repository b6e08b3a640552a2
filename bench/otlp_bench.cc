// What a sampled transaction of three spans costs the whole process, from its start until a local
// server has it: by OTLP in batches, by Sentry's envelopes, and with nobody who listens, in
// interleaved rounds at a fixed rate. Prints `name value unit goal verdict`.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/goals.h"
#include "bench/local_sink.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/otlp/client.h"
#include "vitals/sentry/client.h"

namespace {

namespace context = vitals::context;
namespace otlp = vitals::otlp;
namespace sentry = vitals::sentry;
using vitals::bench::LocalSink;
using vitals::bench::print;
using Clock = std::chrono::steady_clock;

constexpr int kTransactions = 10'000;
constexpr int kAtOnce = 5;  // then a pause of a millisecond: 5,000 a second, less what they take

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// A request of a service with a query and a call, as vitals::monitor would tell it.
void transaction() {
  const context::Span root =
      context::start_transaction({.name = "GET /api/v1/users/{user_id}", .op = "http.server"});
  const context::SpanActivation active = root.activate();
  root.set_data("http.request.method", "GET");
  root.set_data("url.path", "/api/v1/users/4711");
  const context::Span cache = context::start_span("cache.get", "user:4711");
  cache.set_data("cache.hit", false);
  cache.finish();
  const context::Span query = context::start_span("db", "SELECT users");
  query.set_data("db.operation.name", "SELECT");
  query.set_data("db.collection.name", "users");
  query.finish();
  const context::Span call = context::start_span("http.client", "GET https://prices.example/eggs");
  call.set_data("http.request.method", "GET");
  call.set_http_status(200);
  call.finish();
  root.set_http_status(200);
  root.finish();
}

/// CPU of the whole process for each transaction, in microseconds, until `flush` has returned.
template <class Flush>
double measure(Flush flush) {
  const context::Scope scope = context::Scope::fork();
  const context::Activation here = scope.activate();
  scope.set_tag("request_id", "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42");
  const double before = cpu_seconds();
  for (int i = 0; i < kTransactions; ++i) {
    transaction();
    if (i % kAtOnce == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  flush();
  return (cpu_seconds() - before) / kTransactions * 1e6;
}

struct Result {
  double cpu = 0;
  double lost = 0;
  double requests = 0;
  double bytes = 0;
};

Result with_nobody() {
  return {.cpu = measure([] {})};
}

Result with_otlp(otlp::Compression compression) {
  const LocalSink sink{LocalSink::Manner::kAnswers};
  otlp::Options options;
  options.traces.url = "http://" + sink.address() + "/v1/traces";
  options.traces.compression = compression;
  options.metrics.enabled = options.logs.enabled = false;
  auto guard = otlp::init(std::move(options));
  if (!guard) throw std::runtime_error{guard.error().message};
  Result result;
  result.cpu = measure([&] { static_cast<void>(guard->flush(std::chrono::seconds{60})); });
  const auto sent = otlp::stats().of(otlp::Signal::kTraces, otlp::Outcome::kSent);
  result.lost = 4.0 * kTransactions - static_cast<double>(sent);
  result.requests = static_cast<double>(sink.got().requests.load());
  result.bytes = static_cast<double>(sink.got().bytes.load()) / kTransactions;
  return result;
}

Result with_sentry() {
  const LocalSink sink{LocalSink::Manner::kAnswers};
  sentry::Options options;
  options.dsn = "http://key@" + sink.address() + "/1";
  options.traces_sample_rate = 1.0;
  auto guard = sentry::init(std::move(options));
  if (!guard) throw std::runtime_error{guard.error().message};
  Result result;
  result.cpu = measure([] { static_cast<void>(sentry::flush(std::chrono::seconds{60})); });
  const auto sent = sentry::stats().count(sentry::Category::kTransaction, sentry::Outcome::kSent);
  result.lost = kTransactions - static_cast<double>(sent);
  result.requests = static_cast<double>(sink.got().requests.load());
  result.bytes = static_cast<double>(sink.got().bytes.load()) / kTransactions;
  return result;
}

/// Each in a process of its own: what one leaves behind is not the next one's.
template <class Way>
Result in_child(Way way) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) throw std::runtime_error{"no pipe"};
  const pid_t child = fork();
  if (child == 0) {
    try {
      const Result result = way();
      if (write(ends[1], &result, sizeof result) == sizeof result) std::_Exit(0);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    std::_Exit(1);
  }
  close(ends[1]);
  Result result;
  const bool whole = read(ends[0], &result, sizeof result) == sizeof result;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!whole || status != 0) throw std::runtime_error{"a way of sending has failed"};
  return result;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Rounds {
  std::vector<double> cpu;
  Result last;
  void add(const Result& result) {
    cpu.push_back(result.cpu);
    last = result;
  }
};

}  // namespace

int main() {
  try {
    const char* const given = std::getenv("ROUNDS");
    const int rounds = given == nullptr ? 5 : std::max(1, std::atoi(given));
    Rounds nobody;
    Rounds batches;
    Rounds packed;
    Rounds envelopes;
    for (int round = 0; round < rounds; ++round) {
      nobody.add(in_child([] { return with_nobody(); }));
      batches.add(in_child([] { return with_otlp(otlp::Compression::kNone); }));
      packed.add(in_child([] { return with_otlp(otlp::Compression::kGzip); }));
      envelopes.add(in_child([] { return with_sentry(); }));
    }
    const double floor = median(nobody.cpu);
    print("transaction_nobody_cpu", floor, "us", "-");
    print("transaction_otlp_cpu", median(batches.cpu) - floor, "us", "<=8");
    print("transaction_otlp_lost", batches.last.lost, "spans", "0");
    print("transaction_otlp_requests", batches.last.requests, "requests", "-");
    print("transaction_otlp_size", batches.last.bytes, "bytes", "-");
    print("transaction_otlp_gzip_cpu", median(packed.cpu) - floor, "us", "-");
    print("transaction_otlp_gzip_size", packed.last.bytes, "bytes", "-");
    print("transaction_sentry_cpu", median(envelopes.cpu) - floor, "us", "-");
    print("transaction_sentry_lost", envelopes.last.lost, "items", "-");
    print("transaction_sentry_size", envelopes.last.bytes, "bytes", "-");
    print("transaction_otlp_ratio", (median(batches.cpu) - floor) / (median(envelopes.cpu) - floor),
          "of Sentry", "<=0.25");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
