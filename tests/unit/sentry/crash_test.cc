#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "sentry/crash/report.h"
#include "tests/unit/sentry/fixture.h"

namespace vitals::sentry {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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
  [[nodiscard]] detail::CrashReport report() const {
    const std::vector<fs::path> found = reports();
    EXPECT_THAT(found, SizeIs(1));
    if (found.empty()) return {};
    Result<detail::CrashReport> parsed = detail::parse_crash_report(bytes_of(found.front()));
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed ? std::move(*parsed) : detail::CrashReport{};
  }

  /// The next start of a service: the client that finds the reports.
  void next_start() {
    Options next = options();
    next.cache_dir = folder.string();
    start(std::move(next));
  }
  [[nodiscard]] Json event_at_next_start() {
    next_start();
    return event();
  }

  fs::path folder;
};

TEST_F(CrashTest, ASegmentationFaultIsAnEventAtTheNextStart) {
  EXPECT_EQ(crash("null").signal(), SIGSEGV);
  EXPECT_TRUE(report().complete);
  const Json event = event_at_next_start();
  const Json& exception = event["exception"]["values"][0];
  EXPECT_EQ(exception["type"], "SIGSEGV");
  EXPECT_EQ(exception["value"], "Segmentation fault at 0x0 (address not mapped)");
  EXPECT_EQ(exception["mechanism"]["type"], "signalhandler");
  EXPECT_EQ(exception["mechanism"]["handled"], false);
  EXPECT_EQ(event["level"], "fatal");
  EXPECT_EQ(event["release"], "crasher@3.2.1");
  EXPECT_EQ(event["environment"], "crashing");
  EXPECT_EQ(event["server_name"], "crash-box");
  EXPECT_EQ(event["user"]["id"], "user-9");
  EXPECT_EQ(event["tags"]["colour"], "red");
  EXPECT_EQ(event["breadcrumbs"]["values"].size(), 100U);
  EXPECT_EQ(event["breadcrumbs"]["values"].back()["message"], "step 149");
  EXPECT_EQ(event["contexts"]["crash"]["signal"], "SIGSEGV");
  EXPECT_EQ(event["contexts"]["crash"]["fault_address"], "0x0");
  EXPECT_THAT(reports(), IsEmpty());
}

}  // namespace
}  // namespace vitals::sentry
