#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "integration/support/http.h"
#include "integration/support/metrics_text.h"
#include "integration/support/process.h"

namespace integration {

using Settings = Environment;

struct ServiceOptions {
  std::string program = {};  ///< The service's program.
  Settings settings = {};    ///< All of its environment; ports are chosen where none is given.
  std::vector<std::string> arguments = {};  ///< Behind the program's name.
  std::string directory = {};  ///< Where it works; empty is a fresh folder that goes away with it.
  Milliseconds ready_within = 60s;           ///< How long its start may take.
  std::map<int, std::uint64_t> limits = {};  ///< As ProcessOptions has them.
  bool own_user = false;
  bool has_api = true;  ///< False for RUN_MODE=bot: it is ready when its metrics listener answers.
};

/// How a stop went.
struct Stopped {
  std::optional<ExitStatus> status;  ///< Empty when it had to be killed.
  double seconds = 0;
};

/// A running health-agent, started from its program in a fresh working directory with nothing but
/// the given settings. Start it from the test's own thread: it dies with that thread.
class Service {
 public:
  /// Starts it and waits until /api/health answers, whatever it answers. Throws with the program's
  /// output when it does not.
  explicit Service(ServiceOptions options);
  /// Stops what still runs by SIGTERM, and reports a test failure when that does not end in exit
  /// code 0 within 30 s.
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  [[nodiscard]] std::uint16_t api_port() const noexcept { return api_port_; }
  /// The port of the metrics-only listener.
  [[nodiscard]] std::uint16_t metrics_port() const noexcept { return metrics_port_; }
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  [[nodiscard]] pid_t pid() const noexcept { return process_->pid(); }
  [[nodiscard]] Process& process() noexcept { return *process_; }
  [[nodiscard]] std::string output() const { return process_->output(); }
  [[nodiscard]] std::string errors() const { return process_->errors(); }

  /// A new client for the API.
  [[nodiscard]] Http http() const { return Http{api_port_}; }
  /// /metrics on the API port, or on the other where there is no API, read strictly.
  [[nodiscard]] Metrics metrics() const;
  /// True when /api/health says 200.
  [[nodiscard]] bool healthy() const;

  /// SIGTERM, and how it ended.
  Stopped stop(Milliseconds deadline = 90s);
  void kill_at_once();

 private:
  std::unique_ptr<TempDir> own_directory_;
  std::string directory_;
  bool has_api_;
  std::uint16_t api_port_;
  std::uint16_t metrics_port_;
  std::unique_ptr<Process> process_;
};

/// How often the words stand in what the service has written on stdout and stderr so far.
[[nodiscard]] std::size_t times_told(const Service& service, std::string_view words);

/// Whether they stand there, and whether they stand there once. Waits for them: a line may be written
/// after the service behaves as it says.
[[nodiscard]] bool tells(const Service& service, std::string_view words);
[[nodiscard]] bool tells_once(const Service& service, std::string_view words);

/// Runs the service where a start is expected to fail, to its end.
[[nodiscard]] Finished run_service(const ServiceOptions& options, Milliseconds deadline = 60s);

/// The complaint of a service that did not stop as it should; tests make it a failure of theirs.
using Complain = void (*)(const std::string& words);
void on_complaint(Complain complain) noexcept;

}  // namespace integration
