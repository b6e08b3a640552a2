#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "integration/support/process.h"
#include "integration/support/wait.h"

namespace adapters_test {

/// A MariaDB server of the test's own, behind a socket in a fresh folder.
class MariaDb {
 public:
  MariaDb() {
    const std::string data = "--datadir=" + std::string{folder_.path()} + "/data";
    const auto made = integration::run(
        {.command = {"mariadb-install-db", "--no-defaults", data, user(),
                     "--auth-root-authentication-method=normal", "--skip-test-db"}},
        std::chrono::seconds{60});
    if (!made.status || made.status->code != 0)
      throw std::runtime_error("mariadb-install-db: " + made.output + made.errors);
    process_ = std::make_unique<integration::Process>(integration::ProcessOptions{
        .command = {"mariadbd", "--no-defaults", data, user(), "--socket=" + socket(),
                    "--skip-networking", "--pid-file=" + std::string{folder_.path()} + "/pid"}});
    if (!integration::eventually([&] { return std::filesystem::exists(socket()); },
                                 std::chrono::seconds{60})) {
      throw std::runtime_error("mariadbd does not come up: " + process_->errors());
    }
  }
  [[nodiscard]] std::string socket() const { return std::string{folder_.path()} + "/socket"; }
  void stop() { process_ = nullptr; }

 private:
  static std::string user() {
    if (::geteuid() == 0) return "--user=root";
    const char* const name = std::getenv("USER");
    return std::string{"--user="} + (name != nullptr ? name : "");
  }

  integration::TempDir folder_;
  std::unique_ptr<integration::Process> process_;
};

}  // namespace adapters_test
