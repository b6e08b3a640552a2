// Crashes in the way that its first argument names, with the folder of its second as cache_dir. The
// third may ask for more. Run by crash_test.cc.

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/delivery/transport.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/log.h"
#include "vitals/sentry/session.h"
#include "vitals/testing/memory_transport.h"

// The crashes are ours to see, not the sanitizers'.
#define VITALS_SANITIZER_OPTIONS                                                  \
  "handle_segv=0:handle_abort=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:" \
  "use_sigaltstack=0:detect_leaks=0"
extern "C" const char* __asan_default_options() {
  return VITALS_SANITIZER_OPTIONS;
}
extern "C" const char* __tsan_default_options() {
  return VITALS_SANITIZER_OPTIONS;
}

namespace {

namespace context = vitals::context;
namespace sentry = vitals::sentry;

// Names that the test looks for on the stack; neither inlined nor folded into one.
#define VITALS_CRASHER extern "C" __attribute__((noinline, noclone, no_sanitize("undefined")))

volatile int sink = 0;

}  // namespace

VITALS_CRASHER void crash_by_null() {
  volatile int* nowhere = nullptr;
  *nowhere = 1;
  sink = 1;
}

VITALS_CRASHER void crash_by_call_to_null() {
  void (*volatile nowhere)() = nullptr;
  nowhere();
  sink = 1;
}

VITALS_CRASHER void crash_by_abort() {
  std::abort();
}

VITALS_CRASHER void crash_by_division() {
  volatile int zero = 0;
  sink = 1000 / zero;
}

VITALS_CRASHER void crash_by_bad_instruction() {
#if defined(__x86_64__)
  asm volatile("ud2");
#else
  __builtin_trap();
#endif
  sink = 1;
}

VITALS_CRASHER void crash_by_bus_error() {
  std::FILE* const file = std::tmpfile();
  if (file == nullptr || ftruncate(fileno(file), 1) != 0) std::_Exit(3);
  const long page = sysconf(_SC_PAGESIZE);
  void* const mapped = mmap(nullptr, static_cast<std::size_t>(2 * page), PROT_READ | PROT_WRITE,
                            MAP_SHARED, fileno(file), 0);
  static_cast<volatile char*>(mapped)[page] = 1;
  sink = 1;
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winfinite-recursion"
VITALS_CRASHER int crash_by_deep_recursion(int depth) {
  volatile char room[512];
  room[depth % 512] = static_cast<char>(depth);
  return crash_by_deep_recursion(depth + 1) + room[depth % 512];
}
#pragma GCC diagnostic pop

VITALS_CRASHER void crash_by_double_free() {
  void* volatile block = std::malloc(40);
  std::free(block);
  std::free(block);
  sink = 1;
}

VITALS_CRASHER void crash_in_malloc() {
  // The sizes of neighbours in the heap are overwritten, as by a write past the end of a block.
  std::array<char*, 8> blocks{};
  for (char*& block : blocks)
    block = static_cast<char*>(std::malloc(2000));
  char* volatile first = blocks[0];
  std::memset(first, 0x41, 8000);
  for (char* const block : blocks)
    std::free(block);
  for (int i = 0; i < 64; ++i)
    sink = std::malloc(static_cast<std::size_t>(i) * 97) != nullptr;
}

VITALS_CRASHER void crash_by_exception() {
  throw std::out_of_range{"nobody was ready for this"};
}

VITALS_CRASHER void crash_by_terminate() {
  std::terminate();
}

VITALS_CRASHER void crash_by_noexcept() noexcept {
  crash_by_exception();
}

VITALS_CRASHER void crash_by_kill() {
  kill(getpid(), SIGSEGV);
  while (true)
    pause();
}

namespace {

/// The one who throws this has broken the program for good.
struct Unprintable : std::exception {
  const char* what() const noexcept override {
    crash_by_null();
    return "never";
  }
};

void on_thread(const std::function<void()>& work) {
  std::thread{[&work] {
    pthread_setname_np(pthread_self(), "worker-7");
    const auto active = context::Scope::fork().activate();
    context::set_tag("place", "thread");
    context::add_breadcrumb({.category = "test", .message = "on the thread"});
    work();
  }}.join();
}

void two_at_once() {
  std::atomic<int> ready{0};
  const auto work = [&ready] {
    ready.fetch_add(1);
    while (ready.load() < 2) {
    }
    crash_by_null();
  };
  std::thread first{work};
  std::thread second{work};
  first.join();
  second.join();
}

void while_captured() {
  std::atomic<bool> started{false};
  std::thread{[&started] {
    while (true) {
      context::add_breadcrumb({.category = "busy", .message = std::string(100, 'x')});
      context::capture_message("busy");
      started = true;
    }
  }}.detach();
  while (!started) {
  }
  crash_by_null();
}

int chained_calls = 0;

void count_and_die(int) {
  ++chained_calls;
  const std::string text = "former handler, call " + std::to_string(chained_calls) + '\n';
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, text.data(), text.size());
  signal(SIGSEGV, SIG_DFL);
}

// Faults that a former handler recovers from, each in its way.

sigjmp_buf way_back;
sigjmp_buf way_back_without_mask;
volatile sig_atomic_t armed = 0;
char* guarded_page = nullptr;

void jump_back(int) {
  if (armed == 0) {
    signal(SIGSEGV, SIG_DFL);
    return;
  }
  siglongjmp(way_back, 1);
}

void open_page(int) {
  if (armed == 0) {
    signal(SIGSEGV, SIG_DFL);
    return;
  }
  mprotect(guarded_page, static_cast<std::size_t>(sysconf(_SC_PAGESIZE)), PROT_READ | PROT_WRITE);
}

void mend_register([[maybe_unused]] int signal, siginfo_t*, [[maybe_unused]] void* context) {
#if defined(__x86_64__)
  static long valid = 0;
  if (armed != 0) {
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX] = reinterpret_cast<long>(&valid);
    return;
  }
#endif
  ::signal(SIGSEGV, SIG_DFL);
}

