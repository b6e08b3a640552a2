#include <memory>
#include <restinio/all.hpp>

#include "bench/adapters/wired.h"
#include "vitals/adapters/restinio.h"

namespace adapters_bench {
namespace {

using Router = restinio::router::express_router_t<>;
struct Traits : restinio::default_traits_t {
  using request_handler_t = Router;
};

}  // namespace

void serve_restinio(Wired& wired) {
  auto router = std::make_unique<Router>();
  if (wired.by_adapter()) {
    vitals::adapters::MonitoredExpressRouter{*router}.get(
        "/eggs/:id", [](const auto&, const auto&, const vitals::adapters::RestinioAnswer& answer) {
          answer.send(restinio::status_ok(), kBody, "text/plain");
        });
  } else {
    router->http_get("/eggs/:id", [&](const restinio::request_handle_t& request, const auto&) {
      return wired.call([&] {
        return request->create_response()
            .append_header(restinio::http_field::content_type, "text/plain")
            .set_body(kBody)
            .done();
      });
    });
  }
  restinio::run(restinio::on_thread_pool<Traits>(2)
                    .address("127.0.0.1")
                    .port(0)
                    .request_handler(std::move(router))
                    .acceptor_post_bind_hook([](restinio::asio_ns::ip::tcp::acceptor& acceptor) {
                      say_port(acceptor.local_endpoint().port());
                    }));
}

}  // namespace adapters_bench
