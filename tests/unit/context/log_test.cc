#include "vitals/context/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "context/listeners.h"
#include "context/log_attributes.h"
#include "context/scope_state.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"

namespace vitals::context {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr std::uint32_t kRoom = 16 * 1024;

/// A line as a listener may keep it.
struct HeardLine {
  LogLevel level;
  std::string text;
  Timestamp timestamp;
  TraceId trace_id;
  SpanId span_id;
  std::size_t own;  // attributes of the line itself
  Fields attributes;
};

/// Keeps the lines that it is told of, where it wants any.
class LogEar final : public Listener {
 public:
  explicit LogEar(bool wants, Settings settings = {.traces_sample_rate = 1.0})
      : wants_(wants), settings_(std::move(settings)) {
    EXPECT_TRUE(start_listening(*this, &settings_));
  }
  ~LogEar() override { stop(); }
  void stop() { EXPECT_TRUE(stop_listening(*this, std::chrono::steady_clock::now() + 5s)); }

  EventId captured(const Capture& capture) noexcept override { return capture.id; }
  void finished(const SharedTransaction&) noexcept override {}
  [[nodiscard]] bool wants_logs() const noexcept override {
    ++asked;
    return wants_;
  }
  void logged(const LogLine& line) noexcept override {
    detail::InlineBytes<256> bytes;
    detail::append_log_attributes<kRoom>(bytes, line.attributes.span());
    lines.push_back({line.level, std::string{line.text}, line.timestamp, line.trace_id,
                     line.span_id, line.attributes.size(), detail::log_attributes(bytes.view())});
  }

  mutable int asked = 0;
  std::vector<HeardLine> lines;

