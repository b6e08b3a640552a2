#include "health_agent/api/server.h"

#include <spdlog/spdlog.h>

#include <asio.hpp>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <restinio/all.hpp>
#include <stdexcept>
#include <thread>
#include <utility>

#include "health_agent/api/admission.h"
#include "health_agent/api/audit.h"
#include "health_agent/api/error_body.h"
#include "health_agent/api/refusing_socket.h"
#include "health_agent/errors.h"
#include "vitals/adapters/restinio.h"

namespace health_agent::api {
namespace {

using vitals::monitor::Method;
using vitals::monitor::RequestActivation;
using vitals::monitor::RequestScope;

constexpr std::uint64_t kMaxBody = 1 << 20;
constexpr std::size_t kMaxConnections = 4096;

using RequestHandle = restinio::request_handle_t;
using OnRequest = std::function<restinio::request_handling_status_t(RequestHandle)>;

struct Traits : restinio::traits_t<restinio::asio_timer_manager_t, RefusalLogger, OnRequest,
                                   restinio::default_strand_t, RefusingSocket> {
  static constexpr bool use_connection_count_limiter = true;
};
using HttpServer = restinio::http_server_t<Traits>;

std::string_view header_of(const restinio::request_t& request, std::string_view name) {
  return vitals::adapters::detail::field_of(request.header(), name);
}

/// The requests that have come in and whose answers are not written yet.
class InFlight {
 public:
  void enter() noexcept { count_.fetch_add(1, std::memory_order_relaxed); }
  void leave() noexcept {
    if (count_.fetch_sub(1, std::memory_order_acq_rel) ==
        1) {  // pairs with the acquire in wait_none()
      const std::lock_guard lock{mutex_};
      none_.notify_all();
    }
  }
  bool wait_none(std::chrono::milliseconds timeout) {
    std::unique_lock lock{mutex_};
    return none_.wait_for(lock, timeout,
                          [this] { return count_.load(std::memory_order_acquire) == 0; });
  }

 private:
  std::atomic<int> count_{0};
  std::mutex mutex_;
  std::condition_variable none_;
};

/// One request on its way through the server. Kept alive by whoever works on it, and by RESTinio
/// until the answer is written.
struct Exchange {
  Exchange(RequestHandle request, Entry decided, const vitals::monitor::RequestStart& start,
           InFlight& flights)
      : handle(std::move(request)),
        entry(std::move(decided)),
        match(entry.match),
        scope(start),
        in_flight(flights) {
    in_flight.enter();
  }
  ~Exchange() { in_flight.leave(); }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  RequestHandle handle;
  Entry entry;
  RouteTable::Match& match;
  RequestScope scope;
  InFlight& in_flight;
  std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();
};

restinio::http_status_line_t status_line(int status) {
  static const auto phrase = [](int code) -> const char* {
    switch (code) {
      case 200:
        return "OK";
      case 201:
        return "Created";
      case 204:
        return "No Content";
      case 304:
        return "Not Modified";
      case 400:
        return "Bad Request";
      case 401:
        return "Unauthorized";
      case 403:
        return "Forbidden";
      case 404:
        return "Not Found";
      case 405:
        return "Method Not Allowed";
      case 415:
        return "Unsupported Media Type";
      case 421:
        return "Misdirected Request";
      case 429:
        return "Too Many Requests";
      case 500:
        return "Internal Server Error";
      case 502:
        return "Bad Gateway";
      case 503:
        return "Service Unavailable";
      default:
        return "Unknown";
    }
  };
  return {restinio::http_status_code_t{static_cast<std::uint16_t>(status)}, phrase(status)};
}

/// A stream that is written from outside: the console's. Pieces that the client has not taken are
/// counted, so that one who reads too slowly is let go of rather than gathered for.
class LiveAnswer final : public vitals::console::Viewer {
 public:
  using Builder = restinio::response_builder_t<restinio::chunked_output_t>;

  LiveAnswer(std::shared_ptr<Exchange> exchange, Builder builder)
      : exchange_(std::move(exchange)), builder_(std::move(builder)) {}
  ~LiveAnswer() override {
    try {
      builder_.done();
    } catch (const std::exception&) {
      // The connection is gone.
    }
  }

