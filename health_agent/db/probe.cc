#include "health_agent/db/probe.h"

#include <algorithm>
#include <utility>

#include "health_agent/db/store.h"
#include "health_agent/errors.h"

namespace health_agent::db {
namespace {

/// Who watches is promised an answer in half a second, and gives up after one.
constexpr std::chrono::milliseconds kPatience{400};
/// For a free connection.
constexpr std::chrono::milliseconds kWait{200};
constexpr std::chrono::milliseconds kRepeated{333};

}  // namespace

Probe::Probe(Store& store)
    : Probe([&store] {
        try {
          store.ping(kWait);
          return Answer::kWell;
        } catch (const DatabaseError& error) {
          return error.kind() == DatabaseError::Kind::kTimeout ? Answer::kBusy : Answer::kAway;
        }
      }) {}

Probe::Probe(std::function<Answer()> ping) : ping_(std::move(ping)), thread_([this] { run(); }) {}

Probe::~Probe() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

Probe::Answer Probe::ask() {
  const Clock::time_point now = Clock::now();
  std::unique_lock lock{mutex_};
  const bool asking = begun_ > done_;
  if (asking && now - began_ >= kPatience) return Answer::kAway;
  if (!asking && answer_ != Answer::kWell && now - ended_ < kRepeated) return answer_;
  const std::uint64_t mine = begun_ + 1;
  wanted_ = std::max(wanted_, mine);
  wake_.notify_one();
  // What another has just heard would be repeated to the caller of now.
  const bool done = answered_.wait_until(lock, now + kPatience, [&] {
    return done_ >= mine || (asking && done_ + 1 == mine && answer_ != Answer::kWell);
  });
  return done ? answer_ : Answer::kAway;
}

void Probe::run() {
  std::unique_lock lock{mutex_};
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || wanted_ > done_; });
    if (stopping_) return;
    ++begun_;
    began_ = Clock::now();
    lock.unlock();
    Answer answer = Answer::kAway;
    try {
      answer = ping_();
    } catch (...) {
      // Without memory nothing is known, and that is told as away.
    }
    lock.lock();
    // The error of a question that hung says only that it hung.
    const bool late = Clock::now() - began_ >= kPatience;
    answer_ = answer != Answer::kWell && late ? Answer::kAway : answer;
    ended_ = Clock::now();
    done_ = begun_;
    answered_.notify_all();
  }
}

}  // namespace health_agent::db
