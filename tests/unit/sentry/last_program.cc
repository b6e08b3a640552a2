// Captures, and then ends: `last_program HOW DSN CACHE_DIR COUNT [MORE]`, where HOW is one of
// ways(). CACHE_DIR may be empty. MORE is `everything`, for one of each that is not an error, or
// `answered` where the server answers: then an error is sent first; or a number, of the lock that
// is held when a signal comes. Run by last_test.cc.
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/log.h"
#include "vitals/sentry/session.h"

// The crashes are ours to see, not the sanitizers'.
#define VITALS_SANITIZER_OPTIONS                                                  \
  "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:" \
  "use_sigaltstack=0:detect_leaks=0"
extern "C" const char* __asan_default_options() {
  return VITALS_SANITIZER_OPTIONS;
}
// One of the ends is an exit() within a handler, which joins no thread.
extern "C" const char* __tsan_default_options() {
  return VITALS_SANITIZER_OPTIONS ":report_signal_unsafe=0:report_thread_leaks=0";
}

namespace {

namespace context = vitals::context;
namespace sentry = vitals::sentry;
using namespace std::chrono_literals;

[[gnu::noinline, gnu::no_sanitize("undefined")]] void crash_by_null() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;
}

void throw_nested() {
  try {
    try {
      throw std::runtime_error{"the cable is cut"};
    } catch (...) {
      std::throw_with_nested(std::logic_error{"no answer"});
    }
  } catch (...) {
    std::throw_with_nested(std::out_of_range{"no page"});
  }
}

/// Overwrites what malloc() knows of its blocks, which then aborts with the heap's lock held.
void break_the_heap() {
  std::array<char*, 8> blocks{};
  for (char*& block : blocks)
    block = static_cast<char*>(std::malloc(2000));
  char* volatile first = blocks[0];
  std::fill_n(first, 8000, 'A');
  for (char* const block : blocks)
    std::free(block);
  for (std::size_t i = 0; i < 64; ++i)
    std::free(std::malloc(i * 97));
}

/// Keeps the scope's lock and others busy while the process ends.
void capture_on_threads() {
  static std::atomic<int> running{0};
  for (int i = 0; i < 2; ++i) {
    std::thread{[] {
      for (++running;; std::this_thread::sleep_for(1ms)) {
        context::add_breadcrumb({.message = "busy"});
        sentry::record_session();
      }
    }}.detach();
  }
  while (running < 2)
    std::this_thread::yield();
}

/// Soon this thread is interrupted by a handler that calls exit().
void exit_by_signal(std::chrono::milliseconds soon) {
  signal(SIGUSR1, [](int) { std::exit(1); });
  std::thread{[soon, main_thread = pthread_self()] {
    std::this_thread::sleep_for(soon);
    pthread_kill(main_thread, SIGUSR1);
  }}.detach();
}

/// At which locking of a mutex by this thread a signal comes, while the mutex is held.
thread_local int locks_to_signal = 0;

std::atomic<bool> all_captured{false};
bool statics_capture = false;
struct CapturesAtItsEnd {
  const char* words;
  ~CapturesAtItsEnd() {
    if (statics_capture) context::capture_message(words);
  }
};
CapturesAtItsEnd older_than_the_client{"an older static ends"};

std::string cache_folder;
int locks_to_hold = 0;