void reset_and_raise(int) {
  signal(SIGSEGV, SIG_DFL);
  raise(SIGSEGV);
}

void do_nothing(int) {}

/// Takes longer than two faults that come at once lie apart.
void log_slowly(int) {
  const timespec pause{0, 12'000'000};
  nanosleep(&pause, nullptr);
}

void say_that_it_is_called(int) {
  [[maybe_unused]] const auto written = write(STDOUT_FILENO, "called\n", 7);
}

/// As siglongjmp() does, but for the mask, which stays what it is.
void jump_without_mask(int) {
  if (armed == 0) {
    signal(SIGSEGV, SIG_DFL);
    return;
  }
  siglongjmp(way_back_without_mask, 1);
}

void abort_at_once(int) {
  std::abort();
}

void install(const std::string& former) {
  static const std::map<std::string, void (*)(int)> plain{
      {"jump", jump_back},           {"page", open_page},     {"reset", count_and_die},
      {"raise", reset_and_raise},    {"nothing", do_nothing}, {"abort", abort_at_once},
      {"jump_once", jump_back},      {"slow", log_slowly},    {"once", say_that_it_is_called},
      {"longjmp", jump_without_mask}};
  struct sigaction action {};
  if (former == "register") {
    action.sa_sigaction = mend_register;
    action.sa_flags = SA_SIGINFO;
  } else {
    action.sa_handler = plain.at(former);
  }
  // A virtual machine's handler may be entered again before it is left.
  if (former == "jump" || former == "longjmp") action.sa_flags = SA_NODEFER;
  if (former == "once") action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGSEGV, &action, nullptr);
  if (former == "jump") sigaction(SIGABRT, &action, nullptr);
}

void fault_that_is_mended() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  guarded_page =
      static_cast<char*>(mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  armed = 1;
  if (sigsetjmp(way_back, 1) == 0 && sigsetjmp(way_back_without_mask, 0) == 0) {
#if defined(__x86_64__)
    // The address is in the register that mend_register() knows.
    asm volatile("movb $1, (%%rax)" : : "a"(guarded_page) : "memory");
#else
    *guarded_page = 1;
#endif
  }
  armed = 0;
  munmap(guarded_page, page);
}

void recover_often() {
  for (int i = 0; i < 3; ++i)
    fault_that_is_mended();
  std::puts("recovered");
  std::fflush(stdout);
}

[[gnu::noinline]] void crash_deeper() {
  volatile char room[64 * 1024];
  room[0] = 1;
  crash_by_null();
  sink = room[0];
}

/// Each deeper than the one before, on a thread that has no stack for signals.
[[gnu::noinline]] void recover_deeper(int times) {
  volatile char room[16 * 1024];
  room[0] = 1;
  fault_that_is_mended();
  if (times > 1) recover_deeper(times - 1);
  sink = room[0];
}

