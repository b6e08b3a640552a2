#include <restinio/all.hpp>
#include <thread>

#include "adapters/server.h"
#include "vitals/adapters/restinio.h"

namespace adapters_test {
namespace {

using vitals::adapters::RestinioAnswer;
using Router = restinio::router::express_router_t<>;
struct Traits
    : restinio::traits_t<restinio::asio_timer_manager_t, restinio::null_logger_t, Router> {};

class RestinioServer final : public Server {
 public:
  RestinioServer(vitals::exporting::ScrapeHandler& scrapes, vitals::console::Console& console)
      : server_(restinio::own_io_context(), [&](auto& settings) {
          settings.address("127.0.0.1")
              .port(0)
              .request_handler(routes(scrapes, console))
              .acceptor_post_bind_hook([this](restinio::asio_ns::ip::tcp::acceptor& acceptor) {
                bound_ = acceptor.local_endpoint().port();
              });
        }) {
    restinio::asio_ns::post(server_.io_context(), [this] {
      server_.open_sync();
      port_ = bound_;
    });
    for (int i = 0; i < 4; ++i)
      threads_.emplace_back([this] { server_.io_context().run(); });
    while (port_ == 0)
      std::this_thread::yield();
  }
  ~RestinioServer() override {
    restinio::asio_ns::post(server_.io_context(), [this] {
      server_.close_sync();
      server_.io_context().stop();
    });
    for (std::thread& thread : threads_)
      thread.join();
  }
  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  static std::unique_ptr<Router> routes(vitals::exporting::ScrapeHandler& scrapes,
                                        vitals::console::Console& console) {
    auto router = std::make_unique<Router>();
    vitals::adapters::MonitoredExpressRouter monitored{*router};
    monitored.mount(scrapes).mount(console);
    monitored.get("/eggs/:id", [](const restinio::request_handle_t& request, const auto& parameters,
                                  const RestinioAnswer& answer) {
      if (parameters["id"] == "0")
        return answer.send(request->create_response(restinio::status_not_found()));
      answer.send(restinio::status_ok(), what_is_current());
    });
    monitored.get("/throws/:id", [](const auto&...) { break_an_egg(); });
    monitored.get("/large/:id", [](const auto&, const auto&, const RestinioAnswer& answer) {
      answer.send(restinio::status_ok(), std::string(kLarge, 'x'));
    });
    return router;
  }

  std::uint16_t bound_ = 0;
  std::atomic<std::uint16_t> port_{0};
  restinio::http_server_t<Traits> server_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<Server> start_restinio(vitals::exporting::ScrapeHandler& scrapes,
                                       vitals::console::Console& console) {
  return std::make_unique<RestinioServer>(scrapes, console);
}

}  // namespace adapters_test
