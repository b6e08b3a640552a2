#include <httplib.h>

#include "bench/adapters/wired.h"
#include "vitals/adapters/httplib.h"

namespace adapters_bench {
namespace {

constexpr int kThreads = 20;  // it has one for each connection

template <class Server>
void serve(Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool{kThreads}; };
  server.set_keep_alive_max_count(1'000'000'000);
  server.set_tcp_nodelay(true);
  say_port(server.bind_to_any_port("127.0.0.1"));
  server.listen_after_bind();
}

}  // namespace

void serve_httplib(Wired& wired) {
  const auto egg = [](const httplib::Request&, httplib::Response& answer) {
    answer.set_content(kBody, "text/plain");
  };
  if (wired.by_adapter()) {
    vitals::adapters::Monitored<httplib::Server> server;
    server.Get("/eggs/(\\d+)", egg);
    serve(server);
  } else {
    httplib::Server server;
    server.Get("/eggs/(\\d+)", [&](const httplib::Request& request, httplib::Response& answer) {
      wired.call([&] {
        egg(request, answer);
        return 0;
      });
    });
    serve(server);
  }
}

}  // namespace adapters_bench