[[gnu::noinline]] void abort_deeper(int times) {
  volatile char room[16 * 1024];
  room[0] = 1;
  armed = 1;
  if (sigsetjmp(way_back, 1) == 0) std::abort();
  armed = 0;
  if (times > 1) abort_deeper(times - 1);
  sink = room[0];
}

[[noreturn]] void say_and_abort() {
  std::puts("former terminate handler");
  std::fflush(stdout);
  std::abort();
}

void with_lent_request() {
  const std::array<vitals::TagView, 2> headers{
      {{"Accept", "text/html"}, {"Authorization", "Basic YWJj"}}};
  context::Borrowed lent;
  lent.tags[0] = {"request_id", "r-17"};
  lent.request = {"GET", "https://box/users/17", "page=2", headers};
  // As a framework's own request object has them.
  lent.request.header_source.request = &lent;
  lent.request.header_source.read = [](const void*, void* taker,
                                       context::HeaderSource::Take take) noexcept {
    take(taker, "Host", "box:8080");
    take(taker, "User-Agent", "curl/8");
    take(taker, "Cookie", "who=me");
  };
  const context::Scope scope = context::Scope::fork();
  const auto active = scope.activate();
  scope.borrow(lent);
  crash_by_null();
}

/// What the scope has borrowed is gone, so the handler itself faults.
void with_broken_loan() {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const mapped = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  context::Borrowed lent;
  lent.request = {"GET", std::string_view{static_cast<const char*>(mapped), 100}, {}, {}};
  const context::Scope scope = context::Scope::fork();
  const auto active = scope.activate();
  context::set_tag("place", "loan");
  scope.borrow(lent);
  crash_by_null();
}

void in_transaction() {
  context::Span transaction = context::start_transaction({.name = "GET /x", .op = "http.server"});
  const auto active = transaction.activate();
  crash_by_null();
}

