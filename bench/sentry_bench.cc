#include <benchmark/benchmark.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "privacy/scrub.h"
#include "sentry/event/event_json.h"
#include "sentry/grouping/fingerprint_rules.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/log.h"
#include "vitals/sentry/session.h"

// What the Sentry client costs the calling thread. The transport takes everything at once, so that
// the figures are those of the hand-over and not of a network.

namespace {

namespace context = vitals::context;
namespace privacy = vitals::privacy;
namespace sentry = vitals::sentry;

class NullTransport : public vitals::delivery::Transport {
 public:
  vitals::delivery::SendResult send(const vitals::delivery::SendRequest&) override {
    return {.status = 200};
  }
};

enum class Tracing { kOff, kNone, kAll };

sentry::Guard start(Tracing tracing = Tracing::kOff) {
  sentry::Options options;
  options.dsn = "https://key@localhost/1";
  options.transport = std::make_shared<NullTransport>();
  options.error_queue = 1 << 16;
  options.transaction_queue = 1 << 16;
  options.queue_bytes = std::size_t{1} << 30;
  options.shutdown_timeout = std::chrono::seconds{30};
  options.release = "bench@1";
  options.enable_logs = true;
  if (tracing == Tracing::kNone) options.traces_sample_rate = 0.0;
  if (tracing == Tracing::kAll) options.traces_sample_rate = 1.0;
  return std::move(sentry::init(std::move(options))).value();
}

/// Lets the client's thread, at its low priority, catch up without its time being measured.
void drain(benchmark::State& state, std::int64_t& since) {
  if (++since < 200) return;
  since = 0;
  state.PauseTiming();
  sentry::flush(std::chrono::seconds{30});
  state.ResumeTiming();
}

void capture_exception(benchmark::State& state) {
  const sentry::Guard guard = start();
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  scope.set_user_id("user-4711");
  scope.set_tag("request_id", "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42");
  for (int i = 0; i < 50; ++i) {
    scope.add_breadcrumb({.category = "query", .message = "SELECT users"});
  }
  const std::runtime_error error{"the database did not answer in time"};
  std::int64_t since = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(context::capture_exception(error));
    drain(state, since);
  }
}
BENCHMARK(capture_exception);

/// Calls itself so often before it throws.
[[gnu::noinline]] int fall(int depth) {
  if (depth > 0) {
    const int below = fall(depth - 1);
    benchmark::DoNotOptimize(below);
    return below + 1;
  }
  throw std::runtime_error{"thrown"};
}

/// What a throw through 25 calls costs; with a client active, its stack is kept.
void throw_through_25(benchmark::State& state, bool with_client) {
  const sentry::Guard guard = with_client ? start() : sentry::Guard{};
  for (auto _ : state) {
    try {
      benchmark::DoNotOptimize(fall(24));
    } catch (const std::exception& caught) {
      benchmark::DoNotOptimize(caught.what());
    }
  }
}
BENCHMARK_CAPTURE(throw_through_25, plain, false);
BENCHMARK_CAPTURE(throw_through_25, recorded, true);

/// From a throw through 25 calls to bytes that are ready to go, the client's thread included.
void throw_capture_send(benchmark::State& state) {
  const sentry::Guard guard = start();
  for (auto _ : state) {
    for (int i = 0; i < 200; ++i) {
      try {
        benchmark::DoNotOptimize(fall(24));
      } catch (const std::exception& caught) {
        context::capture_exception(caught);
      }
    }
    sentry::flush(std::chrono::seconds{30});
  }
  state.SetItemsProcessed(state.iterations() * 200);
}
BENCHMARK(throw_capture_send)->UseRealTime()->Unit(benchmark::kMillisecond);

void add_breadcrumb(benchmark::State& state) {
  const sentry::Guard guard = start();
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  for (auto _ : state) {
    context::add_breadcrumb({.category = "query",
                             .message = "SELECT users",
                             .data = {{"rows", 1}, {"duration_ms", 0.4}}});
  }
}
BENCHMARK(add_breadcrumb);

void set_tag(benchmark::State& state) {
  const sentry::Guard guard = start();
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  context::set_tag("request_id", "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42");
  for (auto _ : state)
    context::set_tag("operation", "GET /api/v1/users/{user_id}");
}
BENCHMARK(set_tag);

void transaction_with_three_spans(benchmark::State& state, Tracing tracing) {
  const sentry::Guard guard = start(tracing);
  std::int64_t since = 0;
  for (auto _ : state) {
    const context::Span transaction =
        context::start_transaction({.name = "GET /api/v1/users/{user_id}", .op = "http.server"});
    for (int i = 0; i < 3; ++i) {
      const context::Span span = transaction.start_child("db", "SELECT users");
      span.finish();
    }
    transaction.finish();
    if (tracing == Tracing::kAll) drain(state, since);
  }
}
BENCHMARK_CAPTURE(transaction_with_three_spans, rate_1, Tracing::kAll);
BENCHMARK_CAPTURE(transaction_with_three_spans, rate_0, Tracing::kNone);
BENCHMARK_CAPTURE(transaction_with_three_spans, tracing_off, Tracing::kOff);