const std::map<std::string_view, std::function<void()>>& ways() {
  static const std::map<std::string_view, std::function<void()>> all{
      {"null", crash_by_null},
      {"null_on_thread", [] { std::thread{crash_by_null}.join(); }},
      {"abort", [] { std::abort(); }},
      {"exit", [] { std::exit(1); }},
      {"exit_on_thread", [] { std::thread{[] { std::exit(1); }}.join(); }},
      {"exit_with_static",
       [] {
         static const CapturesAtItsEnd younger{"a younger static ends"};
         statics_capture = true;
         std::exit(1);
       }},
      {"exit_while_busy",
       [] {
         capture_on_threads();
         std::exit(1);
       }},
      {"null_while_busy",
       [] {
         capture_on_threads();
         crash_by_null();
       }},
      {"exit_in_hook",
       [] {
         all_captured = true;
         std::this_thread::sleep_for(1min);
       }},
      {"exit_in_handler",
       [] {
         exit_by_signal(0ms);
         sentry::flush(1min);
       }},
      {"exit_in_handler_under_a_lock",
       [] {
         signal(SIGUSR1, [](int) { std::exit(1); });
         locks_to_signal = locks_to_hold;
         sentry::flush(1min);
       }},
      {"exit_in_handler_while_ending", [] { exit_by_signal(20ms); }},
      {"terminate", [] { std::terminate(); }},
      {"uncaught", [] { throw std::runtime_error{"nobody was ready"}; }},
      {"nested", throw_nested},
      {"heap", break_the_heap},
      {"division", [] { raise(SIGFPE); }},
      {"return", [] {}},
      {"no_descriptors",
       [] {
         const rlimit none{0, 0};
         setrlimit(RLIMIT_NOFILE, &none);
         crash_by_null();
       }},
      {"closed_folder",
       [] {
         if (chmod(cache_folder.c_str(), 0) != 0) std::_Exit(5);
         crash_by_null();
       }},
      {"other_user",
       [] {
         if (setgid(65534) != 0 || setuid(65534) != 0) std::_Exit(5);
         crash_by_null();
       }},
      {"other_root",
       [] {
         if (chroot("/proc") != 0 || chdir("/") != 0) std::_Exit(5);
         crash_by_null();
       }},
  };
  return all;
}

#ifndef __SANITIZE_THREAD__  // which has its own
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  using Lock = int (*)(pthread_mutex_t*);
  static const auto lock = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
  const int fault = lock(mutex);
  if (locks_to_signal > 0 && --locks_to_signal == 0) raise(SIGUSR1);
  return fault;
}
#endif

/// One of each that is not an error, and all of it under way.
void leave_everything(const std::string& folder) {
  for (int i = 0; i < 3; ++i)
    sentry::record_session();
  for (int i = 0; i < 5; ++i)
    sentry::log(sentry::LogLevel::kInfo, "line " + std::to_string(i));
  const std::string path = folder + "/notes.txt";
  std::ofstream{path} << "written before the crash";
  context::Scope::current().add_attachment(
      {.filename = "big.bin", .bytes = std::string(600'000, 'b')});
  context::Scope::current().add_attachment({.path = path});
  static const context::Span transaction =
      context::start_transaction({.name = "GET /last", .op = "http.server"});
  static const auto active = transaction.activate();
  static const context::Span child = context::start_span("db", "SELECT 1");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || !ways().contains(argv[1])) return 2;
  const std::string_view more = argc > 5 ? argv[5] : "";
  locks_to_hold = argc > 5 ? std::atoi(argv[5]) : 0;
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  sentry::Options options;
  options.dsn = argv[2];
  options.cache_dir = cache_folder = argv[3];
  options.release = "last@1";
  options.traces_sample_rate = 1.0;
  options.enable_logs = true;
  // A busy machine must not decide what a crash keeps. An exit waits for the server all that time,
  // and so does a crash, for 8 s at most, unless the server answers.
  const std::string_view how = argv[1];
  const bool exits = how.find("exit") != std::string_view::npos || how == "return";
  options.shutdown_timeout = more == "answered" ? 60s : exits ? 4s : 8s;
  static std::atomic<bool> exit_in_hook{std::string_view{argv[1]} == "exit_in_hook"};
  options.before_send = [](sentry::Event& event) {
    if (exit_in_hook.exchange(false)) {
      while (!all_captured)
        std::this_thread::yield();
      std::exit(1);
    }
    event.tags.emplace_back("hook", "ran");
    return true;
  };
  auto guard = sentry::init(std::move(options));
  if (!guard) return 4;
  const int count = std::atoi(argv[4]);
  if (more == "answered") {
    // What takes long the first time, as the reading of the program's names for its addresses, is
    // not what the end has to find the time for.
    try {
      throw std::runtime_error{"the first error"};
    } catch (const std::exception& error) {
      context::capture_exception(error);
    }
    if (!sentry::flush(60s)) return 6;
  }
  for (int i = 0; i < count; ++i) {
    try {
      throw std::runtime_error{"error " + std::to_string(i)};
    } catch (const std::exception& error) {
      context::capture_exception(error);
    }
  }
  if (more == "everything") leave_everything(std::string{argv[3]} + "/..");
  ways().at(argv[1])();
  return 0;
}
