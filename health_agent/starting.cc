#include "health_agent/starting.h"

#include <malloc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <initializer_list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "health_agent/bot/bot.h"

namespace health_agent {
namespace {

/// What the start needs beside its threads' stacks.
constexpr std::size_t kMemory = std::size_t{64} << 20U;

sigset_t the_services_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, signal);
  return signals;
}

/// The other threads may hold any lock, the log's too; so by hand, and out at once.
void say(std::initializer_list<std::string_view> words) noexcept {
  for (const std::string_view part : words)
    static_cast<void>(::write(STDERR_FILENO, part.data(), part.size()) < 0);
}

[[noreturn]] void end_now(int exit_code, std::initializer_list<std::string_view> words) noexcept {
  say(words);
  std::_Exit(exit_code);
}

/// Whether so much more can be had. Nothing is written to it, so it takes no memory.
bool has_memory(std::size_t size) {
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  ::munmap(memory, size);
  return true;
}

}  // namespace

SignalsWhileStarting::SignalsWhileStarting(Limits limits)
    : limits_(limits), thread_([this] { watch(); }) {}

SignalsWhileStarting::~SignalsWhileStarting() {
  started_ = true;
  thread_.join();
}

void SignalsWhileStarting::doing(std::string what) {
  const std::lock_guard lock{mutex_};
  doing_ = std::move(what);
  since_ = std::chrono::steady_clock::now();
  told_ = false;
}

void SignalsWhileStarting::watch() {
  constexpr long kPauseNs = 5'000'000;
  const sigset_t signals = the_services_signals();
  const timespec pause{0, kPauseNs};
  const auto begin = std::chrono::steady_clock::now();
  while (!started_) {
    const int signal = ::sigtimedwait(&signals, nullptr, &pause);
    if (signal == SIGTERM || signal == SIGINT)
      end_now(0, {"health-agent was told to end while it started\n"});
    const auto now = std::chrono::steady_clock::now();
    const std::lock_guard lock{mutex_};
    if (now - begin > limits_.whole)
      end_now(1, {"health-agent cannot start: it was not done in time, and still ", doing_, "\n"});
    if (told_ || now - since_ < limits_.patience) continue;
    told_ = true;
    say({"health-agent is not started yet: it ", doing_, "\n"});
  }
}

std::size_t slow_workers(const Settings& settings) {
  constexpr std::size_t kForModels = 32;
  return settings.agent_model == "local" ? static_cast<std::size_t>(settings.database_pool_size)
                                         : kForModels;
}

EndsOnInterrupt::EndsOnInterrupt() noexcept {
  try {
    thread_ = std::thread{[this] {
      constexpr long kPauseNs = 20'000'000;
      sigset_t interrupt;
      sigemptyset(&interrupt);
      sigaddset(&interrupt, SIGINT);
      const timespec pause{0, kPauseNs};
      while (!over_) {
        if (::sigtimedwait(&interrupt, nullptr, &pause) == SIGINT)
          end_now(130, {"health-agent was interrupted again and ends at once\n"});
      }
    }};
  } catch (const std::exception&) {  // the end goes its way without
  }
}

EndsOnInterrupt::~EndsOnInterrupt() {
  over_ = true;
  if (thread_.joinable()) thread_.join();
}

std::size_t threads_needed(const Settings& settings) {
  constexpr std::size_t kOfTheLibrary = 8;  // Sentry's, the metrics' listener's, the console's
  constexpr std::size_t kOfTheApi = 7;      // what reads and writes, what answers probes
  std::size_t count = kOfTheLibrary;
  if (settings.run_mode != "bot") {
    count +=
        kOfTheApi + static_cast<std::size_t>(settings.database_pool_size) + slow_workers(settings);
  }
  if (settings.run_mode != "api") count += bot::BotOptions{}.threads + 3;
  return count;
}

void require_room_for(std::size_t count) {
  // Where addresses are short, malloc's reserve for each thread would take those of the stacks.
  rlimit addresses{};
  if (::getrlimit(RLIMIT_AS, &addresses) == 0 && addresses.rlim_cur != RLIM_INFINITY)
    ::mallopt(M_ARENA_MAX, 1);
  std::mutex mutex;
  std::condition_variable end;
  bool ended = false;
  std::vector<std::thread> threads;
  std::string cause;
  try {
    threads.reserve(count);
    while (threads.size() < count) {
      threads.emplace_back([&] {
        std::unique_lock lock{mutex};
        end.wait(lock, [&] { return ended; });
      });
    }
    if (!has_memory(kMemory)) cause = "no memory beside them";
  } catch (const std::exception& error) {
    cause = error.what();
  }
  {
    const std::lock_guard lock{mutex};
    ended = true;
  }
  end.notify_all();
  for (std::thread& thread : threads)
    thread.join();
  if (cause.empty()) return;
  throw std::runtime_error("it needs about " + std::to_string(count) + " threads and was given " +
                           std::to_string(threads.size()) + " (" + cause +
                           "); look at the limits on processes and memory (ulimit -u, ulimit -v, "
                           "TasksMax, pids.max), or make DATABASE_POOL_SIZE smaller");
}

}  // namespace health_agent
