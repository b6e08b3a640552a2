// Captures from everywhere while it ends: `exit_program DSN [CA file]`. Statics made before and
// after the client, objects of a thread, a handler of atexit(), and threads that nobody waits for.
// With a third argument it has used OpenSSL before the client does, and handles crashes.
#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>

#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/client.h"

namespace {

namespace context = vitals::context;
namespace sentry = vitals::sentry;

void use_everything(const std::string& words) {
  const context::Scope scope = context::Scope::current();
  const auto active = scope.activate();
  context::set_tag("place", words);
  context::add_breadcrumb({.message = words});
  const context::Span transaction = context::start_transaction({.name = "end", .op = "task"});
  {
    const auto current = transaction.activate();
    context::start_span("db").finish();
    try {
      throw std::runtime_error(words);
    } catch (const std::exception& error) {
      context::capture_exception(error);
    }
  }
  transaction.finish();
}

struct AtItsEnd {
  const char* words;
  ~AtItsEnd() { use_everything(words); }
};

AtItsEnd made_first{"ends after the client"};
sentry::Guard client;

void at_exit() {
  use_everything("at exit");
}

}  // namespace

int main(int argc, char** argv) {
  const bool used_openssl = argc > 3;
  if (used_openssl) {
    using Init = int (*)(std::uint64_t, const void*);
    const auto init = reinterpret_cast<Init>(dlsym(RTLD_DEFAULT, "OPENSSL_init_crypto"));
    if (init == nullptr || init(0, nullptr) != 1) return 3;
  }
  sentry::Options options;
  options.dsn = argv[1];
  if (argc > 2) options.ca_file = argv[2];
  options.traces_sample_rate = 1.0;
  options.handle_crashes = used_openssl;
  auto started = sentry::init(std::move(options));
  if (!started) return 1;
  client = std::move(*started);
  static AtItsEnd made_last{"ends before the client"};
  std::atexit(at_exit);
  thread_local AtItsEnd of_main{"ends with the thread of main"};
  static_cast<void>(of_main);
  static std::atomic<int> running{0};
  for (int i = 0; i < 2; ++i) {
    std::thread{[] {
      thread_local AtItsEnd never{"never"};
      static_cast<void>(never);
      ++running;
      for (;; std::this_thread::sleep_for(std::chrono::milliseconds{5}))
        use_everything("a thread that nobody waits for");
    }}.detach();
  }
  while (running < 2)
    std::this_thread::yield();
  return 0;
}
