#pragma once

#include <httplib.h>

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "vitals/adapters/detail/pages.h"
#include "vitals/base/ascii.h"
#include "vitals/console/console.h"
#include "vitals/console/monitoring.h"
#include "vitals/exporting/scrape.h"
#include "vitals/monitor/endpoint.h"
#include "vitals/monitor/http.h"
#include "vitals/monitor/http_client.h"

/// cpp-httplib and vitals, the server and the client. Header-only.
///
///     adapters::Monitored<httplib::Server> server;         // in place of httplib::Server
///     server.mount(scrapes);                               // GET /metrics
///     server.mount(console);                               // GET /console
///     server.Get("/eggs/(\\d+)", [](const httplib::Request&, httplib::Response& answer) { … });
///
/// Each request is a RequestScope whose route is the pattern, active on the thread that runs the
/// handler. An exception that leaves a handler is a Sentry event and an answer of 500, or what
/// set_exception_handler() makes of it: one that it answers below 500 is counted and no event. Its
/// text is not put into the answer, as cpp-httplib alone does. What no pattern matches, or cannot be
/// read, counts under `(unmatched)`. Time that the client takes to read the answer is not counted.
namespace vitals::adapters {

namespace detail {

inline std::string_view field_of(const httplib::Headers& headers, const char* name) {
  const auto there = headers.find(name);
  return there != headers.end() ? std::string_view{there->second} : std::string_view{};
}

/// The thread's last answer that was measured, until its server has written it.
inline const httplib::Response*& measured_answer() noexcept {
  thread_local const httplib::Response* answer = nullptr;
  return answer;
}

}  // namespace detail

/// What a RequestScope wants to know of a cpp-httplib request, which must outlive it.
[[nodiscard]] inline monitor::RequestStart request_start(const httplib::Request& request) {
  const std::string_view target = request.target;
  const std::size_t question = target.find('?');
  monitor::RequestStart start{
      .method = monitor::parse_method(request.method),
      .path = request.path,
      .query =
          question == std::string_view::npos ? std::string_view{} : target.substr(question + 1),
      .headers = {
          .request = &request,
          .read = [](const void* of, void* sink, context::HeaderSource::Take take) noexcept {
            for (const auto& [name, value] : static_cast<const httplib::Request*>(of)->headers)
              take(sink, name, value);
          }}};
  start.read_headers();
  return start;
}

/// Puts the request's ids on an answer, in place of what stands there, and ends its measurement.
inline void finish(httplib::Response& answer, monitor::RequestScope& scope, int status) {
  std::erase_if(answer.headers, [](const auto& field) {
    return base::equal_ignoring_case(field.first, "X-Request-ID") ||
           base::equal_ignoring_case(field.first, "X-Trace-ID");
  });
  answer.headers.emplace("X-Request-ID", scope.request_id());
  if (!scope.trace_id().empty()) answer.headers.emplace("X-Trace-ID", scope.trace_id());
  scope.finish(status);
  detail::measured_answer() = &answer;
}

/// A server whose requests are monitored; `Base` is httplib::Server or httplib::SSLServer. Used as
/// that is: patterns are given to the methods of the same names here. Threads: as `Base`.
template <class Base = httplib::Server>
class Monitored : public Base {
 public:
  /// As in httplib::Server.
  using Handler = typename Base::Handler;
  /// As in httplib::Server.
  using HandlerWithContentReader = typename Base::HandlerWithContentReader;
  /// As in httplib::Server.
  using ExceptionHandler = typename Base::ExceptionHandler;

  /// The arguments are those of `Server`.
  template <class... Arguments>
  explicit Monitored(Arguments&&... arguments) : Base(std::forward<Arguments>(arguments)...) {
    Base::set_post_routing_handler(
        [this](const httplib::Request& request, httplib::Response& answer) {
          if (detail::measured_answer() != &answer) {  // no handler has run
            monitor::RequestScope scope{request_start(request)};
            finish(answer, scope, answer.status);
          }
          detail::measured_answer() = nullptr;
          if (shared_->post_routing) shared_->post_routing(request, answer);
        });
    // What leaves a handler that is not ours, such as one before routing.
    Base::set_exception_handler([shared = shared_](const httplib::Request& request,
                                                   httplib::Response& answer,
                                                   std::exception_ptr error) {
      monitor::RequestScope scope{request_start(request)};
      explain(*shared, request, answer, scope, error);
      finish(answer, scope, answer.status);
    });
  }

