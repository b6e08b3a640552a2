#include "integration/support/spotlight.h"

#include <stdexcept>

#include "integration/support/ports.h"

namespace integration {

Spotlight::Spotlight()
    : port_(free_port()),
      // A node of the folder's own goes first: that of Debian 12 is too old for it.
      process_({.command = {"sh", "-c",
                            "PATH=node_modules/.bin:$PATH exec node spotlight.mjs " +
                                std::to_string(port_)},
                .directory = PEERS_FOLDER}),
      http_(port_) {
  const bool ready = eventually([this] { return http_.get("/health").status == 200; }, 30s);
  if (!ready) {
    throw std::runtime_error("Spotlight does not answer; `scripts/bootstrap test` installs it: " +
                             process_.output() + process_.errors());
  }
}

std::string Spotlight::dsn() const {
  return "http://public@127.0.0.1:" + std::to_string(port_) + "/1";
}

std::string Spotlight::stream_url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/stream";
}

std::vector<Json> Spotlight::items(const std::string& type) {
  // The stream first repeats what it holds, then stays open: read for a moment, and no longer.
  const Response stream = http_.send({.path = "/stream", .timeout = 500ms});
  std::vector<Json> found;
  for (const std::string& text : event_stream_data(stream.body)) {
    const Json envelope = Json::parse(text, nullptr, false);
    if (!envelope.is_array() || envelope.size() != 2) continue;
    for (const Json& item : envelope[1]) {
      if (item.is_array() && item.size() == 2 && item[0].value("type", "") == type)
        found.push_back(item[1]);
    }
  }
  return found;
}

bool Spotlight::wait_for(const std::string& type,
                         const std::function<bool(const std::vector<Json>&)>& good,
                         Milliseconds deadline) {
  return eventually([&] { return good(items(type)); }, deadline);
}

}  // namespace integration
