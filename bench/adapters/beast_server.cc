#include <utility>  // which this Boost forgets

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "bench/adapters/wired.h"
#include "vitals/adapters/asio.h"
#include "vitals/adapters/beast.h"

namespace adapters_bench {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Answer = http::response<http::string_body>;

const vitals::monitor::Endpoint kEggs{vitals::monitor::Method::kGet, "/eggs/{id}"};

Answer egg(const Request& request) {
  Answer answer{http::status::ok, request.version(), kBody};
  answer.keep_alive(request.keep_alive());
  answer.prepare_payload();
  return answer;
}

asio::awaitable<Answer> co_egg(const Request& request) {
  co_return egg(request);
}

asio::awaitable<void> serve(tcp::socket socket, Wired& wired) {
  boost::beast::flat_buffer buffer;
  for (;;) {
    Request request;
    co_await http::async_read(socket, buffer, request, asio::use_awaitable);
    Answer answer;
    if (wired.by_adapter()) {
      answer = co_await vitals::adapters::co_respond(request, kEggs,
                                                     [&](auto&) { return co_egg(request); });
    } else {
      answer = wired.call([&] { return egg(request); });
    }
    co_await http::async_write(socket, answer, asio::use_awaitable);
    if (!answer.keep_alive()) co_return;
  }
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, Wired& wired) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay{true});
    if (wired.by_adapter()) {
      asio::co_spawn(vitals::adapters::carry_context(acceptor.get_executor()),
                     serve(std::move(socket), wired), asio::detached);
    } else {
      asio::co_spawn(acceptor.get_executor(), serve(std::move(socket), wired), asio::detached);
    }
  }
}

}  // namespace

void serve_beast(Wired& wired) {
  asio::thread_pool pool{2};
  tcp::acceptor acceptor{pool, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}};
  say_port(acceptor.local_endpoint().port());
  asio::co_spawn(pool, accept(acceptor, wired), asio::detached);
  pool.join();
}

}  // namespace adapters_bench
