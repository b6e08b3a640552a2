#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "crash/report.h"
#include "tests/unit/sentry/fixture.h"

namespace vitals::sentry {

namespace fs = std::filesystem;

/// How a child ended, and what it said on stdout.
struct Ended {
  int status = 0;
  std::string said;

  [[nodiscard]] int signal() const { return WIFSIGNALED(status) ? WTERMSIG(status) : 0; }
};

/// A run of crash_program. Ends it, should it still run.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), VITALS_CRASH_PROGRAM);
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    process_ = fork();
    if (process_ == 0) {
      std::vector<char*> raw;
      for (std::string& argument : arguments)
        raw.push_back(argument.data());
      raw.push_back(nullptr);
      dup2(ends[1], STDOUT_FILENO);
      if (std::getenv("VITALS_CRASH_TEST_STDERR") == nullptr) {
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
      }
      execv(raw[0], raw.data());
      _exit(127);
    }
    close(ends[1]);
    output_ = ends[0];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (process_ > 0) {
      kill(process_, SIGKILL);
      waitpid(process_, nullptr, 0);
    }
    close(output_);
  }

  [[nodiscard]] pid_t process() const { return process_; }
  /// Somebody else has waited for its end.
  void reaped() { process_ = 0; }
  /// Waits until it has said a line.
  void wait_for_line() {
    char letter = 0;
    while (read(output_, &letter, 1) == 1 && letter != '\n') {
    }
  }
  Ended wait() {
    Ended ended;
    std::array<char, 4096> bytes{};
    for (ssize_t got = 0; (got = read(output_, bytes.data(), bytes.size())) > 0;)
      ended.said.append(bytes.data(), static_cast<std::size_t>(got));
    waitpid(process_, &ended.status, 0);
    process_ = 0;
    return ended;
  }

 private:
  pid_t process_ = 0;
  int output_ = -1;
};

class CrashTest : public ClientTest {
 protected:
  CrashTest() {
    std::string pattern = (fs::temp_directory_path() / "vitals-crash-XXXXXX").string();
    folder = mkdtemp(pattern.data());
  }
  ~CrashTest() override {
    guard.end();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  Ended crash(const std::string& way, const std::string& more = {}) const {
    return Child{{way, folder.string(), more}}.wait();
  }

  [[nodiscard]] std::vector<fs::path> files(const char* below) const {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator it{folder / below, error}; it != fs::directory_iterator{}; ++it)
      found.push_back(it->path());
    return found;
  }
  [[nodiscard]] std::vector<fs::path> reports() const { return files("crashes"); }

  [[nodiscard]] static std::string bytes_of(const fs::path& path) {
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  /// The one report there is.
  [[nodiscard]] crash::detail::CrashReport report() const {
    const std::vector<fs::path> found = reports();
    EXPECT_THAT(found, ::testing::SizeIs(1));
    if (found.empty()) return {};
    Result<crash::detail::CrashReport> parsed =
        crash::detail::parse_crash_report(bytes_of(found.front()));
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? std::move(*parsed) : crash::detail::CrashReport{};
  }

  /// The innermost function of the program's own; empty: none is named.
  [[nodiscard]] static std::string function_in(const Json& event) {
    const Json& exception = event["exception"]["values"][0];
    if (!exception.contains("stacktrace")) return {};
    std::string name;
    for (const Json& frame : exception["stacktrace"]["frames"]) {
      if (frame.value("in_app", false)) name = frame.value("function", "");
    }
    return name;
  }

  /// The next start of a service: the client that finds the reports.
  void next_start() {
    Options next = options();
    next.cache_dir = folder.string();
    start(std::move(next));
  }
  /// Waits until as many have arrived, and returns how many have.
  [[nodiscard]] std::size_t wait_for(std::string_view type, std::size_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (transport->payloads(type).size() < count && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    return transport->payloads(type).size();
  }
  /// Waits until nothing is on disk any more that is to be sent.
  void wait_until_nothing_waits() const {
    const auto waits = [](const fs::path& path) {
      return path.string().find(".unsent", path.string().rfind('/')) != std::string::npos;
    };
    while (std::ranges::any_of(files("envelopes"), waits))
      std::this_thread::sleep_for(1ms);
  }
  [[nodiscard]] Json event_at_next_start() {
    next_start();
    return event();
  }

  /// What the envelope of the crash says of its trace.
  [[nodiscard]] Json trace_of_crash() const {
    for (const auto& envelope : transport->envelopes()) {
      const bool fatal = std::ranges::any_of(envelope.items, [](const auto& item) {
        return item.type == "event" && Json::parse(item.payload)["level"] == "fatal";
      });
      if (fatal) return Json::parse(envelope.header).value("trace", Json::object());
    }
    return Json::object();
  }

  fs::path folder;
};

}  // namespace vitals::sentry
