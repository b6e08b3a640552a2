// A server on RESTinio with its express router.
#include <iostream>
#include <restinio/all.hpp>
#include <stdexcept>

#include "vitals/adapters/restinio.h"
#include "vitals/console/monitoring.h"

namespace {

using Router = restinio::router::express_router_t<>;
struct Traits : restinio::default_single_thread_traits_t {
  using request_handler_t = Router;
};

}  // namespace

int main() {
  const vitals::console::Monitoring monitoring{{.name = "restinio"}};
  auto router = std::make_unique<Router>();
  vitals::adapters::MonitoredExpressRouter monitored{*router};
  monitored.mount(monitoring);  // /metrics and /console
  monitored.get("/eggs/:id", [](const restinio::request_handle_t&, const auto& parameters,
                                const vitals::adapters::RestinioAnswer& answer) {
    if (parameters["id"] == "0") throw std::out_of_range{"no such egg"};
    answer.send(restinio::status_ok(), "an egg\n");
  });

  restinio::run(restinio::on_this_thread<Traits>()
                    .address("127.0.0.1")
                    .port(0)
                    .request_handler(std::move(router))
                    .acceptor_post_bind_hook([](restinio::asio_ns::ip::tcp::acceptor& acceptor) {
                      // It is bound but does not listen yet.
                      restinio::asio_ns::post(acceptor.get_executor(), [&acceptor] {
                        std::cout << "listening on " << acceptor.local_endpoint().port()
                                  << std::endl;
                      });
                    }));
}
