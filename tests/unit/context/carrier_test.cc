#include "vitals/context/carrier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <coroutine>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "vitals/context/listener.h"
#include "vitals/context/scope.h"

namespace vitals::context {
namespace {

using ::testing::IsEmpty;

/// Somebody listens, so that scopes and spans are there.
class CarrierTest : public ::testing::Test {
 protected:
  class Nobody final : public Listener {
   public:
    EventId captured(const Capture& capture) noexcept override { return capture.id; }
    void finished(const SharedTransaction&) noexcept override {}
  };

  void SetUp() override { ASSERT_TRUE(start_listening(listener_, &settings_)); }
  void TearDown() override {
    ASSERT_TRUE(
        stop_listening(listener_, std::chrono::steady_clock::now() + std::chrono::minutes{1}));
  }

  const Settings settings_{.traces_sample_rate = 1.0};
  Nobody listener_;
};

/// Threads that take the next piece of work in turns.
class Pool {
 public:
  explicit Pool(int threads) {
    for (int i = 0; i < threads; ++i)
      threads_.emplace_back([this] { run(); });
  }
  ~Pool() {
    {
      const std::lock_guard lock{mutex_};
      ended_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_)
      thread.join();
  }
  void post(std::function<void()> work) {
    {
      const std::lock_guard lock{mutex_};
      work_.push_back(std::move(work));
    }
    changed_.notify_one();
  }

 private:
  void run() {
    for (;;) {
      std::function<void()> work;
      {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return ended_ || !work_.empty(); });
        if (work_.empty()) return;
        work = std::move(work_.front());
        work_.pop_front();
      }
      work();
      // The thread has again what it had before: nothing.
      if (current_span() || !log_ids_are_empty()) strangers_.fetch_add(1);
    }
  }
  static bool log_ids_are_empty() { return detail::log_ids().request_id.empty(); }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> work_;
  bool ended_ = false;
  std::vector<std::thread> threads_;

 public:
  std::atomic<int> strangers_{0};
};

/// Goes on on another thread.
struct Hop {
  Pool& pool;
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> coroutine) const {
    pool.post([coroutine] { coroutine.resume(); });
  }
  void await_resume() const noexcept {}
};

/// A task that begins at once and is waited for by a thread.
struct Task {
  struct promise_type : CarriesContext {
    Task get_return_object() {
      return Task{std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    auto initial_suspend() { return on_start(std::suspend_never{}); }
    auto final_suspend() noexcept { return on_end(Done{*this}); }
    void return_void() {}
    void unhandled_exception() { error = std::current_exception(); }

    struct Done {
      promise_type& promise;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<>) const noexcept {
        const auto done = promise.done;  // once it is true the promise may go
        *done = true;
        done->notify_all();
      }
      void await_resume() const noexcept {}
    };
    std::shared_ptr<std::atomic<bool>> done = std::make_shared<std::atomic<bool>>(false);
    std::exception_ptr error;
  };

  explicit Task(std::coroutine_handle<promise_type> handle) : coroutine(handle) {}
  Task(Task&& other) noexcept : coroutine(std::exchange(other.coroutine, nullptr)) {}
  ~Task() {
    if (coroutine) coroutine.destroy();
  }
  void wait() {
    coroutine.promise().done->wait(false);
    if (coroutine.promise().error) std::rethrow_exception(coroutine.promise().error);
  }
  std::coroutine_handle<promise_type> coroutine;
};

Task work_on(Pool& pool, int number, std::atomic<int>& wrong) {
  const std::string id = "request-" + std::to_string(number);
  const Scope scope = Scope::fork();
  const Activation active = scope.activate();
  const Span span = start_transaction({.name = id});
  const SpanActivation active_span = span.activate();
  const detail::LogIdsActivation ids{{id, {}}};
  for (int i = 0; i < 20; ++i) {
    co_await Hop{pool};
    if (current_span().span_id() != span.span_id() || detail::log_ids().request_id != id)
      wrong.fetch_add(1);
    set_tag("step", std::to_string(i));
    {
      const Span part = start_span("step");
      const SpanActivation inner = part.activate();
      co_await Hop{pool};
      if (current_span().span_id() != part.span_id()) wrong.fetch_add(1);
    }
  }
}

TEST_F(CarrierTest, WhatACoroutineActivatesGoesWithItFromThreadToThread) {
  std::atomic<int> wrong{0};
  int strangers = 0;
  {
    Pool pool{4};
    std::vector<Task> tasks;
    for (int i = 0; i < 32; ++i)
      tasks.push_back(work_on(pool, i, wrong));
    for (Task& task : tasks)
      task.wait();
    EXPECT_FALSE(current_span());
    strangers = pool.strangers_;
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(strangers, 0);
}

Task fails(Pool& pool) {
  const Span span = start_transaction({.name = "fails"});
  const SpanActivation active = span.activate();
  co_await Hop{pool};
  throw std::runtime_error("no water");
}

TEST_F(CarrierTest, AnExceptionLeavesTheThreadAsItWas) {
  int strangers = 0;
  {
    Pool pool{1};
    Task task = fails(pool);
    EXPECT_THROW(task.wait(), std::runtime_error);
    pool.post([] {});
    strangers = pool.strangers_;
  }
  EXPECT_EQ(strangers, 0);
  EXPECT_FALSE(current_span());
}

TEST_F(CarrierTest, ACoroutineBeginsWithWhatIsCurrentWhereItIsCalled) {
  Pool pool{2};
  const Span span = start_transaction({.name = "caller"});
  std::optional<SpanId> seen;
  const auto look = [&](Pool& on) -> Task {
    co_await Hop{on};
    seen = current_span().span_id();
  };
  Task task = [&] {
    const SpanActivation active = span.activate();
    return look(pool);
  }();
  task.wait();
  EXPECT_EQ(seen, span.span_id());
}

/// Says that it suspends, and then that it does not.
struct NotAfterAll {
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
  int await_resume() const noexcept { return 7; }
};
struct ThrowsInstead {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("full"); }
  void await_resume() const noexcept {}
};

TEST_F(CarrierTest, ASuspensionThatDoesNotComeChangesNothing) {
  bool good = false;
  const auto run = [&]() -> Task {
    const Span span = start_transaction({.name = "a"});
    const SpanActivation active = span.activate();
    good = co_await NotAfterAll{} == 7 && current_span().span_id() == span.span_id();
    try {
      co_await ThrowsInstead{};
    } catch (const std::runtime_error&) {
      good = good && current_span().span_id() == span.span_id();
    }
  };
  run().wait();
  EXPECT_TRUE(good);
  EXPECT_FALSE(current_span());
}

TEST_F(CarrierTest, CarryGivesAThreadWhatIsCurrentHere) {
  const Span span = start_transaction({.name = "caller"});
  std::optional<SpanId> seen;
  std::string id;
  {
    const SpanActivation active = span.activate();
    const detail::LogIdsActivation ids{{"request-1", {}}};
    std::jthread worker{carry([&](int argument) {
                          seen = current_span().span_id();
                          id = std::string{detail::log_ids().request_id} + std::to_string(argument);
                        }),
                        5};
  }
  EXPECT_EQ(seen, span.span_id());
  EXPECT_EQ(id, "request-15");
}

TEST_F(CarrierTest, OneSegmentRunsAtATime) {
  Carrier carrier;
  EXPECT_FALSE(carrier.leave());
  ASSERT_TRUE(carrier.enter());
  EXPECT_TRUE(carrier.runs_here());
  EXPECT_FALSE(carrier.enter());
  std::jthread{[&] {
    EXPECT_FALSE(carrier.enter());
    EXPECT_FALSE(carrier.runs_here());
  }};
  EXPECT_TRUE(carrier.leave());
}

/// What a coroutine holds over its suspensions.
struct Held {
  explicit Held(const char* request_id)
      : ids(std::in_place, detail::LogIds{request_id, {}}),
        scope(std::in_place, Scope::fork()),
        span(std::in_place, start_transaction({.name = request_id})) {}
  void end() {
    span.reset();
    scope.reset();
    ids.reset();
  }

