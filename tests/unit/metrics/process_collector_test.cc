#include "vitals/metrics/process_collector.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <thread>

#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {
namespace {

using ::vitals::testing::Snapshot;

class ProcessCollectorTest : public ::testing::Test {
 protected:
  ProcessCollectorTest() { add_process_collector(registry_); }
  double now(std::string_view name) { return Snapshot(registry_).value(name).value(); }

  Registry registry_;
};

TEST_F(ProcessCollectorTest, CountsTheCpuSecondsThatAreUsed) {
  const double before = now("process_cpu_seconds_total");
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(50);
  volatile unsigned spin = 0;
  while (std::chrono::steady_clock::now() < end)
    spin = spin + 1;
  const double used = now("process_cpu_seconds_total") - before;
  EXPECT_GT(used, 0.001);
  EXPECT_LT(used, 10);
}

TEST_F(ProcessCollectorTest, SeesAnOpenedFile) {
  const double before = now("process_open_fds");
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  EXPECT_EQ(now("process_open_fds"), before + 1);
  ::close(fd);
  EXPECT_EQ(now("process_open_fds"), before);
}

TEST_F(ProcessCollectorTest, SeesAnotherThread) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  // With the first thread ThreadSanitizer starts one of its own. None is joined before the count: it
  // would be listed for a moment longer.
  std::thread first{[ended] { ended.wait(); }};
  const double before = now("process_threads");
  std::thread second{[ended] { ended.wait(); }};
  EXPECT_EQ(now("process_threads"), before + 1);
  end.set_value();
  first.join();
  second.join();
}

TEST_F(ProcessCollectorTest, TellsMemoryThatIsPlausible) {
  const double resident = now("process_resident_memory_bytes");
  EXPECT_GT(resident, 1 << 20);
  EXPECT_GT(now("process_virtual_memory_bytes"), resident);
}

TEST_F(ProcessCollectorTest, StartedBeforeNowAndNotLongAgo) {
  const double clock =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  const double start = now("process_start_time_seconds");
  EXPECT_LT(start, clock + 2);
  EXPECT_GT(start, clock - 3600);
}

TEST_F(ProcessCollectorTest, LeavesOutALimitThatIsNone) {
  const auto limit = [](auto resource) {
    rlimit value{};
    getrlimit(resource, &value);
    return value.rlim_cur;
  };
  const Snapshot snapshot(registry_);
  EXPECT_EQ(snapshot.value("process_max_fds").has_value(), limit(RLIMIT_NOFILE) != RLIM_INFINITY);
  EXPECT_EQ(snapshot.value("process_virtual_memory_max_bytes").has_value(),
            limit(RLIMIT_AS) != RLIM_INFINITY);
}

}  // namespace
}  // namespace vitals::metrics
