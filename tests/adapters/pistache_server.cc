#include <pistache/endpoint.h>
#include <pistache/router.h>

#include "adapters/server.h"
#include "vitals/adapters/pistache.h"

namespace adapters_test {
namespace {

namespace Http = Pistache::Http;
using Pistache::Rest::Request;
using vitals::adapters::PistacheAnswer;

class PistacheServer final : public Server {
 public:
  PistacheServer(vitals::exporting::ScrapeHandler& scrapes, vitals::console::Console& console)
      : endpoint_(Pistache::Address{Pistache::Ipv4::loopback(), Pistache::Port{0}}) {
    vitals::adapters::MonitoredRouter monitored{router_};
    monitored.mount(scrapes).mount(console);
    monitored.get("/eggs/:id", [](const Request& request, const PistacheAnswer& answer) {
      if (request.param(":id").as<int>() == 0) return answer.send(Http::Code::Not_Found);
      answer.send(Http::Code::Ok, what_is_current());
    });
    monitored.get("/throws/:id", [](const Request&, const PistacheAnswer&) { break_an_egg(); });
    monitored.get("/large/:id", [](const Request&, const PistacheAnswer& answer) {
      answer.send(Http::Code::Ok, std::string(kLarge, 'x'));
    });
    endpoint_.init(Http::Endpoint::options().threads(4).flags(Pistache::Tcp::Options::ReuseAddr));
    endpoint_.setHandler(router_.handler());
    endpoint_.serveThreaded();
  }
  ~PistacheServer() override { endpoint_.shutdown(); }
  [[nodiscard]] std::uint16_t port() const override {
    return static_cast<std::uint16_t>(static_cast<std::uint16_t>(endpoint_.getPort()));
  }

 private:
  Pistache::Rest::Router router_;
  Http::Endpoint endpoint_;
};

}  // namespace

std::unique_ptr<Server> start_pistache(vitals::exporting::ScrapeHandler& scrapes,
                                       vitals::console::Console& console) {
  return std::make_unique<PistacheServer>(scrapes, console);
}

}  // namespace adapters_test
