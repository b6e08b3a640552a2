#include "health_agent/db/overdue.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace health_agent::db {

Overdue::Overdue(std::chrono::milliseconds limit) : limit_(limit), watcher_([this] { watch(); }) {}

Overdue::~Overdue() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
  }
  wake_.notify_all();
  watcher_.join();
}

// A descriptor of our own for the same socket: a library may close its one before end(), and the
// number may mean something else by then.
int Overdue::begin(int socket) {
  const int watched = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (watched < 0) return watched;
  try {
    const std::lock_guard lock{mutex_};
    deadlines_[watched] = Clock::now() + limit_;
    return watched;
  } catch (...) {
    ::close(watched);
    throw;
  }
}

void Overdue::end(int watched) noexcept {
  if (watched < 0) return;
  {
    const std::lock_guard lock{mutex_};
    deadlines_.erase(watched);
  }
  ::close(watched);
}

void Overdue::watch() {
  std::unique_lock lock{mutex_};
  while (!wake_.wait_for(lock, limit_ / 4, [this] { return stopping_; })) {
    const auto now = Clock::now();
    for (const auto& [socket, deadline] : deadlines_) {
      if (now >= deadline) ::shutdown(socket, SHUT_RDWR);
    }
  }
}

}  // namespace health_agent::db
