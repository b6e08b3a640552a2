// adapters_bench_server FRAMEWORK WIRING: one server of adapters_bench.
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>

#include "bench/adapters/wired.h"

namespace adapters_bench {

void say_port(int port) {
  std::cout << "listening on " << port << std::endl;
}

void wait_to_be_killed() {
  for (;;)
    ::pause();
}

}  // namespace adapters_bench

int main(int argc, char** argv) {
  using namespace adapters_bench;
  const std::map<std::string_view, void (*)(Wired&)> servers{{"httplib", &serve_httplib},
                                                             {"beast", &serve_beast},
                                                             {"restinio", &serve_restinio},
                                                             {"pistache", &serve_pistache},
                                                             {"grpc", &serve_grpc}};
  const auto server = servers.find(argc == 3 ? argv[1] : "");
  const auto* wiring =
      std::find(std::begin(kWirings), std::end(kWirings), argc == 3 ? argv[2] : "");
  if (server == servers.end() || wiring == std::end(kWirings)) {
    std::cerr << "usage: adapters_bench_server httplib|beast|restinio|pistache|grpc "
                 "none|by_hand|metrics|whole\n";
    return 64;
  }
  Wired wired{static_cast<Wiring>(wiring - std::begin(kWirings))};
  server->second(wired);
}