/// The global scope's lock is never given back.
void in_transaction_under_global_lock() {
  const auto active_scope = context::Scope::fork().activate();
  context::Scope::global().set_tag("place", "global");
  context::Span transaction = context::start_transaction({.name = "GET /x", .op = "http.server"});
  const auto active = transaction.activate();
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const mapped = mmap(nullptr, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  context::Scope::global().set_tag("broken", {static_cast<const char*>(mapped), 100});
}

/// A server that takes each request and never answers.
class Silent : public vitals::delivery::Transport {
 public:
  vitals::delivery::SendResult send(const vitals::delivery::SendRequest&) override {
    ++taken;
    while (true)
      pause();
  }
  std::atomic<int> taken{0};
};
std::shared_ptr<Silent> silent;

/// One with an event id, and two without.
void with_requests_in_flight() {
  context::capture_message("in flight");
  sentry::record_session();
  sentry::log(sentry::LogLevel::kInfo, "in flight");
  // Asks for the sessions, which else would wait for a minute.
  std::thread{[] { sentry::flush(std::chrono::hours{1}); }}.detach();
  while (silent->taken < 3)
    std::this_thread::yield();
  crash_by_null();
}

/// Takes nothing until the thread that brings to safety what waits sends by itself; then it says of
/// each request what it holds.
class Opening : public vitals::delivery::Transport {
 public:
  vitals::delivery::SendResult send(const vitals::delivery::SendRequest& request) override {
    std::array<char, 16> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    if (std::string_view{name.data()} == "vitals-rescue") open = true;
    while (!open)
      std::this_thread::yield();
    for (const auto& item : vitals::testing::parse_envelope(request).items) {
      if (item.type == "event") std::puts("event");
    }
    std::fflush(stdout);
    return {.status = 200};
  }
  std::atomic<bool> open{false};
};
std::shared_ptr<Opening> opening;

void with_many_waiting() {
  for (int i = 0; i < 50; ++i)
    context::capture_message("waits " + std::to_string(i));
  // No file can be made any more.
  const rlimit none{0, 0};
  setrlimit(RLIMIT_NOFILE, &none);
  crash_by_null();
}

struct Hanging : std::exception {
  const char* what() const noexcept override {
    while (true)
      pause();
  }
};

const std::map<std::string, std::function<void()>>& ways() {
  static const std::map<std::string, std::function<void()>> all{
      {"none", [] {}},
      {"null", crash_by_null},
      {"null_call", crash_by_call_to_null},
      {"null_on_thread", [] { on_thread(crash_by_null); }},
      {"abort", crash_by_abort},
      {"division", crash_by_division},
      {"instruction", crash_by_bad_instruction},
      {"bus", crash_by_bus_error},
      {"recursion", [] { sink = crash_by_deep_recursion(0); }},
      {"recursion_on_thread", [] { on_thread([] { sink = crash_by_deep_recursion(0); }); }},
      {"double_free", crash_by_double_free},
      {"malloc", crash_in_malloc},
      {"exception", crash_by_exception},
      {"exception_on_thread", [] { on_thread(crash_by_exception); }},
      {"noexcept", [] { crash_by_noexcept(); }},
      {"unprintable", [] { throw Unprintable{}; }},
      {"hanging", [] { throw Hanging{}; }},
      {"thrown_int", [] { throw 42; }},
      {"terminate", crash_by_terminate},
      {"kill", crash_by_kill},
      {"two", two_at_once},
      {"captured", while_captured},
      {"lent", with_lent_request},
      {"broken_loan", with_broken_loan},
      {"transaction", in_transaction},
      {"transaction_under_global_lock", in_transaction_under_global_lock},
      {"outside_spans",
       [] {
         std::puts(context::outgoing_trace("https://peer/").sentry_trace.c_str());
         std::fflush(stdout);
         crash_by_null();
       }},
      {"many_waiting", with_many_waiting},
      {"attachments",
       [] {
         const context::Scope scope = context::Scope::fork();
         const auto active = scope.activate();
         context::Scope::global().add_attachment(
             {.filename = "of-all", .bytes = std::string(1'500'000, 'a')});
         scope.add_attachment({.filename = "of-one", .bytes = std::string(1'500'000, 'b')});
         crash_by_null();
       }},
      {"in_flight", with_requests_in_flight},
      {"no_room",
       [] {
         const rlimit none{0, 0};
         setrlimit(RLIMIT_FSIZE, &none);
         crash_by_null();
       }},
      {"no_room_exception",
       [] {
         const rlimit none{0, 0};
         setrlimit(RLIMIT_FSIZE, &none);
         crash_by_exception();
       }},
      {"recovered", recover_often},
      {"recovered_then_null",
       [] {
         recover_often();
         crash_by_null();
       }},
      {"recovered_then_deeper_on_thread",  // which has no stack for signals
       [] {
         std::thread{[] {
           recover_often();
           crash_deeper();
         }}.join();
       }},
      {"recovered_deeper_on_thread",
       [] {
         std::thread{[] {
           recover_deeper(4);
           std::puts("recovered");
           std::fflush(stdout);
         }}.join();
       }},
      {"aborts_deeper_on_thread",
       [] {
         std::thread{[] {
           abort_deeper(4);
           std::puts("recovered");
           std::fflush(stdout);
         }}.join();
       }},
      {"recovered_on_threads",
       [] {
         for (int i = 0; i < 2; ++i)
           std::thread{recover_often}.join();
       }},
      {"wait",
       [] {
         std::puts("ready");
         std::fflush(stdout);
         while (true)
           pause();
       }},
  };
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3 || !ways().contains(argv[1])) return 2;
  const std::string_view more = argc > 3 ? argv[3] : "";
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  if (more == "former") signal(SIGSEGV, count_and_die);
  if (more == "former") std::set_terminate(say_and_abort);
  if (more == "ignored") signal(SIGABRT, SIG_IGN);
  const bool asked_first = more.starts_with("first:");
  if (asked_first || more.starts_with("then:"))
    install(std::string{more.substr(more.find(':') + 1)});
  sentry::Options options;
  options.dsn = "https://abc123@sentry.example/42";
  options.release = "crasher@3.2.1";
  options.environment = "crashing";
  options.server_name = "crash-box";
  options.dist = "dist-7";
  options.traces_sample_rate = 1.0;
  options.enable_logs = true;
  options.transport = std::make_shared<vitals::testing::MemoryTransport>();
  if (more == "silent") {
    silent = std::make_shared<Silent>();
    options.transport = silent;
    options.shutdown_timeout = std::chrono::seconds{8};
  }
  if (more == "opening") {
    opening = std::make_shared<Opening>();
    options.transport = opening;
    options.shutdown_timeout = std::chrono::seconds{8};
  }
  options.cache_dir = argv[2];
  if (asked_first) options.crash_order = sentry::CrashOrder::kFormerFirst;
  auto guard = sentry::init(std::move(options));
  if (!guard) return 4;
  context::set_user_id("user-9");
  context::set_tag("colour", "red");
  for (int i = 0; i < 150; ++i) {
    context::add_breadcrumb({.category = "test", .message = "step " + std::to_string(i)});
  }
  if (more == "ended") guard->end();
  if (more == "traced") ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
  ways().at(argv[1])();
  return 0;
}
