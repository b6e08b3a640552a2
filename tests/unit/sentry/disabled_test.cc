#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/listener.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/check_in.h"
#include "vitals/sentry/session.h"
#include "vitals/testing/memory_transport.h"

namespace {

std::atomic<bool> counting{false};
std::atomic<int> allocations{0};

void* counted_malloc(std::size_t size) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}

}  // namespace

// Counts for this whole program; only between begin_counting() and its end does it matter.
void* operator new(std::size_t size) {
  return counted_malloc(size);
}
void* operator new[](std::size_t size) {
  return counted_malloc(size);
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  try {
    return counted_malloc(size);
  } catch (...) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

int threads() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/task"}) {
    count += entry.exists() ? 1 : 0;
  }
  return count;
}

template <class Work>
int allocations_of(Work work) {
  allocations = 0;
  counting = true;
  work();
  counting = false;
  return allocations;
}

void use_everything() {
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_tag("a", "b");
  set_user_id("u");
  set_tag("a", "b");
  set_extra("a", 1);
  set_context("a", {{"b", 1}});
  set_request({.method = "GET", .url = "/"});
  add_breadcrumb({.category = "c", .message = "m", .data = {{"a", 1}}});
  const Span span = start_transaction({.name = "n", .op = "o"}, {.sentry_trace = "x"});
  const auto span_active = span.activate();
  const Span child = span.start_child("db");
  child.set_data("a", 1);
  child.finish();
  start_span("db").finish();
  span.set_http_status(200);
  span.finish();
  const auto context = Context::current().activate();
  capture_message("m", Level::kError, {.tags = {{"a", "b"}}});
  scope.add_attachment({.filename = "a", .bytes = "b"});
  scope.clear_attachments();
  scope.end_work();
  record_session(SessionStatus::kErrored);
  log(LogLevel::kError, "m", {{"a", "b"}});
  {
    CheckIn check_in{"nightly-report", {.schedule = crontab("0 3 * * *")}};
    check_in.succeed();
  }
  static_cast<void>(stats());
  set_sample_rates(0.5, 0.5);
  EXPECT_TRUE(flush(1s));
}

TEST(Disabled, AnEmptyDsnStartsNoThreadAndSucceeds) {
  const int before = threads();
  auto guard = init({});
  ASSERT_TRUE(guard);
  EXPECT_FALSE(enabled());
  EXPECT_EQ(threads(), before);
  EXPECT_TRUE(guard->end());
}

TEST(Disabled, NoCallAllocatesOrGivesAnything) {
  const std::runtime_error error{"x"};
  const std::exception_ptr pointer = std::make_exception_ptr(error);
  EXPECT_EQ(allocations_of([&] {
              use_everything();
              EXPECT_FALSE(capture_exception(error));
              EXPECT_FALSE(capture_exception(pointer));
              EXPECT_FALSE(Scope::current());
              EXPECT_FALSE(current_span());
            }),
            0);
}

class RequestCost : public ClientTest {};

TEST_F(RequestCost, AnUnsampledRequestTakesTwoAllocations) {
  Options given = options();
  given.traces_sample_rate = 0.0;
  start(std::move(given));
  const auto request = [] {
    const Scope scope = Scope::fork();
    const auto scope_active = scope.activate();
    const Span span =
        start_transaction({.name = "GET /api/v1/users/{user_id}", .op = "http.server"});
    const auto span_active = span.activate();
    scope.set_user_id("user-4711");
    scope.set_tag("request_id", "0b9d7a52-6e1f-4a55-9d3e-0b6a4c7c1d42");
    scope.set_tag("operation", "GET /api/v1/users/{user_id}");
    for (int i = 0; i < 4; ++i) {
      add_breadcrumb({.category = "query",
                      .message = "SELECT users",
                      .data = {{"rows", 1}, {"duration_ms", 0.4}}});
      start_span("db", "SELECT users").finish();
    }
    span.set_http_status(200);
    span.finish();
  };
  request();  // the first on a thread may set things up
  EXPECT_EQ(allocations_of(request), 2) << "scope, trace";
}

TEST_F(RequestCost, HandlesOutliveTheClientAndDoNothingThen) {
  start();
  const Scope scope = Scope::fork();
  const Span span = start_transaction({.name = "a"});
  EXPECT_TRUE(guard.end());
  EXPECT_FALSE(enabled());
  scope.set_tag("a", "b");
  scope.add_breadcrumb({.message = "x"});
  span.start_child("db").finish();
  span.finish();
  EXPECT_FALSE(capture_message("x"));
  EXPECT_TRUE(transport->envelopes().empty());
}

TEST(Init, RefusesBadOptionsWithoutShowingTheKey) {
  Options given;
  given.dsn = "https://s3cr3t@host";
  EXPECT_THAT(init(given).error().message, ::testing::Not(::testing::HasSubstr("s3cr3t")));
  given.dsn = "https://s3cr3t@host/1";
  given.sample_rate = 1.5;
  EXPECT_THAT(init(given).error().message, ::testing::HasSubstr("sample_rate"));
  given.sample_rate = 1;
  given.traces_sample_rate = -0.1;
  EXPECT_THAT(init(given).error().message, ::testing::HasSubstr("traces_sample_rate"));
  given.traces_sample_rate = 1;
  given.error_queue = 0;
  EXPECT_FALSE(init(given));
  EXPECT_FALSE(enabled());
}

TEST(Init, IsAnErrorWhereThereIsNoPlaceForAnotherListener) {
  class Deaf final : public context::Listener {
    EventId captured(const context::Capture&) noexcept override { return {}; }
    void finished(const context::SharedTransaction&) noexcept override {}
  };
  std::array<Deaf, context::kMaxListeners> others;
  for (Deaf& other : others)
    ASSERT_TRUE(context::start_listening(other));
  const auto guard = init({.dsn = "https://key@localhost/1",
                           .transport = std::make_shared<vitals::testing::MemoryTransport>()});
  ASSERT_FALSE(guard);
  EXPECT_NE(guard.error().message.find("too many listen"), std::string::npos);
  EXPECT_FALSE(sentry::enabled());
  for (Deaf& other : others)
    EXPECT_TRUE(context::stop_listening(other, std::chrono::steady_clock::now() + 5s));
}

TEST(Init, RefusesASecondClient) {
  Options given;
  given.dsn = "https://k@host/1";
  given.transport = std::make_shared<vitals::testing::MemoryTransport>();
  auto first = init(given);
  ASSERT_TRUE(first);
  EXPECT_FALSE(init(given));
  EXPECT_TRUE(first->end());
  EXPECT_TRUE(init(given));
}

}  // namespace
}  // namespace vitals::sentry
