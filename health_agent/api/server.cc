#include "health_agent/api/server.h"

#include <new>
#include <optional>
#include <stdexcept>
#include <utility>

#include "health_agent/api/admission.h"
#include "health_agent/api/audit.h"
#include "health_agent/api/error_body.h"
#include "health_agent/api/explain.h"
#include "health_agent/api/http_engine.h"
#include "health_agent/api/in_flight.h"
#include "health_agent/api/worker_pool.h"
#include "health_agent/errors.h"
#include "health_agent/log.h"

namespace health_agent::api {
namespace {

using vitals::monitor::Method;
using vitals::monitor::RequestActivation;
using vitals::monitor::RequestScope;

/// One request on its way through the server. Kept alive by the worker that has it, and by the engine
/// until the answer is written.
struct Exchange {
  Exchange(std::shared_ptr<HttpCall> request, Entry decided, bool with_address, InFlight& flights)
      : call(std::move(request)),
        entry(std::move(decided)),
        match(entry.match),
        send_address(with_address),
        arrival(vitals::monitor::parse_method(call->method())),
        in_flight(flights) {
    in_flight.enter();
  }
  /// What no worker took, since the service ends, counts as a request that was not finished.
  ~Exchange() {
    if (!opened) open_scope();
    scope.reset();
    in_flight.leave();
  }
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void open_scope() noexcept;

  std::shared_ptr<HttpCall> call;
  Entry entry;
  RouteTable::Match& match;
  const bool send_address;
  vitals::monitor::RequestArrival arrival;
  // While a worker has it: made and destroyed there, where its memory is at hand.
  std::optional<RequestScope> scope;
  bool opened = false;
  InFlight& in_flight;
  std::chrono::steady_clock::time_point arrived = std::chrono::steady_clock::now();
};

void Exchange::open_scope() noexcept {
  vitals::monitor::RequestStart start = call->start();
  start.arrival = &arrival;
  start.path = entry.path;
  start.query = entry.query;
  if (match.route != nullptr) {
    start.endpoint = &match.route->endpoint;
  } else if (!match.path.empty()) {
    start.route = match.path;
  }
  if (entry.trace != Entry::Trace::kContinue) start.drop_trace();
  if (send_address) start.remote_address = entry.source;
  scope.emplace(start);
  opened = true;
}

/// What neither asks for a key nor changes anything: /api/health, /metrics, a wrong path. It has
/// workers of its own, so that a watchdog is answered while every other worker waits.
bool is_quick(Method method, const RouteTable::Match& match) {
  return match.route == nullptr ||
         (match.route->access != Access::kKeyHolders && method != Method::kPost);
}

constexpr std::size_t kQuickWorkers = 2;

/// The answers of handlers that ended last may take so long to be written.
constexpr std::chrono::milliseconds kLastAnswers{500};

HttpEngineOptions engine_options(const ServerOptions& options) {
  HttpEngineOptions engine;
  engine.host = options.host;
  engine.port = options.port;
  engine.read_timeout = options.read_timeout;
  engine.handler_timeout = options.handler_timeout;
  engine.keep_alive = options.keep_alive;
  engine.state = options.listener;
  if (options.registry != nullptr) define_metrics(engine, *options.registry);
  return engine;
}

/// What wants_body() decided, for serve().
struct Decided {
  Entry entry;
};

}  // namespace

struct Server::Impl final : HttpApp {
  using Job = std::shared_ptr<Exchange>;

  Impl(ServerOptions server_options, RouteTable route_table)
      : options(std::move(server_options)),
        routes(std::move(route_table)),
        admission(options.admission, routes),
        engine(engine_options(options), *this),
        workers(options.workers, [this](const Job& job) { work(job); }),
        slow_workers(options.slow_workers, [this](const Job& job) { work(job); }),
        quick_workers(kQuickWorkers, [this](const Job& job) { work(job); }) {}

  ~Impl() override { end(); }

  void start();
  bool drain(std::chrono::milliseconds timeout);
  void end();

  bool wants_body(HttpCall& call) override;
  void serve(std::shared_ptr<HttpCall> call) override;
  Response refuse(const HttpRefusal& refusal) override;