  std::optional<detail::LogIdsActivation> ids;
  std::optional<Activation> scope;
  std::optional<SpanActivation> span;
};

TEST_F(CarrierTest, ACoroutineMayBeDestroyedWhileItIsSuspended) {
  Held outside{"the thread's own"};
  {
    Carrier carrier;
    ASSERT_TRUE(carrier.enter());
    Held inside{"the coroutine's"};
    ASSERT_TRUE(carrier.leave());
    inside.end();  // no assertion fails
    EXPECT_EQ(detail::log_ids().request_id, "the thread's own");
    std::jthread{[&] { Held{"another thread's"}.end(); }};
  }
  EXPECT_EQ(detail::log_ids().request_id, "the thread's own");
  EXPECT_TRUE(current_span());
  outside.end();
  EXPECT_FALSE(current_span());
}

// Another wrong way: two coroutines that take turns on one thread without a carrier. Nothing of a
// request that has ended may stay.
void take_turns() {
  Held first{"the first"};
  Held second{"the second"};
  first.end();
  second.end();
}

#ifdef NDEBUG
TEST_F(CarrierTest, ActivationsThatEndOutOfOrderLeaveNothingCurrent) {
  std::thread{[] {
    take_turns();
    EXPECT_FALSE(current_span());
    EXPECT_THAT(detail::log_ids().request_id, IsEmpty());
    Held next{"the next"};
    EXPECT_EQ(detail::log_ids().request_id, "the next");
    next.end();
    EXPECT_FALSE(current_span());
    EXPECT_THAT(detail::log_ids().request_id, IsEmpty());
  }}.join();
}
#else
TEST_F(CarrierTest, ActivationsThatEndOutOfOrderAreFoundByAnAssertion) {
  EXPECT_DEATH(take_turns(), "Carrier");
}
#endif

// The wrong way: held over a move to another thread without a carrier. It must neither hang nor touch
// what is gone.
void hold_over_a_move() {
  std::optional<Activation> active;
  std::optional<SpanActivation> active_span;
  std::optional<detail::LogIdsActivation> ids;
  {
    const Scope scope = Scope::fork();
    scope.set_tag("request_id", "of a request that has ended");
    const Span span = start_transaction({.name = "a"});
    active.emplace(scope);
    active_span.emplace(span);
    ids.emplace(detail::LogIds{"of a request that has ended", {}});
    span.finish();
  }
  std::thread{[&] {
    ids.reset();
    active_span.reset();
    active.reset();
  }}.join();
}

#ifdef NDEBUG
TEST_F(CarrierTest, AnActivationThatEndsOnAnotherThreadLeavesNothingThatIsGone) {
  std::thread{[] {
    hold_over_a_move();
    for (int i = 0; i < 1000; ++i) {
      set_tag("later", "work");
      static_cast<void>(capture_message("later"));
      start_span("later").finish();
    }
    EXPECT_EQ(detail::log_ids().request_id, "of a request that has ended");
    const Scope next = Scope::fork();
    const Activation active = next.activate();
    set_tag("next", "request");
  }}.join();
  EXPECT_THAT(detail::log_ids().request_id, IsEmpty());
}
#else
TEST_F(CarrierTest, AnActivationThatEndsOnAnotherThreadIsFoundByAnAssertion) {
  EXPECT_DEATH(hold_over_a_move(), "Carrier");
}
#endif

}  // namespace
}  // namespace vitals::context