  /// As httplib::Server's, measured; so are those below.
  Monitored& Get(const std::string& pattern, Handler handler) {
    Base::Get(pattern, wrap(monitor::Method::kGet, pattern, std::move(handler)));
    return *this;
  }
  /// POST.
  Monitored& Post(const std::string& pattern, Handler handler) {
    Base::Post(pattern, wrap(monitor::Method::kPost, pattern, std::move(handler)));
    return *this;
  }
  /// POST, with the body read as it comes.
  Monitored& Post(const std::string& pattern, HandlerWithContentReader handler) {
    Base::Post(pattern, wrap(monitor::Method::kPost, pattern, std::move(handler)));
    return *this;
  }
  /// PUT.
  Monitored& Put(const std::string& pattern, Handler handler) {
    Base::Put(pattern, wrap(monitor::Method::kPut, pattern, std::move(handler)));
    return *this;
  }
  /// PUT, with the body read as it comes.
  Monitored& Put(const std::string& pattern, HandlerWithContentReader handler) {
    Base::Put(pattern, wrap(monitor::Method::kPut, pattern, std::move(handler)));
    return *this;
  }
  /// PATCH.
  Monitored& Patch(const std::string& pattern, Handler handler) {
    Base::Patch(pattern, wrap(monitor::Method::kPatch, pattern, std::move(handler)));
    return *this;
  }
  /// PATCH, with the body read as it comes.
  Monitored& Patch(const std::string& pattern, HandlerWithContentReader handler) {
    Base::Patch(pattern, wrap(monitor::Method::kPatch, pattern, std::move(handler)));
    return *this;
  }
  /// DELETE.
  Monitored& Delete(const std::string& pattern, Handler handler) {
    Base::Delete(pattern, wrap(monitor::Method::kDelete, pattern, std::move(handler)));
    return *this;
  }
  /// DELETE, with the body read as it comes.
  Monitored& Delete(const std::string& pattern, HandlerWithContentReader handler) {
    Base::Delete(pattern, wrap(monitor::Method::kDelete, pattern, std::move(handler)));
    return *this;
  }
  /// OPTIONS.
  Monitored& Options(const std::string& pattern, Handler handler) {
    Base::Options(pattern, wrap(monitor::Method::kOptions, pattern, std::move(handler)));
    return *this;
  }
  /// Makes the answer of an exception, which is captured and counted before.
  Monitored& set_exception_handler(ExceptionHandler handler) {
    shared_->on_exception = std::move(handler);
    return *this;
  }
  /// Called when the answer is there, before it is measured.
  Monitored& set_post_routing_handler(Handler handler) {
    shared_->post_routing = std::move(handler);
    return *this;
  }

  /// Serves both, the console where MonitoringOptions::console_mount says.
  Monitored& mount(const console::Monitoring& monitoring) {
    mount(monitoring.scrapes());
    return mount(monitoring.console(), monitoring.console_mount());
  }
  /// Serves the metrics at `path`; who may read them, ScrapeOptions::token says.
  Monitored& mount(exporting::ScrapeHandler& scrapes, const std::string& path = "/metrics") {
    return Get(path, [&scrapes](const httplib::Request& request, httplib::Response& answer) {
      send_page(answer, detail::answer_scrape(scrapes, page_request(request), fields_of(request)));
    });
  }
  /// Serves the console below `path`, which must be ConsoleOptions::mount; who may see it,
  /// ConsoleOptions::token says. Its viewers hold no thread: they ask each second.
  Monitored& mount(console::Console& console, const std::string& path = "/console") {
    return Get(path + "(/.*)?",
               [&console, path](const httplib::Request& request, httplib::Response& answer) {
                 send_page(answer, detail::answer_console(console, path, page_request(request),
                                                          fields_of(request)));
               });
  }

 private:
  /// What the handlers share; on its own, for they are copied into the base.
  struct Shared {
    ExceptionHandler on_exception;
    Handler post_routing;
  };

