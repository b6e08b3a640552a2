#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "context/new_id.h"

namespace vitals::context {

namespace {

TEST(Ids, AreThirtyTwoAndSixteenLowerCaseHexadecimalDigits) {
  const TraceId trace{{{0x00, 0x01, 0x0a, 0xff, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}};
  EXPECT_EQ(trace.str(), "00010aff0405060708090a0b0c0d0e0f");
  EXPECT_EQ(detail::new_id<SpanId>().str().size(), 16U);
}

TEST(Ids, OfEventsAreUuidsOfVersionFour) {
  for (int i = 0; i < 100; ++i) {
    const std::string text = detail::new_event_id().str();
    EXPECT_EQ(text[12], '4');
    EXPECT_NE(std::string{"89ab"}.find(text[16]), std::string::npos);
  }
}

TEST(Ids, OfManyThreadsAreAllDifferent) {
  constexpr int kThreads = 8;
  constexpr int kEach = 2000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : made) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < kEach; ++i)
        mine.push_back(detail::new_id<TraceId>().str());
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::set<std::string> all;
  for (const auto& mine : made)
    all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), std::size_t{kThreads * kEach});
}

TEST(Ids, OfAForkedChildAreNotTheParents) {
  static_cast<void>(base::Random::next());  // seeded before the fork
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::uint64_t bits = base::Random::next();
    const bool written = write(ends[1], &bits, sizeof bits) == sizeof bits;
    _exit(written ? 0 : 1);
  }
  ASSERT_GT(child, 0);
  std::uint64_t theirs = 0;
  ASSERT_EQ(read(ends[0], &theirs, sizeof theirs), static_cast<ssize_t>(sizeof theirs));
  int status = 0;
  waitpid(child, &status, 0);
  close(ends[0]);
  close(ends[1]);
  EXPECT_NE(base::Random::next(), theirs);
}

}  // namespace
}  // namespace vitals::context