 private:
  const bool wants_;
  const Settings settings_;
};

std::vector<std::string> texts(const LogEar& ear) {
  std::vector<std::string> all;
  for (const HeardLine& line : ear.lines)
    all.push_back(line.text);
  return all;
}

TEST(Log, GoesToEachListenerThatWantsLinesAndToNoOther) {
  LogEar one{true};
  LogEar deaf{false};
  LogEar other{true};
  constexpr Timestamp kThen{std::chrono::seconds{1'700'000'000}};
  log(LogLevel::kWarn, "few pears", {{"left", 2}, {"shop", "harbour"}}, kThen);
  EXPECT_THAT(deaf.lines, IsEmpty());
  for (const LogEar* const ear : {&one, &other}) {
    ASSERT_THAT(ear->lines, SizeIs(1));
    const HeardLine& line = ear->lines[0];
    EXPECT_EQ(line.level, LogLevel::kWarn);
    EXPECT_EQ(line.text, "few pears");
    EXPECT_EQ(line.timestamp, kThen);
    EXPECT_EQ(line.own, 2U);
    EXPECT_EQ(line.attributes,
              (Fields{{"left", std::int64_t{2}}, {"shop", std::string{"harbour"}}}));
  }
  EXPECT_TRUE(one.lines[0].trace_id);
  EXPECT_EQ(one.lines[0].trace_id, other.lines[0].trace_id);
}

TEST(Log, AListenerIsAskedOnceWhetherItWantsLines) {
  LogEar ear{true};
  LogEar deaf{false};
  log(LogLevel::kInfo, "one");
  log(LogLevel::kInfo, "two");
  EXPECT_EQ(ear.asked, 1);
  EXPECT_EQ(deaf.asked, 1);
}

TEST(Log, WhereNobodyWantsLinesNobodyIsToldOfAny) {
  EXPECT_FALSE(takes_logs());
  log(LogLevel::kFatal, "nobody listens");
  LogEar deaf{false};
  EXPECT_FALSE(takes_logs());
  log(LogLevel::kFatal, "nobody wants it");
  EXPECT_THAT(deaf.lines, IsEmpty());
  detail::log(LogLevel::kFatal, "taken just before the last one stopped", {}, {});
  EXPECT_THAT(deaf.lines, IsEmpty());
}

TEST(Log, AListenerThatHasStoppedIsToldOfNoMoreLines) {
  LogEar stays{true};
  {
    LogEar goes{true};
    log(LogLevel::kInfo, "to both");
    goes.stop();
    EXPECT_TRUE(takes_logs()) << "one is there still";
    log(LogLevel::kInfo, "to one");
    EXPECT_THAT(texts(goes), ElementsAre("to both"));
  }
  EXPECT_THAT(texts(stays), ElementsAre("to both", "to one"));
  stays.stop();
  EXPECT_FALSE(takes_logs());
  log(LogLevel::kInfo, "to nobody");
  EXPECT_THAT(stays.lines, SizeIs(2));
}

TEST(Log, WhoTakesTheSlotOfOneThatWantedLinesWantsNoneByThat) {
  { const LogEar before{true}; }
  LogEar deaf{false};
  EXPECT_FALSE(takes_logs());
  detail::log(LogLevel::kInfo, "to nobody", {}, {});
  EXPECT_THAT(deaf.lines, IsEmpty());
}

TEST(Log, BearsTheTimeOfTheCallWhereTheCallerHasNone) {
  LogEar ear{true};
  const Timestamp before = std::chrono::system_clock::now();
  log(LogLevel::kInfo, "now");
  const Timestamp after = std::chrono::system_clock::now();
  ASSERT_THAT(ear.lines, SizeIs(1));
  EXPECT_GE(ear.lines[0].timestamp, before);
  EXPECT_LE(ear.lines[0].timestamp, after);
}

TEST(Log, BearsTheIdsOfTheActiveSpan) {
  LogEar ear{true};
  const Span transaction = start_transaction({.name = "job"});
  const Span part = transaction.start_child("db");
  {
    const SpanActivation active = transaction.activate();
    log(LogLevel::kInfo, "in the transaction");
    const SpanActivation inner = part.activate();
    log(LogLevel::kInfo, "in its part");
  }
  ASSERT_THAT(ear.lines, SizeIs(2));
  EXPECT_EQ(ear.lines[0].trace_id, transaction.trace_id());
  EXPECT_EQ(ear.lines[0].span_id, transaction.span_id());
  EXPECT_EQ(ear.lines[1].trace_id, transaction.trace_id());
  EXPECT_EQ(ear.lines[1].span_id, part.span_id());
}

TEST(Log, BearsTheIdsOfASpanThatIsNotRecordedToo) {
  LogEar ear{true, {.traces_sample_rate = 0.0}};
  const Span transaction = start_transaction({.name = "job"});
  {
    const SpanActivation active = transaction.activate();
    log(LogLevel::kInfo, "unsampled");
  }
  ASSERT_THAT(ear.lines, SizeIs(1));
  EXPECT_EQ(ear.lines[0].trace_id, transaction.trace_id());
  EXPECT_EQ(ear.lines[0].span_id, transaction.span_id());
}

TEST(Log, OutsideOfEverySpanBearsTheTraceOfItsScope) {
  LogEar ear{true};
  log(LogLevel::kInfo, "of the process");
  const Scope scope = Scope::fork();
  {
    const Activation active = scope.activate();
    log(LogLevel::kInfo, "of the scope");
    const std::string headers = outgoing_trace("http://other/").traceparent;
    ASSERT_THAT(ear.lines, SizeIs(2));
    EXPECT_EQ(headers.substr(3, 32), ear.lines[1].trace_id.str());
    log(LogLevel::kInfo, "of the scope again");
  }
  ASSERT_THAT(ear.lines, SizeIs(3));
  EXPECT_TRUE(ear.lines[0].trace_id);
  EXPECT_NE(ear.lines[0].trace_id, ear.lines[1].trace_id);
  EXPECT_EQ(ear.lines[1].trace_id, ear.lines[2].trace_id);
  for (const HeardLine& line : ear.lines)
    EXPECT_FALSE(line.span_id) << line.text;
}

/// A scope of the thread's own over a global one that is empty before and after the test.
class LogAttributes : public ::testing::Test {
 protected:
  LogAttributes() { detail::ScopeState::global()->clear(); }
  ~LogAttributes() override { detail::ScopeState::global()->clear(); }

  static std::vector<std::string> names(const Fields& attributes) {
    std::vector<std::string> all;
    for (const auto& [name, value] : attributes)
      all.push_back(name);
    return all;
  }
  const Fields& heard() {
    EXPECT_THAT(ear.lines, SizeIs(1));
    return ear.lines.back().attributes;
  }

  LogEar ear{true};
  const Scope scope = Scope::fork();
  const Activation active = scope.activate();
};

TEST_F(LogAttributes, AreTheLinesOwnThenItsScopesThenTheProcess) {
  Scope::global().set_attribute("who", "process");
  Scope::global().set_attribute("of-all", 1);
  scope.set_attribute("who", "scope");
  scope.set_attribute("place", "scope");
  scope.set_user_id("user-1");
  log(LogLevel::kInfo, "x", {{"place", "line"}, {"own", 7}});
  const std::string line = "line";
  EXPECT_THAT(heard(), ElementsAre(Pair("place", Value{line}), Pair("own", Value{std::int64_t{7}}),
                                   Pair("who", Value{std::string{"scope"}}),
                                   Pair("user.id", Value{std::string{"user-1"}}),
                                   Pair("of-all", Value{std::int64_t{1}})));
}

TEST_F(LogAttributes, OfOneNameTheLastOfTheLinesOwnStands) {
  log(LogLevel::kInfo, "x", {{"a", 1}, {"b", 2}, {"a", 3}});
  EXPECT_THAT(heard(),
              ElementsAre(Pair("a", Value{std::int64_t{3}}), Pair("b", Value{std::int64_t{2}})));
}

TEST_F(LogAttributes, OfAProcessUserNothingIsSeenBesideTheScopesOwn) {
  Scope::global().set_user({.id = "process", .email = "a@b.c"});
  log(LogLevel::kInfo, "of the process' user");
  EXPECT_THAT(heard(), ElementsAre(Pair("user.id", Value{std::string{"process"}})));
  scope.set_user({.username = "ann"});
  log(LogLevel::kInfo, "of the scope's");
  EXPECT_THAT(ear.lines.back().attributes, IsEmpty()) << "nobody is named";
}

TEST_F(LogAttributes, NameTheUserOnlyWherePrivateDataIsKept) {
  ear.stop();
  LogEar open{true, {.keep_private_data = true}};
  scope.set_user({.id = "user-1", .username = "ann", .email = "ann@example.org"});
  log(LogLevel::kInfo, "x");
  ASSERT_THAT(open.lines, SizeIs(1));
  EXPECT_THAT(names(open.lines[0].attributes), ElementsAre("user.id", "user.name", "user.email"));
}

TEST_F(LogAttributes, HaveTheRoomInTheirOrder) {
  scope.set_attribute("large", std::string(200, 'x'));
  scope.set_attribute("small", 1);
  Scope::global().set_attribute("late", 2);
  const std::vector<FieldView> own{{"own", std::string_view{"0123456789"}}};
  detail::InlineBytes<64> bytes;
  detail::append_log_attributes<80>(bytes, own);
  EXPECT_THAT(names(detail::log_attributes(bytes.view())), ElementsAre("own", "small", "late"));
  detail::InlineBytes<64> fewer;
  detail::append_log_attributes<50>(fewer, own);
  EXPECT_THAT(names(detail::log_attributes(fewer.view())), ElementsAre("own", "small"));
}

// A signal handler that interrupts a call on a scope finds its lock held by its own thread.
TEST_F(LogAttributes, WithinACallOnTheScopeAreTheLinesOwnAndTheProcessAlone) {
  Scope::global().set_attribute("of-all", 1);
  scope.set_attribute("of-the-scope", 2);
  detail::ScopeState* const state = detail::ScopeState::active();
  ASSERT_TRUE(state->try_lock());
  log(LogLevel::kError, "within", {{"own", 7}});
  state->unlock();
  EXPECT_THAT(names(heard()), ElementsAre("own", "of-all"));
  EXPECT_FALSE(ear.lines[0].trace_id) << "the scope's, which cannot be read";
  log(LogLevel::kInfo, "after");
  EXPECT_THAT(names(ear.lines.back().attributes), ElementsAre("of-the-scope", "of-all"));
  EXPECT_TRUE(ear.lines.back().trace_id);
}

TEST(Log, WhatASendingThreadWritesIsLeftOut) {
  LogEar ear{true};
  std::thread{[] {
    become_sending_thread();
    log(LogLevel::kInfo, "from a hook");
  }}.join();
  EXPECT_THAT(ear.lines, IsEmpty());
}

TEST(Log, InAChildOfForkNobodyTakesLinesUntilOneStartsAnew) {
  LogEar ear{true};
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    detail::forget_listeners();
    if (takes_logs()) _exit(1);
    detail::log(LogLevel::kInfo, "to the parent's listener", {}, {});
    if (!ear.lines.empty()) _exit(2);
    LogEar own{true};
    log(LogLevel::kInfo, "to the child's");
    _exit(takes_logs() && own.lines.size() == 1 && ear.lines.empty() ? 0 : 3);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
}

TEST(Log, StoppingIsNotDoneWhileALineIsBeingTold) {
  struct SlowEar final : Listener {
    EventId captured(const Capture& capture) noexcept override { return capture.id; }
    void finished(const SharedTransaction&) noexcept override {}
    [[nodiscard]] bool wants_logs() const noexcept override { return true; }
    void logged(const LogLine&) noexcept override {
      entered = true;
      while (!leave)
        std::this_thread::yield();
    }
    std::atomic<bool> entered{false};
    std::atomic<bool> leave{false};
  } slow;
  ASSERT_TRUE(start_listening(slow));
  std::thread writing{[] { log(LogLevel::kInfo, "slow"); }};
  while (!slow.entered)
    std::this_thread::yield();
  EXPECT_FALSE(stop_listening(slow, std::chrono::steady_clock::now() + 20ms));
  EXPECT_FALSE(takes_logs());
  slow.leave = true;
  writing.join();
}

TEST(Log, OfAListenerThatHasEndedNothingIsCalledWhileThreadsGoOnWriting) {
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&done] {
      while (!done)
        log(LogLevel::kInfo, "busy");
    });
  }
  struct Counting final : Listener {
    EventId captured(const Capture& capture) noexcept override { return capture.id; }
    void finished(const SharedTransaction&) noexcept override {}
    [[nodiscard]] bool wants_logs() const noexcept override { return true; }
    void logged(const LogLine&) noexcept override {
      EXPECT_TRUE(alive);
      ++calls;
    }
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

TEST(LogLevelNames, AreTheProtocols) {
  std::vector<std::string_view> names;
  for (const LogLevel level : {LogLevel::kTrace, LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn,
                               LogLevel::kError, LogLevel::kFatal})
    names.push_back(to_string(level));
  EXPECT_THAT(names, ElementsAre("trace", "debug", "info", "warn", "error", "fatal"));
}

}  // namespace
}  // namespace vitals::context