  static detail::PageRequest page_request(const httplib::Request& request) {
    return {.method = request.method,
            .path = request.path,
            .query = request_start(request).query,
            .caller = request.remote_addr};
  }
  /// Without Accept-Encoding: where cpp-httplib can compress it does so itself, with whatever it is
  /// given.
  static auto fields_of(const httplib::Request& request) {
    return [&request](std::string_view name) {
      return name == "Accept-Encoding" ? std::string_view{}
                                       : detail::field_of(request.headers, name.data());
    };
  }
  template <class Page>
  static void send_page(httplib::Response& answer, Page page) {
    answer.status = page.status;
    detail::add_fields(page, [&answer](const std::string& name, const std::string& value) {
      answer.set_header(name, value);
    });
    answer.set_content(std::move(page.body), page.content_type);
  }

  Handler wrap(monitor::Method method, const std::string& pattern, Handler handler) {
    return
        [shared = shared_, endpoint = std::make_shared<const monitor::Endpoint>(method, pattern),
         handler = std::move(handler)](const httplib::Request& request, httplib::Response& answer) {
          run(*shared, *endpoint, request, answer, [&] { handler(request, answer); });
        };
  }
  HandlerWithContentReader wrap(monitor::Method method, const std::string& pattern,
                                HandlerWithContentReader handler) {
    return
        [shared = shared_, endpoint = std::make_shared<const monitor::Endpoint>(method, pattern),
         handler = std::move(handler)](const httplib::Request& request, httplib::Response& answer,
                                       const httplib::ContentReader& reader) {
          run(*shared, *endpoint, request, answer, [&] { handler(request, answer, reader); });
        };
  }

  template <class Call>
  static void run(const Shared& shared, const monitor::Endpoint& endpoint,
                  const httplib::Request& request, httplib::Response& answer, const Call& call) {
    monitor::RequestStart start = request_start(request);
    start.endpoint = &endpoint;
    monitor::RequestScope scope{start};
    {
      const monitor::RequestActivation active{scope};
      try {
        call();
      } catch (...) {
        explain(shared, request, answer, scope, std::current_exception());
      }
    }
    // What cpp-httplib makes of a status that nobody has set.
    const int unset = request.ranges.empty() ? 200 : 206;
    finish(answer, scope, answer.status == -1 ? unset : answer.status);
  }

  static void explain(const Shared& shared, const httplib::Request& request,
                      httplib::Response& answer, monitor::RequestScope& scope,
                      const std::exception_ptr& error) {
    answer.status = 500;
    try {
      if (shared.on_exception) shared.on_exception(request, answer, error);
    } catch (...) {
      answer.status = 500;  // it did not know the exception, and threw it on
    }
    if (answer.status >= 500) return scope.fail_unhandled(error);
    try {
      std::rethrow_exception(error);
    } catch (...) {
      scope.fail(monitor::ErrorType::of_current_exception().view());
    }
  }

  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

/// Sends a request as `client.send(request)` does, as a ClientRequestScope that carries the trace on.
/// `client` is a httplib::Client, or a ClientImpl or SSLClient of its; `base` is what it was made of
/// (`https://api.example`).
///
///     auto answer = adapters::send(client, "https://api.example", {.method = "GET", .path = "/eggs"});
template <class Client>
httplib::Result send(Client& client, std::string_view base, httplib::Request request) {
  std::string url{base};
  url += request.path;
  monitor::ClientRequestScope call{monitor::parse_method(request.method), url};
  context::HeaderLines own;
  const auto [first, last] = request.headers.equal_range("baggage");
  for (auto field = first; field != last; ++field)
    own.add(field->second);
  const context::TraceHeaders trace = call.headers(own.joined());
  request.headers.erase("baggage");
  trace.for_each([&request](std::string_view name, const std::string& value) {
    request.set_header(std::string{name}, value);
  });
  httplib::Result answer = client.send(request);
  if (answer) {
    call.finish(answer->status);
    return answer;
  }
  switch (answer.error()) {
    case httplib::Error::Connection:
    case httplib::Error::BindIPAddress:
      call.fail("connect");
      break;
    case httplib::Error::ConnectionTimeout:
      call.fail("timeout");
      break;
    case httplib::Error::Read:
    case httplib::Error::Write:
      call.fail("network");
      break;
    case httplib::Error::Canceled:
      call.fail("aborted");
      break;
    case httplib::Error::SSLConnection:
    case httplib::Error::SSLLoadingCerts:
    case httplib::Error::SSLServerVerification:
      call.fail("tls");
      break;
    default:
      call.fail("other");
  }
  return answer;
}

}  // namespace vitals::adapters