  void work(const std::shared_ptr<Exchange>& exchange) noexcept;
  void answer_request(const std::shared_ptr<Exchange>& exchange);
  Response answer(Exchange& exchange, Request& request);
  Response handle_or_explain(Exchange& exchange, const std::function<Response()>& work_once);
  void send(const std::shared_ptr<Exchange>& exchange, Request& request, Response response);
  void send_stream(const std::shared_ptr<Exchange>& exchange, Request& request, Response response);
  void send_live(const std::shared_ptr<Exchange>& exchange, Request& request, Response response);

  ServerOptions options;
  RouteTable routes;
  Admission admission;
  Audit audit;
  InFlight in_flight;
  HttpEngine engine;
  WorkerPool<Job> workers;
  WorkerPool<Job> slow_workers;
  WorkerPool<Job> quick_workers;
};

void Server::Impl::start() {
  try {
    engine.start();
  } catch (const std::exception& error) {
    throw std::runtime_error("the API cannot listen on " + options.host + ":" +
                             std::to_string(options.port) + ": " + error.what());
  }
}

bool Server::Impl::drain(std::chrono::milliseconds timeout) {
  engine.close_listener();
  return in_flight.wait_none(timeout);
}

void Server::Impl::end() {
  workers.stop();
  slow_workers.stop();
  quick_workers.stop();
  in_flight.wait_none(kLastAnswers);
  engine.stop();
}

bool Server::Impl::wants_body(HttpCall& call) {
  RequestHead head;
  head.method = vitals::monitor::parse_method(call.method());
  head.target = call.target();
  if (call.has_field("Host")) head.host = call.field("Host");
  head.origin = call.field("Origin");
  head.content_type = call.field("Content-Type");
  head.authorization = call.field("Authorization");
  head.fetch_site = call.field("Sec-Fetch-Site");
  head.fetch_mode = call.field("Sec-Fetch-Mode");
  head.telegram_secret = call.field("X-Telegram-Bot-Api-Secret-Token");
  head.preflight_method = call.field("Access-Control-Request-Method");
  head.has_body = call.has_body();
  head.remote_address = call.remote_address();
  for (const char* name : {"Forwarded", "Via", "X-Real-IP"})
    head.through_proxy = head.through_proxy || call.has_field(name);
  const std::string forwarded_for = call.joined_field("X-Forwarded-For");
  head.forwarded_for = forwarded_for;
  auto decided = std::make_shared<Decided>(Decided{admission.decide(head)});
  const bool wanted = decided->entry.refusal == nullptr && !decided->entry.ready;
  call.context = std::move(decided);
  return wanted;
}

void Server::Impl::serve(std::shared_ptr<HttpCall> call) {
  const auto decided = std::static_pointer_cast<Decided>(std::exchange(call->context, nullptr));
  auto exchange = std::make_shared<Exchange>(std::move(call), std::move(decided->entry),
                                             options.send_addresses, in_flight);
  const Entry& entry = exchange->entry;
  // What is refused is answered at once too, and not behind what waits for the database.
  const bool quick = entry.refusal != nullptr ||
                     is_quick(vitals::monitor::parse_method(exchange->call->method()), entry.match);
  const bool slow = !quick && entry.match.route->pace == Pace::kSlow;
  try {
    (quick ? quick_workers : slow ? slow_workers : workers).post(exchange);
  } catch (const std::bad_alloc&) {
    exchange->open_scope();
    exchange->scope->finish(503);
    exchange->call->give_up();
  }
}

Response Server::Impl::refuse(const HttpRefusal& refusal) {
  RequestScope scope{{}};
  const RequestActivation active{scope};
  const char* const error = refusal.status == 503 ? "OverloadError" : "ValidationError";
  scope.fail(error);
  scope.finish(refusal.status);
  access_log.warn("a request was refused with {}: {}", refusal.status, refusal.message);
  Response response;
  response.status = refusal.status;
  response.body = error_body(error, refusal.message, refusal.message, scope.request_id());
  response.headers.emplace_back("X-Request-ID", scope.request_id());
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  admission.finish_headers({}, response);
  return response;
}

void Server::Impl::work(const std::shared_ptr<Exchange>& exchange) noexcept {
  exchange->open_scope();
  try {
    const RequestActivation active{*exchange->scope};
    answer_request(exchange);
  } catch (...) {
    // Not even the answer that something failed could be made.
    exchange->scope->finish(503);
    exchange->call->give_up();
  }
  exchange->scope.reset();
}

void Server::Impl::answer_request(const std::shared_ptr<Exchange>& exchange) {
  const HttpCall& call = *exchange->call;
  const std::string caller = exchange->entry.caller();
  Request request;
  request.method = vitals::monitor::parse_method(call.method());
  request.path = exchange->entry.path;
  request.query = exchange->entry.query;
  request.body = call.body();
  request.remote_address = exchange->entry.source;
  request.caller = caller;
  request.key_name = exchange->entry.key_name;
  if (call.has_field("Idempotency-Key"))
    request.idempotency_key = call.joined_field("Idempotency-Key");
  request.params = std::move(exchange->match.params);
  request.header = [&call](std::string_view name) { return call.field(name); };
  request.scope = &*exchange->scope;

  Response response = handle_or_explain(*exchange, [&] { return answer(*exchange, request); });
  admission.finish_headers(request.header("Origin"), response);
  audit.record(exchange->entry, request.method, response.status);
  if (response.stream) {
    send_stream(exchange, request, std::move(response));
  } else if (response.attach) {
    send_live(exchange, request, std::move(response));
  } else {
    send(exchange, request, std::move(response));
  }
}

Response Server::Impl::answer(Exchange& exchange, Request& request) {
  if (auto early = exchange.entry.early_answer(exchange.scope->request_id())) {
    if (exchange.entry.refusal) exchange.scope->fail(exchange.entry.refusal->class_name());
    return *std::move(early);
  }
  return exchange.match.route->handler(request);
}

Response Server::Impl::handle_or_explain(Exchange& exchange,
                                         const std::function<Response()>& work_once) {
  try {
    return work_once();
  } catch (...) {
    return explain_current_exception(*exchange.scope, exchange.match.path);
  }
}

void Server::Impl::send(const std::shared_ptr<Exchange>& exchange, Request& request,
                        Response response) {
  // Measured before the answer leaves: a client that has read it finds it counted.
  exchange->scope->finish(response.status);
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() -
                                                              exchange->arrived)
                        .count();
  access_log.info(
      RequestFields{exchange->entry, request.method, response.status, ms}, "{} {} {} {:.1f} ms{}",
      vitals::monitor::to_string(request.method),
      exchange->match.path.empty() ? vitals::monitor::kUnmatchedRoute : exchange->match.path,
      response.status, ms, described(exchange->entry));
  exchange->call->answer(std::move(response), *exchange->scope, exchange);
}

