// A server on Pistache.
#include <pistache/endpoint.h>
#include <pistache/router.h>

#include <iostream>
#include <stdexcept>

#include "vitals/adapters/pistache.h"

int main() {
  namespace Http = Pistache::Http;
  const vitals::console::Monitoring monitoring{{.name = "pistache"}};
  Pistache::Rest::Router router;
  vitals::adapters::MonitoredRouter monitored{router};
  monitored.mount(monitoring);  // /metrics and /console
  monitored.get("/eggs/:id", [](const Pistache::Rest::Request& request,
                                const vitals::adapters::PistacheAnswer& answer) {
    if (request.param(":id").as<int>() == 0) throw std::out_of_range{"no such egg"};
    answer.send(Http::Code::Ok, "an egg\n");
  });

  Http::Endpoint endpoint{Pistache::Address{Pistache::Ipv4::loopback(), Pistache::Port{0}}};
  endpoint.init(Http::Endpoint::options().threads(4));
  endpoint.setHandler(router.handler());
  endpoint.serveThreaded();
  std::cout << "listening on " << endpoint.getPort() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  endpoint.shutdown();
}
