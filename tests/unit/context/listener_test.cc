#include "vitals/context/listener.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "context/listeners.h"
#include "vitals/context/scope.h"

namespace vitals::context {
namespace {

using namespace std::chrono_literals;

/// What one backend would be told, without any backend.
class Ear final : public Listener {
 public:
  explicit Ear(const Settings& settings = {.traces_sample_rate = 1.0}) : settings_(settings) {
    EXPECT_TRUE(start_listening(*this, &settings_));
  }
  ~Ear() override { EXPECT_TRUE(stop_listening(*this, std::chrono::steady_clock::now() + 5s)); }

  EventId captured(const Capture& capture) noexcept override {
    ++captures;
    last_message =
        std::string{capture.exception != nullptr ? capture.exception->what() : capture.message};
    return capture.id;
  }
  void finished(const SharedTransaction& transaction) noexcept override {
    transactions.push_back(transaction);
  }
  [[nodiscard]] WorkEnded work_ended() noexcept override {
    return [](WorkStatus status) noexcept { last_work = status; };
  }

  int captures = 0;
  std::string last_message;
  std::vector<SharedTransaction> transactions;
  static inline WorkStatus last_work = WorkStatus::kOk;

 private:
  const Settings settings_;
};

TEST(Listener, WithoutOneNothingIsKept) {
  EXPECT_FALSE(enabled());
  EXPECT_FALSE(Scope::fork());
  EXPECT_FALSE(start_transaction({.name = "job"}));
  EXPECT_FALSE(capture_message("nobody hears"));
  EXPECT_TRUE(outgoing_trace("http://other/").traceparent.empty());
}

/// One that looks at nothing of an error but its words.
class Deaf final : public Listener {
 public:
  Deaf() { EXPECT_TRUE(start_listening(*this)); }
  ~Deaf() override { EXPECT_TRUE(stop_listening(*this, std::chrono::steady_clock::now() + 5s)); }
  EventId captured(const Capture&) noexcept override { return {}; }
  void finished(const SharedTransaction&) noexcept override {}
  [[nodiscard]] bool captures_breadcrumbs() const noexcept override { return false; }
};

TEST(Listener, SaysWhetherBreadcrumbsOfErrorsAreOfUse) {
  EXPECT_FALSE(captures_breadcrumbs()) << "nobody listens";
  const Deaf deaf;
  EXPECT_FALSE(captures_breadcrumbs());
  {
    const Ear ear;
    EXPECT_TRUE(captures_breadcrumbs()) << "one of both looks at them";
  }
  EXPECT_FALSE(captures_breadcrumbs());
}

TEST(Listener, ATransactionMayHaveBegunBeforeAndNotLater) {
  Ear ear;
  const auto now = std::chrono::steady_clock::now();
  start_transaction({.name = "waited", .start = now - 1s}).finish();
  start_transaction({.name = "ahead", .start = now + 1h}).finish();
  ASSERT_EQ(ear.transactions.size(), 2U);
  const auto took = [&](std::size_t which) {
    const FinishedSpan root = ear.transactions[which]->span(0);
    return root.end - root.start;
  };
  EXPECT_GE(took(0), 1s);
  EXPECT_LT(took(0), 60s);
  EXPECT_GE(took(1), 0s);
  EXPECT_LT(took(1), 60s);
}

TEST(Listener, IsToldOfErrorsAndFinishedTransactions) {
  Ear ear;
  const Span transaction = start_transaction({.name = "GET /users/{id}", .op = "http.server"});
  {
    const SpanActivation active = transaction.activate();
    const Span part = start_span("db", "SELECT users");
    part.set_data("rows", 3);
    part.finish();
  }
  transaction.set_http_status(200);
  EXPECT_TRUE(capture_exception(std::runtime_error{"no eggs"}));
  transaction.finish();

  EXPECT_EQ(ear.captures, 1);
  EXPECT_EQ(ear.last_message, "no eggs");
  ASSERT_EQ(ear.transactions.size(), 1U);
  const FinishedTransaction& told = *ear.transactions.front();
  EXPECT_EQ(told.name(), "GET /users/{id}");
  ASSERT_EQ(told.size(), 2U);
  const FinishedSpan whole = told.span(0);
  const FinishedSpan part = told.span(1);
  EXPECT_EQ(whole.op, "http.server");
  EXPECT_EQ(whole.status, SpanStatus::kOk);
  EXPECT_EQ(part.description, "SELECT users");
  EXPECT_EQ(part.parent_span_id, whole.span_id);
  EXPECT_EQ(part.trace_id, whole.trace_id);
  EXPECT_LE(whole.start, part.start);
  EXPECT_LE(part.end, whole.end);
  std::vector<std::pair<std::string, std::int64_t>> fields;
  told.for_each_field(1, [&](std::string_view name, const ValueView& value) {
    fields.emplace_back(name, value.as_int());
  });
  EXPECT_EQ(fields, (std::vector<std::pair<std::string, std::int64_t>>{{"rows", 3}}));
}

TEST(Listener, SeveralAreToldTheSameUnderTheSameNumber) {
  Ear one;
  Ear other;
  EXPECT_TRUE(capture_message("to both"));
  start_transaction({.name = "job"}).finish();
  EXPECT_EQ(one.last_message, "to both");
  EXPECT_EQ(other.last_message, "to both");
  ASSERT_EQ(one.transactions.size(), 1U);
  ASSERT_EQ(other.transactions.size(), 1U);
  EXPECT_EQ(one.transactions[0]->id(), other.transactions[0]->id());
  EXPECT_EQ(one.transactions[0].get(), other.transactions[0].get()) << "nothing is copied";
}

TEST(Listener, ThereIsABoundToThem) {
  std::vector<std::unique_ptr<Ear>> ears;
  for (std::size_t i = 0; i < kMaxListeners; ++i)
    ears.push_back(std::make_unique<Ear>());
  class Late final : public Listener {
    EventId captured(const Capture&) noexcept override { return {}; }
    void finished(const SharedTransaction&) noexcept override {}
  } late;
  EXPECT_FALSE(start_listening(late));
  ears.pop_back();
  EXPECT_TRUE(start_listening(late));
  EXPECT_TRUE(stop_listening(late, std::chrono::steady_clock::now() + 5s));
}

TEST(Listener, OfOneThatHasEndedNothingIsCalledAnyMore) {
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&done] {
      while (!done) {
        capture_message("busy");
        start_transaction({.name = "job"}).finish();
      }
    });
  }
  struct Counting final : Listener {
    EventId captured(const Capture& capture) noexcept override {
      EXPECT_TRUE(alive);
      ++calls;
      return capture.id;
    }
    void finished(const SharedTransaction&) noexcept override { EXPECT_TRUE(alive); }
    std::atomic<bool> alive{true};
    std::atomic<int> calls{0};
  };
  for (int round = 0; round < 20; ++round) {
    Counting listener;
    ASSERT_TRUE(start_listening(listener));
    while (listener.calls < 10)
      std::this_thread::yield();
    ASSERT_TRUE(stop_listening(listener, std::chrono::steady_clock::now() + 20s));
    listener.alive = false;
  }
  done = true;
  for (std::thread& thread : threads)
    thread.join();
}