void Server::Impl::send_stream(const std::shared_ptr<Exchange>& exchange, Request& request,
                               Response response) {
  // Made at the first piece, so that a failure before it is answered like any other.
  std::unique_ptr<vitals::console::Viewer> body;
  const StreamWriter write = [&](std::string_view piece) {
    if (!body) body = exchange->call->stream(response, *exchange->scope, exchange);
    return body->write(piece);
  };
  Response failed = handle_or_explain(*exchange, [&] {
    response.stream(write);
    return Response{};
  });
  if (!body) {
    admission.finish_headers(request.header("Origin"), failed);
    send(exchange, request, std::move(failed));
    return;
  }
  if (failed.status != 200) {
    if (is_event_stream(response)) {
      write("event: error\ndata: " + failed.body + "\n\n");
    } else {
      exchange->call->cut_off();  // or what came so far would pass for the whole
    }
  }
  // The status that was sent, as everywhere; the failure itself is counted already.
  exchange->scope->finish(response.status);
  access_log.info("{} {} {} streamed{}", vitals::monitor::to_string(request.method),
                  exchange->match.path, response.status,
                  failed.status == 200 ? "" : ", and broken off by an error");
}

void Server::Impl::send_live(const std::shared_ptr<Exchange>& exchange, Request& request,
                             Response response) {
  // As long as somebody looks it goes on, which says nothing about how quick the service is.
  exchange->scope->finish(response.status);
  access_log.info("{} {} {} goes on as a stream", vitals::monitor::to_string(request.method),
                  exchange->match.path, response.status);
  response.attach(exchange->call->stream(response, *exchange->scope, exchange));
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