/// All that an ordinary request does with the client when its trace is not sampled.
void unsampled_request(benchmark::State& state) {
  static sentry::Guard guard;
  if (state.thread_index() == 0) guard = start(Tracing::kNone);
  for (auto _ : state) {
    const context::Scope scope = context::Scope::fork();
    const context::Activation scope_active = scope.activate();
    const context::Span transaction =
        context::start_transaction({.name = "GET /api/v1/users/{user_id}", .op = "http.server"});
    const context::SpanActivation span_active = transaction.activate();
    scope.set_user_id("user-4711");
    scope.set_tag("request_id", "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42");
    scope.set_tag("operation", "GET /api/v1/users/{user_id}");
    for (int i = 0; i < 4; ++i) {
      scope.add_breadcrumb({.category = "query",
                            .message = "SELECT users",
                            .data = {{"rows", 1}, {"duration_ms", 0.4}}});
    }
    transaction.set_http_status(200);
    transaction.finish();
  }
  if (state.thread_index() == 0) guard.end();
}
BENCHMARK(unsampled_request)->Threads(1)->Threads(2)->UseRealTime();

void record_session(benchmark::State& state) {
  static sentry::Guard guard;
  if (state.thread_index() == 0) guard = start();
  for (auto _ : state)
    sentry::record_session();
  if (state.thread_index() == 0) guard.end();
}
BENCHMARK(record_session)->Threads(1)->Threads(2)->UseRealTime();

void log_line(benchmark::State& state) {
  const sentry::Guard guard = start();
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  scope.set_user_id("user-4711");
  scope.set_tag("request_id", "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42");
  std::int64_t since = 0;
  for (auto _ : state) {
    sentry::log(sentry::LogLevel::kInfo, "order placed", {{"order.id", 4711}, {"total", 12.5}});
    drain(state, since);
  }
}
BENCHMARK(log_line);

/// An error with 50 breadcrumbs, as the client's thread has it in hand.
sentry::Event typical_event() {
  sentry::Event event;
  event.message = "the database did not answer in time";
  sentry::ExceptionRecord exception;
  exception.type = "shop::DatabaseError";
  exception.value = "timeout of 5 s at db-1:5432, query SELECT id FROM users WHERE id = 5";
  for (int i = 0; i < 30; ++i) {
    sentry::FrameRecord frame;
    frame.function = "shop::Store::save(shop::Order const&)";
    frame.filename = "save.cc";
    frame.abs_path = "/src/shop/store/save.cc";
    frame.package = "/opt/shop/bin/shop";
    exception.frames.push_back(frame);
  }
  event.exceptions.push_back(exception);
  event.tags = {{"request_id", "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42"}, {"region", "eu-1"}};
  for (int i = 0; i < 50; ++i) {
    context::BreadcrumbRecord crumb;
    crumb.category = "query";
    crumb.message = "SELECT id, name FROM users WHERE id = $1";
    crumb.data = {{"rows", std::int64_t{1}}, {"duration_ms", 0.4}, {"table", std::string{"users"}}};
    event.breadcrumbs.push_back(crumb);
  }
  return event;
}

void write_event(benchmark::State& state) {
  const sentry::Event event = typical_event();
  std::string out;
  for (auto _ : state) {
    out.clear();
    sentry::detail::write_event(event, {}, out);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(out.size()) * state.iterations());
}
BENCHMARK(write_event);

void scrub_text(benchmark::State& state) {
  const std::string text = "timeout of 5 s at db-1:5432, query SELECT id FROM users WHERE id = $1";
  std::string scratch;
  for (auto _ : state)
    benchmark::DoNotOptimize(privacy::scrub_text(text, false, scratch));
  state.SetBytesProcessed(static_cast<std::int64_t>(text.size()) * state.iterations());
}
BENCHMARK(scrub_text);

void is_sensitive(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(privacy::is_sensitive("db.operation.duration_ms"));
}
BENCHMARK(is_sensitive);

/// Rules of which none holds, a third of them about frames.
void fingerprint_rules(benchmark::State& state) {
  std::string text;
  for (int i = 0; i < state.range(0); ++i) {
    const std::string n = std::to_string(i);
    text += i % 3 == 0   ? "path:**/module" + n + "/*.cc app:yes -> a\n"
            : i % 3 == 1 ? "type:Error" + n + " message:\"*refused " + n + "*\" -> b\n"
                         : "message:\"*reset by peer " + n + "*\" -> c\n";
  }
  const sentry::detail::FingerprintRules rules =
      std::move(sentry::detail::parse_fingerprint_rules(text)).value();
  sentry::Event event = typical_event();
  for (auto _ : state)
    benchmark::DoNotOptimize(rules.apply(event));
}
BENCHMARK(fingerprint_rules)->Arg(3)->Arg(30)->Arg(300);

void disabled_breadcrumb(benchmark::State& state) {
  for (auto _ : state) {
    context::add_breadcrumb({.category = "query", .message = "SELECT users"});
    benchmark::ClobberMemory();
  }
}
BENCHMARK(disabled_breadcrumb);

void disabled_set_tag(benchmark::State& state) {
  for (auto _ : state) {
    context::set_tag("operation", "GET /api/v1/users/{user_id}");
    benchmark::ClobberMemory();
  }
}
BENCHMARK(disabled_set_tag);

void disabled_capture(benchmark::State& state) {
  const std::runtime_error error{"nobody asks"};
  for (auto _ : state)
    benchmark::DoNotOptimize(context::capture_exception(error));
}
BENCHMARK(disabled_capture);

void disabled_transaction(benchmark::State& state) {
  for (auto _ : state) {
    const context::Span span = context::start_transaction({.name = "GET /", .op = "http.server"});
    span.finish();
    benchmark::ClobberMemory();
  }
}
BENCHMARK(disabled_transaction);

}  // namespace

BENCHMARK_MAIN();
