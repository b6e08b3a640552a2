#include "vitals/monitor/request_id.h"

#include <gmock/gmock.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace vitals::monitor {
namespace {

TEST(RequestId, KeepsAValidOneOfUpTo64Characters) {
  const std::string longest(64, 'x');
  EXPECT_EQ(RequestId::accept_or_make(longest).view(), longest);
  EXPECT_EQ(RequestId::accept_or_make("A.z_0-9").view(), "A.z_0-9");
}

TEST(RequestId, ReplacesWhatIsEmptyTooLongOrHasOtherCharacters) {
  for (const std::string& bad :
       {std::string{}, std::string(65, 'x'), std::string{"a b"}, std::string{"a\nb"},
        std::string{"a/b"}, std::string{"\xC3\xA9"}, std::string("a\0b", 3)}) {
    const RequestId id = RequestId::accept_or_make(bad);
    EXPECT_THAT(std::string{id.view()},
                ::testing::MatchesRegex(
                    "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  }
}

TEST(RequestId, OfManyThreadsNeverRepeats) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < kEach; ++i)
        ids.emplace_back(RequestId::accept_or_make({}).view());
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  std::set<std::string> all;
  for (const auto& ids : made)
    all.insert(ids.begin(), ids.end());
  EXPECT_EQ(all.size(), static_cast<std::size_t>(kThreads * kEach));
}

}  // namespace
}  // namespace vitals::monitor
