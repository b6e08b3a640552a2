#include <httplib.h>

#include <thread>

#include "adapters/server.h"
#include "vitals/adapters/httplib.h"

namespace adapters_test {
namespace {

class HttplibServer final : public Server {
 public:
  HttplibServer(vitals::exporting::ScrapeHandler& scrapes, vitals::console::Console& console) {
    server_.mount(scrapes).mount(console);
    server_.Get("/eggs/(\\d+)", [](const httplib::Request& request, httplib::Response& answer) {
      if (request.matches[1] == "0") {
        answer.status = 404;
        return;
      }
      answer.set_content(what_is_current(), "text/plain");
    });
    server_.Get("/throws/(\\d+)",
                [](const httplib::Request&, httplib::Response&) { break_an_egg(); });
    server_.Get("/large/(\\d+)", [](const httplib::Request&, httplib::Response& answer) {
      answer.set_content(std::string(kLarge, 'x'), "text/plain");
    });
    port_ = static_cast<std::uint16_t>(server_.bind_to_any_port("127.0.0.1"));
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    while (!server_.is_running())
      std::this_thread::yield();
  }
  ~HttplibServer() override {
    server_.stop();
    thread_.join();
  }
  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  vitals::adapters::Monitored<httplib::Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Server> start_httplib(vitals::exporting::ScrapeHandler& scrapes,
                                      vitals::console::Console& console) {
  return std::make_unique<HttplibServer>(scrapes, console);
}

}  // namespace adapters_test
