// A service on cpp-httplib with metrics, errors, traces and the console.
#include <httplib.h>

#include <iostream>
#include <stdexcept>

#include "vitals/adapters/httplib.h"

int main() {
  const vitals::console::Monitoring monitoring{{.name = "hello", .release = "hello@1.0"}};
  vitals::adapters::Monitored<httplib::Server> server;
  server.mount(monitoring);  // /metrics and /console

  server.Get("/eggs/(\\d+)", [](const httplib::Request& request, httplib::Response& answer) {
    if (request.matches[1] == "0") throw std::out_of_range{"no such egg"};
    answer.set_content("an egg\n", "text/plain");
  });

  std::cout << "listening on " << server.bind_to_any_port("127.0.0.1") << std::endl;
  server.listen_after_bind();
}
