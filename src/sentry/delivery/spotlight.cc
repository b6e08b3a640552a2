#include "sentry/delivery/spotlight.h"

#include <pthread.h>

#include <system_error>
#include <utility>

#include "vitals/context/listener.h"

namespace vitals::sentry::detail {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostBytes = 1024 * 1024;
constexpr std::size_t kMostEnvelopes = 64;
constexpr std::chrono::seconds kPause{30};
constexpr std::chrono::milliseconds kTimeout{1000};
constexpr std::chrono::milliseconds kConnectTimeout{300};

}  // namespace

Spotlight::Spotlight(std::string url)
    : url_(std::move(url)),
      transport_(delivery::make_curl_transport(
          {.timeout = kTimeout, .connect_timeout = kConnectTimeout})) {}

Spotlight::~Spotlight() {
  close(Clock::now());
}

void Spotlight::offer(const std::string& envelope) {
  const std::lock_guard hold{mutex_};
  // One that is larger than all the room may still go by itself.
  const bool fits = waiting_.empty() ||
                    (waiting_.size() < kMostEnvelopes && bytes_ + envelope.size() <= kMostBytes);
  if (closing_ || !fits || Clock::now() < paused_until_) return;
  waiting_.push_back(envelope);
  bytes_ += envelope.size();
  changed_.notify_all();
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread{[this] { run(); }};
  } catch (const std::system_error&) {
    waiting_.clear();
    bytes_ = 0;
  }
}

void Spotlight::run() noexcept {
  context::become_sending_thread();
  pthread_setname_np(pthread_self(), "vitals-spotlight");
  std::unique_lock hold{mutex_};
  for (;;) {
    changed_.wait(hold, [this] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty() || aborted_) break;
    delivery::SendResult result;
    try {
      delivery::SendRequest request{.url = url_,
                                    .headers = {{"Content-Type", "application/x-sentry-envelope"}},
                                    .body = std::move(waiting_.front())};
      bytes_ -= request.body.size();
      waiting_.pop_front();
      hold.unlock();
      result = transport_->send(request);
    } catch (...) {
      // No memory for it. Whatever the reason, it is left alone for a while.
    }
    if (!hold.owns_lock()) hold.lock();
    if (result.status != 0) continue;
    paused_until_ = Clock::now() + kPause;
    waiting_.clear();
    bytes_ = 0;
  }
  ended_ = true;
  changed_.notify_all();
}

void Spotlight::close(Clock::time_point deadline) noexcept {
  std::unique_lock hold{mutex_};
  closing_ = true;
  changed_.notify_all();
  if (!thread_.joinable()) return;
  if (!changed_.wait_until(hold, deadline, [this] { return ended_; })) {
    aborted_ = true;
    hold.unlock();
    transport_->cancel();
    hold.lock();
  }
  std::thread thread = std::move(thread_);
  hold.unlock();
  thread.join();
}

}  // namespace vitals::sentry::detail