TEST(Listener, AChildOfForkStartsAnewAlsoWhereItsParentWasAboutToStop) {
  struct Slow final : Listener {
    EventId captured(const Capture& capture) noexcept override {
      entered = true;
      while (!leave)
        std::this_thread::yield();
      return capture.id;
    }
    void finished(const SharedTransaction&) noexcept override {}
    std::atomic<bool> entered{false};
    std::atomic<bool> leave{false};
  } slow;
  ASSERT_TRUE(start_listening(slow));
  std::thread capturing{[] { capture_message("slow"); }};
  while (!slow.entered)
    std::this_thread::yield();
  std::thread stopping{
      [&slow] { EXPECT_TRUE(stop_listening(slow, std::chrono::steady_clock::now() + 60s)); }};
  while (enabled())
    std::this_thread::yield();
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    detail::forget_listeners();
    Slow own;
    _exit(start_listening(own) ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  slow.leave = true;
  stopping.join();
  capturing.join();
}

TEST(Listener, WhatASendingThreadCapturesIsLeftOut) {
  Ear ear;
  std::thread{[] {
    become_sending_thread();
    EXPECT_FALSE(capture_message("from a hook"));
  }}.join();
  EXPECT_EQ(ear.captures, 0);
}

TEST(Listener, HearsHowWorkEnded) {
  Ear ear;
  Scope::fork().end_work(WorkStatus::kAbandoned);
  EXPECT_EQ(Ear::last_work, WorkStatus::kAbandoned);
  Scope::fork().end_work();
  EXPECT_EQ(Ear::last_work, WorkStatus::kOk);
}

TEST(Listener, ABaggageHeaderPassesThroughUnchangedWhereNobodyAddsToIt) {
  const Ear ear;
  const Span transaction = start_transaction({.name = "job"});
  const SpanActivation active = transaction.activate();
  const TraceHeaders headers = outgoing_trace("http://other/", "tenant=blue;prop=1,x=y");
  EXPECT_EQ(headers.baggage, "tenant=blue;prop=1,x=y");
  EXPECT_EQ(headers.traceparent,
            "00-" + transaction.trace_id().str() + "-" + transaction.span_id().str() + "-03");
}

}  // namespace
}  // namespace vitals::context
