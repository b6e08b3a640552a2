#include <pistache/endpoint.h>
#include <pistache/router.h>

#include "bench/adapters/wired.h"
#include "vitals/adapters/pistache.h"

namespace adapters_bench {

namespace Http = Pistache::Http;
using Pistache::Rest::Request;

void serve_pistache(Wired& wired) {
  Pistache::Rest::Router router;
  if (wired.by_adapter()) {
    vitals::adapters::MonitoredRouter{router}.get(
        "/eggs/:id", [](const Request&, const vitals::adapters::PistacheAnswer& answer) {
          answer.send(Http::Code::Ok, kBody);
        });
  } else {
    router.get("/eggs/:id", [&](const Request&, Http::ResponseWriter writer) {
      return wired.call([&] {
        writer.send(Http::Code::Ok, kBody);
        return Pistache::Rest::Route::Result::Ok;
      });
    });
  }
  Http::Endpoint endpoint{Pistache::Address{Pistache::Ipv4::loopback(), Pistache::Port{0}}};
  endpoint.init(Http::Endpoint::options().threads(2));
  endpoint.setHandler(router.handler());
  endpoint.serveThreaded();
  say_port(static_cast<std::uint16_t>(endpoint.getPort()));
  wait_to_be_killed();
}

}  // namespace adapters_bench