  bool write(std::string_view piece) override {
    if (state_->gone || state_->unread >= kMostUnread) return false;
    try {
      ++state_->unread;
      builder_.append_chunk(std::string{piece});
      builder_.flush([state = state_](const restinio::asio_ns::error_code& error) {
        --state->unread;
        if (error) state->gone = true;
      });
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

 private:
  static constexpr int kMostUnread = 16;
  struct State {
    std::atomic<bool> gone{false};
    std::atomic<int> unread{0};
  };

  std::shared_ptr<Exchange> exchange_;  // under way until the stream ends
  Builder builder_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

/// An io_context that lets go of its pending handlers while what they refer to is still there. An
/// idle connection is such a handler, and it refers to the HTTP server that in turn refers to this.
class IoContext : public asio::io_context {
 public:
  using asio::execution_context::shutdown;
};

/// What neither asks for a key nor changes anything: /api/health, /metrics, a wrong path. It has
/// workers of its own, so that whoever watches the service is answered while every other one waits.
bool is_quick(Method method, const RouteTable::Match& match) {
  return match.route == nullptr ||
         (match.route->access != Access::kKeyHolders && method != Method::kPost);
}

constexpr std::size_t kQuickWorkers = 2;

/// The answers of handlers that ended last may take so long to be written.
constexpr std::chrono::milliseconds kLastAnswers{500};

}  // namespace

struct Server::Impl {
  Impl(ServerOptions server_options, RouteTable route_table)
      : options(std::move(server_options)),
        routes(std::move(route_table)),
        admission(options.admission, routes),
        workers(options.workers),
        quick_workers(kQuickWorkers) {}

  ~Impl() { end(); }

  void start();
  bool drain(std::chrono::milliseconds timeout);
  void end();

  restinio::request_handling_status_t on_request(RequestHandle handle);
  void work(const std::shared_ptr<Exchange>& exchange);
  Response answer(Exchange& exchange, Request& request);
  Response handle_or_explain(Exchange& exchange, const std::function<Response()>& work_once);
  void send(const std::shared_ptr<Exchange>& exchange, Request& request, Response response);
  void send_stream(const std::shared_ptr<Exchange>& exchange, Request& request, Response response);
  void send_live(const std::shared_ptr<Exchange>& exchange, Request& request, Response response);

  template <class Builder>
  void add_headers(Builder& builder, const Exchange& exchange, const Response& response) const;

  ServerOptions options;
  RouteTable routes;
  Admission admission;
  Audit audit;
  InFlight in_flight;
  std::atomic<bool> draining{false};

  IoContext context;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> keep_running;
  std::unique_ptr<HttpServer> server;
  std::vector<std::thread> io_threads;
  asio::thread_pool workers;
  asio::thread_pool quick_workers;
  std::shared_ptr<spdlog::logger> access_log = spdlog::get("access");
};

void Server::Impl::start() {
  server =
      std::make_unique<HttpServer>(restinio::external_io_context(context), [this](auto& settings) {
        settings.address(options.host)
            .port(options.port)
            .request_handler([this](RequestHandle handle) { return on_request(std::move(handle)); })
            .read_next_http_message_timelimit(options.read_timeout)
            .write_http_response_timelimit(options.read_timeout)
            .handle_request_timeout(options.handler_timeout)
            .max_pipelined_requests(1)
            .max_parallel_connections(kMaxConnections)
            .incoming_http_msg_limits(restinio::incoming_http_msg_limits_t{}
                                          .max_url_size(8'192)
                                          .max_field_name_size(256)
                                          .max_field_value_size(8'192)
                                          .max_field_count(100)
                                          .max_body_size(kMaxBody))
            .socket_options_setter(
                [](auto& socket) { socket.set_option(asio::ip::tcp::no_delay{true}); });
      });
  keep_running.emplace(context.get_executor());
  const std::size_t threads = std::max<std::size_t>(1, std::thread::hardware_concurrency() / 4);
  for (std::size_t i = 0; i < threads; ++i)
    io_threads.emplace_back([this] { context.run(); });
  try {
    server->open_sync();
  } catch (const std::exception& error) {
    throw std::runtime_error("the API cannot listen on " + options.host + ":" +
                             std::to_string(options.port) + ": " + error.what());
  }
}

bool Server::Impl::drain(std::chrono::milliseconds timeout) {
  draining = true;
  if (server != nullptr) server->close_sync();
  return in_flight.wait_none(timeout);
}

void Server::Impl::end() {
  for (asio::thread_pool* pool : {&workers, &quick_workers})
    pool->stop();
  for (asio::thread_pool* pool : {&workers, &quick_workers})
    pool->join();
  in_flight.wait_none(kLastAnswers);
  keep_running.reset();
  context.stop();
  for (std::thread& thread : io_threads)
    thread.join();
  io_threads.clear();
  context.shutdown();
}

restinio::request_handling_status_t Server::Impl::on_request(RequestHandle handle) {
  const auto& header = handle->header();
  const std::string remote = handle->remote_endpoint().address().to_string();
  RequestHead head;
  head.method = vitals::monitor::parse_method(header.method().c_str());
  head.target = vitals::adapters::detail::view_of(header.request_target());
  if (header.has_field("Host")) head.host = header_of(*handle, "Host");
  head.origin = header_of(*handle, "Origin");
  head.content_type = header_of(*handle, "Content-Type");
  head.authorization = header_of(*handle, "Authorization");
  head.fetch_site = header_of(*handle, "Sec-Fetch-Site");
  head.fetch_mode = header_of(*handle, "Sec-Fetch-Mode");
  head.telegram_secret = header_of(*handle, "X-Telegram-Bot-Api-Secret-Token");
  head.preflight_method = header_of(*handle, "Access-Control-Request-Method");
  head.has_body = !handle->body().empty();
  head.remote_address = remote;
  std::string forwarded_for;
  header.for_each_field([&](const restinio::http_header_field_t& field) {
    if (!restinio::impl::is_equal_caseless(field.name(), "X-Forwarded-For")) return;
    if (!forwarded_for.empty()) forwarded_for += ',';
    forwarded_for += field.value();
  });
  head.forwarded_for = forwarded_for;

  Entry entry = admission.decide(head);
  vitals::monitor::RequestStart start{.method = head.method,
                                      .path = entry.path,
                                      .query = entry.query,
                                      .request_id = header_of(*handle, "X-Request-ID")};
  if (entry.match.route != nullptr) {
    start.endpoint = &entry.match.route->endpoint;
  } else if (!entry.match.path.empty()) {
    start.route = entry.match.path;
  }
  if (entry.trace == Entry::Trace::kContinue) {
    start.sentry_trace = header_of(*handle, "sentry-trace");
    start.baggage = header_of(*handle, "baggage");
    start.traceparent = header_of(*handle, "traceparent");
  }
  const std::string address = options.send_addresses ? entry.source : std::string{};
  start.remote_address = address;
  auto exchange = std::make_shared<Exchange>(std::move(handle), std::move(entry), start, in_flight);
  asio::thread_pool& pool = is_quick(head.method, exchange->match) ? quick_workers : workers;
  asio::post(pool, [this, exchange = std::move(exchange)]() mutable {
    work(std::exchange(exchange, nullptr));
  });
  return restinio::request_accepted();
}

void Server::Impl::work(const std::shared_ptr<Exchange>& exchange) {
  const RequestActivation active{exchange->scope};
  const restinio::request_t& handle = *exchange->handle;
  const std::string caller = exchange->entry.caller();
  Request request;
  request.method = vitals::monitor::parse_method(handle.header().method().c_str());
  request.path = exchange->entry.path;
  request.query = exchange->entry.query;
  request.body = handle.body();
  request.remote_address = exchange->entry.source;
  request.caller = caller;
  request.params = std::move(exchange->match.params);
  request.header = [&handle](std::string_view name) { return header_of(handle, name); };
  request.scope = &exchange->scope;

  Response response = handle_or_explain(*exchange, [&] { return answer(*exchange, request); });
  try {
    admission.finish_headers(request.header("Origin"), response);
    audit.record(exchange->entry, request.method, response.status);
    if (response.stream) {
      send_stream(exchange, request, std::move(response));
    } else if (response.attach) {
      send_live(exchange, request, std::move(response));
    } else {
      send(exchange, request, std::move(response));
    }
  } catch (const std::exception& error) {
    // RESTinio refuses an answer to a connection that is gone; there is nobody left to tell.
    access_log->debug("an answer could not be sent: {}", error.what());
    exchange->scope.finish(response.status);
  }
}

Response Server::Impl::answer(Exchange& exchange, Request& request) {
  if (auto early = exchange.entry.early_answer(exchange.scope.request_id())) {
    if (exchange.entry.refusal) exchange.scope.fail(exchange.entry.refusal->class_name());
    return *std::move(early);
  }
  return exchange.match.route->handler(request);
}

Response Server::Impl::handle_or_explain(Exchange& exchange,
                                         const std::function<Response()>& work_once) {
  RequestScope& scope = exchange.scope;
  try {
    return work_once();
  } catch (const ServiceError& error) {
    if (error.status() >= 500) {
      scope.fail_unhandled(error);
      access_log->error("{} failed: {}: {}", exchange.match.path, error.class_name(), error.what());
    } else {
      scope.fail(error.class_name());
    }
    return error_response(error, scope.request_id());
  } catch (const std::exception& error) {
    scope.fail_unhandled(error);
    access_log->error("{} failed: {}", exchange.match.path, error.what());
  } catch (...) {
    scope.fail_unhandled(std::current_exception());
    access_log->error("{} failed with something that is no std::exception", exchange.match.path);
  }
  Response response;
  response.status = 500;
  response.body = internal_error_body(scope.request_id());
  return response;
}

template <class Builder>
void Server::Impl::add_headers(Builder& builder, const Exchange& exchange,
                               const Response& response) const {
  if (!response.content_type.empty())
    builder.append_header(restinio::http_field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers)
    builder.append_header(name, value);
  vitals::adapters::append_ids(builder, exchange.scope);
  if (draining || !exchange.handle->header().should_keep_alive()) {
    builder.connection_close();
  } else {
    builder.connection_keep_alive();
  }
}

void Server::Impl::send(const std::shared_ptr<Exchange>& exchange, Request& request,
                        Response response) {
  // Measured before the answer leaves: whoever has read it finds it counted.
  exchange->scope.finish(response.status);
  access_log->info(
      "{} {} {} {:.1f} ms{}", vitals::monitor::to_string(request.method),
      exchange->match.path.empty() ? vitals::monitor::kUnmatchedRoute : exchange->match.path,
      response.status,
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() -
                                                exchange->arrived)
          .count(),
      described(exchange->entry));
  const auto written = [exchange](const restinio::asio_ns::error_code&) {};
  if (request.method == Method::kHead) {
    auto builder = exchange->handle->create_response<restinio::user_controlled_output_t>(
        status_line(response.status));
    add_headers(builder, *exchange, response);
    builder.set_content_length(response.body.size());
    builder.done(written);
    return;
  }
  auto builder = exchange->handle->create_response(status_line(response.status));
  add_headers(builder, *exchange, response);
  if (!response.body.empty()) builder.set_body(std::move(response.body));
  builder.done(written);
}

void Server::Impl::send_stream(const std::shared_ptr<Exchange>& exchange, Request& request,
                               Response response) {
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  const auto written = [exchange, gone](const restinio::asio_ns::error_code& error) {
    if (error) gone->store(true, std::memory_order_relaxed);
  };
  // Made at the first piece, so that a failure before it is answered like any other.
  std::optional<restinio::response_builder_t<restinio::chunked_output_t>> builder;
  const StreamWriter write = [&](std::string_view piece) {
    if (!builder) {
      builder.emplace(exchange->handle->create_response<restinio::chunked_output_t>(
          status_line(response.status)));
      add_headers(*builder, *exchange, response);
    }
    if (gone->load(std::memory_order_relaxed)) return false;
    builder->append_chunk(std::string{piece});
    builder->flush(written);
    return true;
  };
  const Response failed = handle_or_explain(*exchange, [&] {
    response.stream(write);
    return Response{};
  });
  if (!builder) {
    send(exchange, request, failed);
    return;
  }
  if (failed.status != 200) write("event: error\ndata: " + failed.body + "\n\n");
  // The status that was sent, as everywhere; the failure itself is counted already.
  exchange->scope.finish(response.status);
  access_log->info("{} {} {} streamed{}", vitals::monitor::to_string(request.method),
                   exchange->match.path, response.status,
                   failed.status == 200 ? "" : ", and broken off by an error");
  builder->done(written);
}

void Server::Impl::send_live(const std::shared_ptr<Exchange>& exchange, Request& request,
                             Response response) {
  // As long as somebody looks it goes on, which says nothing about how quick the service is.
  exchange->scope.finish(response.status);
  access_log->info("{} {} {} goes on as a stream", vitals::monitor::to_string(request.method),
                   exchange->match.path, response.status);
  auto builder =
      exchange->handle->create_response<restinio::chunked_output_t>(status_line(response.status));
  add_headers(builder, *exchange, response);
  response.attach(std::make_unique<LiveAnswer>(exchange, std::move(builder)));
}

Server::Server(ServerOptions options, RouteTable routes)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(routes))) {}
Server::~Server() = default;

void Server::start() {
  impl_->start();
}
bool Server::drain(std::chrono::milliseconds timeout) {
  return impl_->drain(timeout);
}
void Server::stop() {
  impl_->end();
}
bool Server::set_api_keys(std::vector<std::string> keys) {
  return impl_->admission.set_keys(std::move(keys));
}

}  // namespace health_agent::api
