#include "integration/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace integration {
namespace {

constexpr std::array kInherited{"PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS",
                                "UBSAN_OPTIONS"};

/// Numbers from here on are nobody's; each process adds its own.
constexpr uid_t kFirstUser = 1'000'000;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    read_end = ends[0];
    write_end = ends[1];
  }
};

}  // namespace

struct Process::Capture {
  Capture(int output_end, int errors_end, std::string text_for_input, int input_end, bool keep_open)
      : fds{output_end, errors_end},
        input(std::move(text_for_input)),
        input_fd(input_end),
        keep_input_open(keep_open) {
    reader = std::thread([this] { read(); });
  }

  ~Capture() {
    stop = true;
    reader.join();
  }

  void read() {
    if (!input.empty()) {
      std::size_t sent = 0;
      while (sent < input.size()) {
        const ssize_t n = ::write(input_fd, input.data() + sent, input.size() - sent);
        if (n <= 0) break;
        sent += static_cast<std::size_t>(n);
      }
    }
    if (!keep_input_open) ::close(input_fd);
    std::array<bool, 2> open{true, true};
    while ((open[0] || open[1]) && !stop) {
      std::array<pollfd, 2> polled{};
      for (std::size_t i = 0; i < 2; ++i)
        polled[i] = {open[i] ? fds[i] : -1, POLLIN, 0};
      ::poll(polled.data(), polled.size(), 50);
      for (std::size_t i = 0; i < 2; ++i) {
        if (polled[i].revents == 0) continue;
        std::array<char, 16384> buffer{};
        const ssize_t n = ::read(fds[i], buffer.data(), buffer.size());
        if (n <= 0) {
          open[i] = false;
          continue;
        }
        const std::lock_guard lock{mutex};
        texts[i].append(buffer.data(), static_cast<std::size_t>(n));
      }
    }
    ended = true;
    if (keep_input_open) ::close(input_fd);
    for (const int fd : fds)
      ::close(fd);
  }

  std::array<int, 2> fds;
  std::string input;
  int input_fd;
  bool keep_input_open;
  std::atomic<bool> stop{false};
  std::atomic<bool> ended{false};
  mutable std::mutex mutex;
  std::array<std::string, 2> texts;
  std::thread reader;
};

Process::Process(ProcessOptions options) {
  for (const char* name : kInherited) {
    const char* value = std::getenv(name);
    if (value != nullptr) options.environment.try_emplace(name, value);
  }
  std::vector<std::string> variables;
  for (const auto& [name, value] : options.environment)
    variables.push_back(name + "=" + value);
  const std::vector<char*> environment = pointers(variables);
  const std::vector<char*> arguments = pointers(options.command);
  const std::string directory = options.directory.empty() ? "." : options.directory;

  ::signal(SIGPIPE, SIG_IGN);  // NOLINT: a child that does not read its input must not end the test
  const Pipe input;
  const Pipe output;
  const Pipe errors;
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(input.read_end, 0);
    ::dup2(output.write_end, 1);
    ::dup2(errors.write_end, 2);
    if (options.nice != 0) ::setpriority(PRIO_PROCESS, 0, options.nice);
    if (::chdir(directory.c_str()) != 0) ::_exit(127);
    if (options.own_user && ::geteuid() == 0) {
      const uid_t user = kFirstUser + static_cast<uid_t>(::getpid());
      if (::chown(".", user, user) != 0 || ::setgid(user) != 0 || ::setuid(user) != 0) ::_exit(127);
    }
    for (const auto& [limit, value] : options.limits) {
      const rlimit both{value, value};
      if (::setrlimit(static_cast<__rlimit_resource>(limit), &both) != 0) ::_exit(127);
    }
    ::execvpe(arguments[0], arguments.data(), environment.data());
    ::_exit(127);
  }
  ::close(input.read_end);
  ::close(output.write_end);
  ::close(errors.write_end);
  capture_ = std::make_unique<Capture>(output.read_end, errors.read_end, std::move(options.input),
                                       input.write_end, options.keep_input_open);
}

Process::~Process() {
  if (running()) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
}

bool Process::running() {
  if (status_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ =
      WIFEXITED(status) ? ExitStatus{WEXITSTATUS(status), 0} : ExitStatus{-1, WTERMSIG(status)};
  // What it wrote before its end is still in the pipes.
  for (int i = 0; i < 100 && !capture_->ended; ++i)
    std::this_thread::sleep_for(10ms);
  return false;
}

void Process::send_signal(int signal) noexcept {
  if (!status_) ::kill(pid_, signal);
}

std::optional<ExitStatus> Process::wait(Milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline * kSlowness;
  while (running()) {
    if (std::chrono::steady_clock::now() > end) return std::nullopt;
    std::this_thread::sleep_for(2ms);
  }
  return status_;
}

std::string Process::output() const {
  const std::lock_guard lock{capture_->mutex};
  return capture_->texts[0];
}

std::string Process::errors() const {
  const std::lock_guard lock{capture_->mutex};
  return capture_->texts[1];
}

Finished run(ProcessOptions options, Milliseconds deadline) {
  Process process{std::move(options)};
  Finished result;
  result.status = process.wait(deadline);
  result.output = process.output();
  result.errors = process.errors();
  return result;
}

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "vitals-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream file{path, std::ios::binary};
  file << content;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

std::string read_file(const std::string& path) {
  const std::ifstream file{path, std::ios::binary};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace integration
