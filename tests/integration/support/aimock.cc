#include "integration/support/aimock.h"

#include <stdexcept>

#include "integration/support/ports.h"

namespace integration {
namespace {

std::vector<std::string> command(const TempDir& folder, std::uint16_t port, const Json& fixtures,
                                 const std::vector<std::string>& options) {
  const std::string file = folder.file("fixtures.json");
  write_file(file, Json{{"fixtures", fixtures}}.dump());
  std::string line =
      // A node of the folder's own goes first: that of Debian 12 is too old for it.
      "PATH=node_modules/.bin:$PATH exec node node_modules/@copilotkit/aimock/dist/cli.js "
      "-h 127.0.0.1 --strict --log-level warn -p " +
      std::to_string(port) + " -f " + file;
  for (const std::string& option : options)
    line += " " + option;
  return {"sh", "-c", line};
}

}  // namespace

Aimock::Aimock(const Json& fixtures, const std::vector<std::string>& options)
    : port_(free_port()),
      process_({.command = command(folder_, port_, fixtures, options), .directory = PEERS_FOLDER}),
      http_(port_) {
  const bool ready = eventually([this] { return http_.get("/health").status == 200; }, 30s);
  if (!ready) {
    throw std::runtime_error("aimock does not answer; `scripts/bootstrap test` installs it: " +
                             process_.output() + process_.errors());
  }
}

std::string Aimock::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

std::vector<Json> Aimock::asked() {
  const Json journal = http_.get("/__aimock/journal").json();
  return journal.get<std::vector<Json>>();
}

}  // namespace integration
