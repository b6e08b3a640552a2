#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/support/wait.h"

namespace integration {

using Environment = std::map<std::string, std::string>;

/// How a process ended: by itself with `code`, or by `signal` (then `code` is -1).
struct ExitStatus {
  int code = -1;
  int signal = 0;
};

struct ProcessOptions {
  std::vector<std::string> command = {};  ///< The program (looked up in PATH) and its arguments.
  Environment environment =
      {};  ///< All of it; nothing is inherited but PATH and sanitizers' options.
  std::string directory = {};    ///< Where it works; empty is here.
  std::string input = {};        ///< What it reads from stdin.
  bool keep_input_open = false;  ///< Its stdin does not end behind that, until the process is gone.
  int nice = 0;
  std::map<int, std::uint64_t> limits = {};  ///< Of setrlimit(2), by RLIMIT_…; both soft and hard.
  /// Run under a user of its own, who has no other process, where the test may do that (as root).
  bool own_user = false;
};

/// A program that runs beside the test, with its output kept. It dies with the thread that started
/// it, so start it from the test's own thread. Threads: any may ask; one starts and waits.
class Process {
 public:
  explicit Process(ProcessOptions options);
  /// Kills what still runs.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  [[nodiscard]] bool running();
  void send_signal(int signal) noexcept;
  /// Waits for the end; empty when it still runs at the deadline (times kSlowness).
  std::optional<ExitStatus> wait(Milliseconds deadline);

  [[nodiscard]] std::string output() const;  ///< stdout so far.
  [[nodiscard]] std::string errors() const;  ///< stderr so far.

 private:
  struct Capture;

  pid_t pid_ = -1;
  std::optional<ExitStatus> status_;
  std::unique_ptr<Capture> capture_;
};

/// What a program said and how it ended.
struct Finished {
  std::optional<ExitStatus> status;  ///< Empty when it had to be killed at the deadline.
  std::string output;
  std::string errors;
};

/// Runs a program to its end.
[[nodiscard]] Finished run(ProcessOptions options, Milliseconds deadline = 60s);

/// A folder that goes away with all that is in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

void write_file(const std::string& path, const std::string& content);
[[nodiscard]] std::string read_file(const std::string& path);

}  // namespace integration
