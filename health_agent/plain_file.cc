#include "health_agent/plain_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace health_agent {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

std::string words_for(int number) {
  return std::generic_category().message(number);
}

/// Why this is nothing to read a text from; empty for a plain file.
std::string why_not_plain(mode_t mode) {
  if (S_ISREG(mode)) return {};
  if (S_ISDIR(mode)) return "it is a folder, not a file";
  if (S_ISFIFO(mode)) return "it is a pipe, not a plain file";
  if (S_ISSOCK(mode)) return "it is a socket, not a plain file";
  return "it is a device, not a plain file";
}

}  // namespace

vitals::Result<std::optional<std::string>> read_plain_file(const std::string& path,
                                                           std::size_t most) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return vitals::Error{words_for(errno)};
    if (::lstat(path.c_str(), &status) == 0)
      return vitals::Error{"it is a link that leads nowhere"};
    return std::optional<std::string>{};
  }
  // Before it is opened, too: to open a device can already do something.
  if (std::string cause = why_not_plain(status.st_mode); !cause.empty())
    return vitals::Error{std::move(cause)};
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  if (file.number() < 0 || ::fstat(file.number(), &status) != 0)
    return vitals::Error{words_for(errno)};
  if (std::string cause = why_not_plain(status.st_mode); !cause.empty())
    return vitals::Error{std::move(cause)};

  // What is read counts, not the size that is told: it may grow meanwhile, and /proc tells none.
  std::string text;
  std::array<char, 16'384> piece{};
  for (;;) {
    const ssize_t size = ::read(file.number(), piece.data(), piece.size());
    if (size == 0) return std::optional<std::string>{std::move(text)};
    if (size < 0) {
      if (errno == EINTR) continue;
      return vitals::Error{words_for(errno)};
    }
    text.append(piece.data(), static_cast<std::size_t>(size));
    if (text.size() > most)
      return vitals::Error{"it holds more than " + std::to_string(most) + " bytes"};
  }
}

}  // namespace health_agent
