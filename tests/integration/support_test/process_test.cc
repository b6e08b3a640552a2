#include "integration/support/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <set>
#include <thread>

#include "integration/support/ports.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

TEST(Process, KeepsOutputErrorsAndExitCode) {
  const Finished end =
      run({.command = {"sh", "-c", "cat; echo said >&2; exit 7"}, .input = "heard"});
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 7);
  EXPECT_EQ(end.output, "heard");
  EXPECT_EQ(end.errors, "said\n");
}

TEST(Process, GivesNothingOfTheTestsEnvironment) {
  ::setenv("SECRET_OF_THE_TEST", "1", 1);
  const Finished end = run({.command = {"sh", "-c", "echo \"$SECRET_OF_THE_TEST,$GIVEN\""},
                            .environment = {{"GIVEN", "2"}}});
  EXPECT_EQ(end.output, ",2\n");
}

TEST(Process, WorksInItsDirectoryAndTellsTheSignalThatEndedIt) {
  const TempDir folder;
  Process process{{.command = {"sh", "-c", "pwd; exec sleep 60"}, .directory = folder.path()}};
  EXPECT_TRUE(eventually([&] { return process.output() == folder.path() + "\n"; }));
  EXPECT_FALSE(process.wait(50ms));
  EXPECT_TRUE(process.running());
  process.send_signal(SIGTERM);
  const auto status = process.wait(30s);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, -1);
  EXPECT_EQ(status->signal, SIGTERM);
}

TEST(Process, IsGoneWithItsObject) {
  pid_t pid = 0;
  {
    const Process process{{.command = {"sleep", "60"}}};
    pid = process.pid();
    EXPECT_EQ(::kill(pid, 0), 0);
  }
  EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Ports, AreFreeAndNeverGivenTwice) {
  std::set<std::uint16_t> ports;
  for (int i = 0; i < 50; ++i) {
    const std::uint16_t port = free_port();
    EXPECT_TRUE(ports.insert(port).second);
    const int fd = listen_on(port);
    EXPECT_GE(fd, 0);
    ::close(fd);
  }
}

TEST(Ports, ATakenOneCannotBeListenedOn) {
  const TakenPort taken;
  EXPECT_EQ(listen_on(taken.number()), -1);
}

TEST(Proc, CountsTheTestsOwnSocketsThreadsAndFiles) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  // ThreadSanitizer starts one of its own with the first. None is joined before the count: it would
  // be listed for a moment longer.
  std::thread first{[ended] { ended.wait(); }};
  const std::size_t files = open_files_of(::getpid());
  const std::size_t threads = threads_of(::getpid());
  std::thread second{[ended] { ended.wait(); }};
  const std::size_t threads_with_one_more = threads_of(::getpid());
  end.set_value();
  first.join();
  second.join();
  const TakenPort taken;
  EXPECT_EQ(sockets_of(::getpid()).listening_ports(), std::vector<std::uint16_t>{taken.number()});
  EXPECT_GE(open_files_of(::getpid()), files + 1);
  EXPECT_TRUE(
      eventually([] { return thread_names_of(::getpid()).size() == threads_of(::getpid()); }));
  EXPECT_EQ(threads_with_one_more, threads + 1);
  EXPECT_GT(memory_of(::getpid()), 1U << 20U);
}

TEST(Proc, CountsTheTimeOnTheProcessor) {
  const double before = cpu_time_of(::getpid()).total();
  EXPECT_TRUE(eventually([&] {
    volatile double work = 1;
    for (int i = 0; i < 1'000'000; ++i)
      work = work * 1.0000001;
    return cpu_time_of(::getpid()).total() > before;
  }));
}

}  // namespace
}  // namespace integration
