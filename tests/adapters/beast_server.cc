#include <utility>  // which this Boost forgets

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "adapters/server.h"
#include "vitals/adapters/asio.h"
#include "vitals/adapters/beast.h"

namespace adapters_test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::string_body>;
using Answer = http::response<http::string_body>;
using vitals::adapters::mounted;

/// Coroutines on four threads: the request stays the active one over each of its waits.
class BeastServer final : public Server {
 public:
  BeastServer(vitals::exporting::ScrapeHandler& scrapes, vitals::console::Console& console)
      : scrapes_(scrapes),
        console_(console),
        acceptor_(pool_, tcp::endpoint{asio::ip::make_address("127.0.0.1"), 0}) {
    asio::co_spawn(pool_, accept(), asio::detached);
  }
  ~BeastServer() override {
    asio::post(pool_, [this] { acceptor_.close(); });
    pool_.stop();
    pool_.join();
  }
  [[nodiscard]] std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }

 private:
  asio::awaitable<void> accept() {
    for (;;) {
      tcp::socket socket = co_await acceptor_.async_accept(asio::use_awaitable);
      asio::co_spawn(vitals::adapters::carry_context(pool_.get_executor()),
                     serve(std::move(socket)), asio::detached);
    }
  }

  asio::awaitable<void> serve(tcp::socket socket) {
    boost::beast::flat_buffer buffer;
    for (;;) {
      Request request;
      co_await http::async_read(socket, buffer, request, asio::use_awaitable);
      Answer answer = co_await answer_to(request);
      co_await http::async_write(socket, answer, asio::use_awaitable);
      if (!answer.keep_alive()) co_return;
    }
  }

  asio::awaitable<Answer> answer_to(const Request& request) {
    if (auto page = mounted(scrapes_, request)) co_return *std::move(page);
    if (auto page = mounted(console_, request)) co_return *std::move(page);
    // The route is known after routing only.
    co_return co_await vitals::adapters::co_respond(
        request, vitals::monitor::kUnmatchedRoute,
        [&](vitals::monitor::RequestScope& scope) { return egg(request, scope); });
  }

  static asio::awaitable<Answer> egg(const Request& request, vitals::monitor::RequestScope& scope) {
    const std::string target{request.target()};
    const std::string first = target.substr(0, target.find('/', 1));
    const bool known = first == "/eggs" || first == "/throws" || first == "/large";
    if (known) scope.set_route(first + "/{id}");
    if (first == "/throws") break_an_egg();
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    const bool none = !known || target == "/eggs/0";
    Answer answer{none ? http::status::not_found : http::status::ok, request.version()};
    answer.keep_alive(request.keep_alive());
    if (first == "/eggs") answer.body() = what_is_current();
    if (first == "/large") answer.body() = std::string(kLarge, 'x');
    answer.prepare_payload();
    co_return answer;
  }

  vitals::exporting::ScrapeHandler& scrapes_;
  vitals::console::Console& console_;
  asio::thread_pool pool_{4};
  tcp::acceptor acceptor_;
};

}  // namespace

std::unique_ptr<Server> start_beast(vitals::exporting::ScrapeHandler& scrapes,
                                    vitals::console::Console& console) {
  return std::make_unique<BeastServer>(scrapes, console);
}

}  // namespace adapters_test
