// A server on Boost.Beast with coroutines: the request stays the active one over each wait.
#include <utility>  // which this Boost forgets

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <iostream>
#include <stdexcept>

#include "vitals/adapters/asio.h"
#include "vitals/adapters/beast.h"
#include "vitals/console/monitoring.h"

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Answer = http::response<http::string_body>;
using vitals::console::Monitoring;

asio::awaitable<Answer> egg(const Request& request) {
  if (request.target() == "/eggs/0") throw std::out_of_range{"no such egg"};
  Answer answer{http::status::ok, request.version(), "an egg\n"};
  answer.prepare_payload();
  co_return answer;
}

asio::awaitable<Answer> answer_to(const Request& request, const Monitoring& monitoring) {
  if (auto page = vitals::adapters::mounted(monitoring, request)) co_return *std::move(page);
  co_return co_await vitals::adapters::co_respond(request, "/eggs/{id}",
                                                  [&](auto&) { return egg(request); });
}

asio::awaitable<void> serve(tcp::socket socket, const Monitoring& monitoring) {
  boost::beast::flat_buffer buffer;
  Request request;
  co_await http::async_read(socket, buffer, request, asio::use_awaitable);
  Answer answer = co_await answer_to(request, monitoring);
  answer.keep_alive(false);
  co_await http::async_write(socket, answer, asio::use_awaitable);
}

asio::awaitable<void> accept(tcp::acceptor& acceptor, const Monitoring& monitoring) {
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    const auto executor = vitals::adapters::carry_context(acceptor.get_executor());
    asio::co_spawn(executor, serve(std::move(socket), monitoring), asio::detached);
  }
}

}  // namespace

int main() {
  const Monitoring monitoring{{.name = "beast"}};
  asio::thread_pool pool{4};
  tcp::acceptor acceptor{pool, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}};
  std::cout << "listening on " << acceptor.local_endpoint().port() << std::endl;
  asio::co_spawn(pool, accept(acceptor, monitoring), asio::detached);
  pool.join();
}
