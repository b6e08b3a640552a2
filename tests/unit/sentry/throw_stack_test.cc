#include <dlfcn.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <future>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "stack/throw_table.h"
#include "tests/unit/sentry/fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"

namespace {

// Of the thread that throws: the client's own begin as it starts, and allocate.
thread_local bool counting = false;
thread_local int allocations = 0;

}  // namespace

// Counts for this whole program; only a test that looks turns it on. An exception object does not
// come from here.
void* operator new(std::size_t size) {
  if (counting) ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace {

struct Odd {
  int number;
};
struct Padding {
  virtual ~Padding() = default;
  int unused = 0;
};
/// Its std::exception is not where the object begins.
class SecondBase : public Padding, public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class ThrowStackTest : public vitals::sentry::ClientTest {
 protected:
  /// The frames of a link, innermost first.
  static std::vector<vitals::sentry::Json> frames_of(const vitals::sentry::Json& exception) {
    std::vector<vitals::sentry::Json> frames;
    if (!exception.contains("stacktrace")) return frames;
    for (const auto& frame : exception["stacktrace"]["frames"]) {
      frames.insert(frames.begin(), frame);
    }
    return frames;
  }
  /// Of the only event, the innermost frame of the link that was captured.
  vitals::sentry::Json innermost() {
    const auto frames = frames_of(event()["exception"]["values"].back());
    EXPECT_FALSE(frames.empty());
    return frames.empty() ? vitals::sentry::Json{} : frames.front();
  }
};

/// Where the latest throw was.
std::atomic<int> thrown_at{0};

[[gnu::noinline]] void throw_error() {
  thrown_at = __LINE__ + 1;
  throw std::runtime_error{"thrown"};
}
[[gnu::noinline]] void throw_number() {
  thrown_at = __LINE__ + 1;
  throw 42;
}
[[gnu::noinline]] void throw_odd() {
  thrown_at = __LINE__ + 1;
  throw Odd{7};
}
[[gnu::noinline]] void throw_second_base() {
  thrown_at = __LINE__ + 1;
  throw SecondBase{"shifted"};
}
[[gnu::noinline]] std::exception_ptr make_error() {
  thrown_at = __LINE__ + 1;
  return std::make_exception_ptr(std::runtime_error{"made"});
}
[[gnu::noinline]] void wrap_error() {
  try {
    throw_error();
  } catch (...) {
    thrown_at = __LINE__ + 1;
    std::throw_with_nested(std::logic_error{"wrapped"});
  }
}
[[gnu::noinline]] void rethrow_error() {
  try {
    throw_error();
  } catch (...) {
    throw;
  }
}
[[gnu::always_inline]] inline void throw_inlined() {
  thrown_at = __LINE__ + 1;
  throw std::runtime_error{"inlined"};
}
[[gnu::noinline]] void calls_inlined() {
  throw_inlined();
}
[[gnu::noinline]] int dive(int depth) {
  if (depth > 0) return dive(depth - 1) + 1;
  if (thrown_at >= 0) throw_error();  // as far as the compiler knows, it may return
  return 0;
}

template <class Work>
std::exception_ptr exception_of(Work work) {
  try {
    work();
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

}  // namespace

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::EndsWith;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::SizeIs;

void expect_site(const Json& frame, std::string_view function) {
  EXPECT_EQ(frame["function"], "(anonymous namespace)::" + std::string{function});
  EXPECT_THAT(frame["abs_path"].get<std::string>(), EndsWith("/throw_stack_test.cc"));
  EXPECT_EQ(frame["lineno"], thrown_at.load()) << frame;
  EXPECT_EQ(frame["in_app"], true);
  EXPECT_THAT(frame["instruction_addr"].get<std::string>(), HasSubstr("0x"));
  EXPECT_THAT(frame["package"].get<std::string>(), HasSubstr("/sentry_stack_"));
}

TEST_F(ThrowStackTest, TheInnermostFrameIsTheFunctionThatThrew) {
  start();
  try {
    throw_error();
  } catch (const std::exception& caught) {
    capture_exception(caught);
  }
  expect_site(innermost(), "throw_error");
}

TEST_F(ThrowStackTest, ACaughtBaseThatIsNotTheStartOfTheObjectHasItsStackToo) {
  start();
  try {
    throw_second_base();
  } catch (const std::exception& caught) {
    capture_exception(caught);
  }
  expect_site(innermost(), "throw_second_base");
}

TEST_F(ThrowStackTest, WhatIsNoStdExceptionHasItsStackToo) {
  start();
  capture_exception(exception_of([] { throw_number(); }));
  expect_site(innermost(), "throw_number");
  transport->clear();
  capture_exception(exception_of([] { throw_odd(); }));
  expect_site(innermost(), "throw_odd");
}

TEST_F(ThrowStackTest, ARethrownExceptionKeepsTheStackOfItsThrow) {
  start();
  const std::exception_ptr first = exception_of([] { rethrow_error(); });
  capture_exception(exception_of([&] { std::rethrow_exception(first); }));
  expect_site(innermost(), "throw_error");
}

TEST_F(ThrowStackTest, EachOfNestedExceptionsHasItsOwnStack) {
  start();
  capture_exception(exception_of([] { wrap_error(); }));
  const int wrapped_at = thrown_at;
  const Json values = event()["exception"]["values"];
  ASSERT_THAT(values, SizeIs(2));
  const auto inner = frames_of(values[0]);
  const auto outer = frames_of(values[1]);
  ASSERT_FALSE(inner.empty());
  ASSERT_FALSE(outer.empty());
  EXPECT_EQ(inner[0]["function"], "(anonymous namespace)::throw_error");
  EXPECT_EQ(inner[1]["function"], "(anonymous namespace)::wrap_error");
  thrown_at = wrapped_at;
  expect_site(outer[0], "wrap_error");
}

TEST_F(ThrowStackTest, AMadeExceptionHasTheStackOfWhereItWasMade) {
  start();
  // The address of one that was thrown before, as likely as not.
  static_cast<void>(exception_of([] { throw_error(); }));
  capture_exception(make_error());
  expect_site(innermost(), "make_error");
}

TEST_F(ThrowStackTest, AnExceptionOfAThreadThatHasEndedHasItsStack) {
  start();
  std::exception_ptr thrown;
  std::thread{[&] { thrown = exception_of([] { throw_error(); }); }}.join();
  capture_exception(thrown);
  expect_site(innermost(), "throw_error");
}

TEST_F(ThrowStackTest, WhatWasNeverThrownShowsWhereItWasCaptured) {
  start();
  const int line = __LINE__ + 1;
  capture_exception(std::runtime_error{"never thrown"});
  const Json frame = innermost();
  EXPECT_THAT(frame["function"].get<std::string>(), HasSubstr("WhatWasNeverThrown"));
  EXPECT_EQ(frame["lineno"], line);
}

TEST_F(ThrowStackTest, AnInlinedCallIsAFrameOfItsOwn) {
  start();
  capture_exception(exception_of([] { calls_inlined(); }));
  const auto frames = frames_of(event()["exception"]["values"][0]);
  ASSERT_THAT(frames.size(), Ge(2U));
  expect_site(frames[0], "throw_inlined");
  EXPECT_EQ(frames[1]["function"], "(anonymous namespace)::calls_inlined");
  EXPECT_GT(frames[1]["lineno"].get<int>(), thrown_at.load());
}

TEST_F(ThrowStackTest, OfADeepStackTheInnermostAreKept) {
  start();
  capture_exception(exception_of([] { dive(500); }));
  const auto frames = frames_of(event()["exception"]["values"][0]);
  ASSERT_THAT(frames, SizeIs(64));
  expect_site(frames[0], "throw_error");
  EXPECT_EQ(frames[63]["function"], "(anonymous namespace)::dive");
}

TEST_F(ThrowStackTest, AnExceptionOutOfALibraryShowsTheLibraryAlsoWhenItIsGoneByThen) {
  // The client's thread is in a first event's hook until the library is gone.
  std::promise<void> unloaded;
  const std::shared_future<void> wait = unloaded.get_future().share();
  Options given = options();
  given.before_send = [wait](const Event& sent) {
    wait.wait();
    return sent.message.empty();
  };
  start(std::move(given));
  capture_message("first");
  void* const library = dlopen(THROWER_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto throws = reinterpret_cast<int (*)(int)>(dlsym(library, "throw_from_library"));
  ASSERT_NE(throws, nullptr);
  capture_exception(exception_of([&] { throws(1); }));
  EXPECT_EQ(dlclose(library), 0);
  EXPECT_EQ(dlopen(THROWER_LIBRARY, RTLD_NOW | RTLD_NOLOAD), nullptr);
  unloaded.set_value();
  const Json sent = event();
  const auto frames = frames_of(sent["exception"]["values"][0]);
  ASSERT_THAT(frames.size(), Ge(3U));
  EXPECT_EQ(frames[0]["function"], "thrower::deep_in_library");
  EXPECT_THAT(frames[0]["filename"].get<std::string>(), EndsWith("thrower.cc"));
  EXPECT_EQ(frames[0]["package"], THROWER_LIBRARY);
  EXPECT_EQ(frames[1]["function"], "throw_from_library");
}

TEST_F(ThrowStackTest, OnlyTheModulesOfTheFramesAreImages) {
  start();
  capture_exception(exception_of([] { throw_error(); }));
  const Json sent = event();
  const Json images = sent["debug_meta"]["images"];
  ASSERT_THAT(images.size(), Ge(1U));
  for (const Json& image : images) {
    EXPECT_EQ(image["type"], "elf");
    EXPECT_THAT(image["debug_id"].get<std::string>(), SizeIs(36));
    bool named = false;
    for (const Json& frame : sent["exception"]["values"][0]["stacktrace"]["frames"]) {
      named = named || frame.value("package", "") == image["code_file"];
    }
    EXPECT_TRUE(named) << image;
  }
}

TEST_F(ThrowStackTest, AThrowAllocatesNothingMore) {
  start();
  static_cast<void>(exception_of([] { throw_odd(); }));
  counting = true;
  static_cast<void>(exception_of([] { throw_odd(); }));
  counting = false;
  EXPECT_EQ(allocations, 0);
}

TEST_F(ThrowStackTest, ThreadsThatThrowAtFullSpeedGetTheirOwnStacks) {
  start();
  std::array<std::thread, 2> threads;
  std::atomic<int> wrong{0};
  for (auto& thread : threads) {
    thread = std::thread{[&wrong] {
      for (int i = 0; i < 300; ++i) {
        const std::exception_ptr caught =
            exception_of([i] { i % 2 ? throw_odd() : throw_number(); });
        if (!caught) ++wrong;
        if (i % 50 == 0) capture_exception(caught);
      }
    }};
  }
  for (auto& thread : threads)
    thread.join();
  EXPECT_EQ(wrong.load(), 0);
  for (const Json& sent : sent("event")) {
    const Json exception = sent["exception"]["values"][0];
    EXPECT_EQ(frames_of(exception)[0]["function"], exception["type"] == "int"
                                                       ? "(anonymous namespace)::throw_number"
                                                       : "(anonymous namespace)::throw_odd");
  }
}

using SmallTable = stack::detail::ThrowTable<1, 2, 4>;

TEST(ThrowTable, KeepsTheNewestOfASet) {
  SmallTable table;
  std::array<std::uintptr_t, 4> out{};
  for (std::uintptr_t object = 1; object <= 3; ++object) {
    EXPECT_TRUE(table.record(object, 9, std::array{object * 10}));
  }
  EXPECT_EQ(table.find(1, 9, out), 0U);
  EXPECT_EQ(table.find(2, 9, out), 1U);
  EXPECT_EQ(table.find(3, 9, out), 1U);
  EXPECT_EQ(out[0], 30U);
}

TEST(ThrowTable, TheSameObjectTakesItsOwnPlaceAgain) {
  SmallTable table;
  std::array<std::uintptr_t, 4> out{};
  table.record(1, 9, std::array<std::uintptr_t, 1>{10});
  table.record(2, 9, std::array<std::uintptr_t, 1>{20});
  table.record(1, 8, std::array<std::uintptr_t, 2>{11, 12});
  EXPECT_EQ(table.find(1, 9, out), 0U) << "of another type";
  EXPECT_EQ(table.find(1, 8, out), 2U);
  EXPECT_EQ(table.find(2, 9, out), 1U);
}

TEST(ThrowTable, AStackThatIsTooDeepIsCut) {
  SmallTable table;
  std::array<std::uintptr_t, 4> out{};
  table.record(1, 9, std::array<std::uintptr_t, 6>{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(table.find(1, 9, out), 4U);
  EXPECT_EQ(table.find(1, 9, std::span{out}.first(2)), 2U);
}

TEST(ThrowTable, NobodyReadsAStackThatIsHalfWritten) {
  SmallTable table;
  std::atomic<bool> done{false};
  std::array<std::thread, 2> writers;
  for (std::uintptr_t who = 0; who < writers.size(); ++who) {
    writers[who] = std::thread{[&, who] {
      for (std::uintptr_t i = 1; !done; ++i) {
        const std::uintptr_t mark = i * 2 + who;
        table.record(who * 2 + i % 2 + 1, 9, std::array{mark, mark, mark, mark});
      }
    }};
  }
  int found = 0;
  for (int i = 0; i < 200'000 || found == 0; ++i) {
    std::array<std::uintptr_t, 4> out{};
    const auto object = static_cast<std::uintptr_t>(i % 4 + 1);
    if (table.find(object, 9, out) == 0) continue;
    ++found;
    const bool whole =
        out[1] == out[0] && out[2] == out[0] && out[3] == out[0] && out[0] % 2 == (object - 1) / 2;
    ASSERT_TRUE(whole);
  }
  done = true;
  for (auto& writer : writers)
    writer.join();
}

}  // namespace
}  // namespace vitals::sentry
