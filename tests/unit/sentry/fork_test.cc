#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "fixture.h"
#include "ledger.h"
#include "tests/unit/temp_folder.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

class ForkTest : public ClientTest {
 protected:
  /// Runs `work` in a child; its result, or -1 when it did not end by itself.
  template <class Work>
  static int in_child(const Work& work) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(30);  // a child that hangs is ended
      _exit(work());
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

TEST_F(ForkTest, AChildHasNoClientAndSendsNothingOfItsParents) {
  const TempFolder folder;
  Options given = options();
  given.cache_dir = folder.path();
  start(std::move(given));
  transport->hang();
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_EQ(in_child([this] {
              if (enabled()) return 1;
              if (capture_message("in the child")) return 2;
              set_tag("a", "b");
              if (!flush(kPlenty)) return 3;
              if (stats().queue_depth != 0) return 4;
              if (!guard.end(kPlenty)) return 5;
              return 0;
            }),
            0);
  EXPECT_EQ(spooled_in(folder.path()), 0U);
  transport->answer_with(200);
  EXPECT_TRUE(guard.end(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 10U);
}

// ThreadSanitizer allows no threads in a child of fork().
#ifndef __SANITIZE_THREAD__
TEST_F(ForkTest, AChildMayStartAClientOfItsOwn) {
  start();
  EXPECT_EQ(in_child([] {
              auto own = std::make_shared<vitals::testing::MemoryTransport>();
              Options given = options();
              given.transport = own;
              auto started = init(std::move(given));
              if (!started) return 1;
              if (!capture_message("in the child")) return 2;
              if (!started->end(kPlenty)) return 3;
              return own->envelopes().size() == 1 ? 0 : 4;
            }),
            0);
}
#endif

TEST_F(ForkTest, IsSafeWhileThreadsCaptureAndFlush) {
  start();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!stop) {
        capture_message("x");
        add_breadcrumb({.message = "x"});
        static_cast<void>(flush(1ms));
      }
    });
  }
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(in_child([this] { return capture_message("x") || !guard.end(kPlenty) ? 1 : 0; }), 0);
  }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
}

}  // namespace
}  // namespace vitals::sentry
