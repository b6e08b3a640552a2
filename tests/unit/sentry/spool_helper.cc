// A service as small as can be, for tests that need several processes. `spool_helper MODE DSN
// CACHE_DIR`: `capture` captures 50 errors and says so once all are sent or on disk; `drain` says
// so once nothing waits any more. Then both wait for SIGTERM and end their client.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <string_view>
#include <thread>

#include "delivery/pace.h"
#include "vitals/context/capture.h"
#include "vitals/sentry/client.h"

int main(int argc, char** argv) {
  namespace context = vitals::context;
  namespace sentry = vitals::sentry;
  using namespace std::chrono_literals;
  if (argc != 4) return 2;
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);
  vitals::delivery::detail::usual_pace.first_pause = 1ms;
  vitals::delivery::detail::usual_pace.longest_pause = 20ms;
  vitals::delivery::detail::usual_pace.replay = 1ms;
  vitals::delivery::detail::usual_pace.rescan = 20ms;
  sentry::Options options;
  options.dsn = argv[2];
  options.cache_dir = argv[3];
  options.handle_crashes = false;
  auto guard = sentry::init(std::move(options));
  if (!guard) return 1;
  if (std::string_view{argv[1]} == "capture") {
    for (int i = 0; i < 50; ++i)
      context::capture_message("x");
    sentry::flush(60s);
  } else {
    for (int quiet = 0; quiet < 100; ++quiet) {
      if (sentry::stats().spool_bytes > 0) quiet = 0;
      std::this_thread::sleep_for(1ms);
    }
  }
  static_cast<void>(write(STDOUT_FILENO, "!", 1) + 1);
  int signal = 0;
  sigwait(&term, &signal);
  guard->end(10s);
  return 0;
}
