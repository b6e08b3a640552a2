#pragma once

#include <pistache/http.h>
#include <pistache/router.h>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/adapters/detail/pages.h"
#include "vitals/console/console.h"
#include "vitals/console/monitoring.h"
#include "vitals/exporting/scrape.h"
#include "vitals/monitor/endpoint.h"
#include "vitals/monitor/http.h"

/// Pistache's router and vitals. Header-only.
///
///     adapters::MonitoredRouter monitored{router};
///     monitored.mount(scrapes);                       // GET /metrics
///     monitored.mount(console);                       // GET /console
///     monitored.get("/eggs/:id", [](const Rest::Request& request, adapters::PistacheAnswer answer) {
///       answer.send(Http::Code::Ok, "…");             // here, or later on another thread
///     });
///
/// Each request is a RequestScope whose route is the template, active on the thread that runs the
/// handler. An exception that leaves a handler is a Sentry event and an answer of 500 without its
/// text. What no route matches counts under `(unmatched)`; a path that has routes of other methods
/// alone is answered 405 by Pistache itself, which nobody else hears of. Of a query field that is
/// there twice Pistache keeps one.
namespace vitals::adapters {

namespace detail {

/// A field of an answer. Pistache sends those that are objects of its own alone.
class PistacheField final : public Pistache::Http::Header::Header {
 public:
  PistacheField(std::string_view name, std::string_view value) : name_(name), value_(value) {}
  [[nodiscard]] const char* name() const override { return name_.c_str(); }
  void parse(const std::string& data) override { value_ = data; }
  void write(std::ostream& stream) const override { stream << value_; }
#ifdef SAFE_HEADER_CAST
  [[nodiscard]] uint64_t hash() const override {
    return Pistache::Http::Header::detail::hash(name_.c_str());
  }
#endif

 private:
  std::string name_;
  std::string value_;
};

}  // namespace detail

/// The answer to one request, and its RequestScope. One that is dropped without send() is answered
/// 500. Copies are of one answer. Threads: one at a time; may go to another thread.
class PistacheAnswer {
 public:
  /// Made by MonitoredRouter for each request.
  PistacheAnswer(const Pistache::Rest::Request& request, Pistache::Http::ResponseWriter writer,
                 std::shared_ptr<const monitor::Endpoint> endpoint)
      : state_(std::make_shared<State>(request, std::move(writer), std::move(endpoint))) {}

  /// Sends it, with the request's ids, and ends the measurement. Once; later calls do nothing.
  void send(Pistache::Http::Code code, const std::string& body = "",
            const Pistache::Http::Mime::MediaType& type = {}) const {
    state_->send(code, body, type);
  }
  /// Where headers and cookies are set, before send().
  [[nodiscard]] Pistache::Http::ResponseWriter& writer() const noexcept { return state_->writer; }
  /// The request's scope, to set its user or to count an error.
  [[nodiscard]] monitor::RequestScope& scope() const noexcept { return state_->scope; }
  /// Whether an answer was given.
  [[nodiscard]] bool sent() const noexcept { return state_->sent; }

 private:
  struct State {
    State(const Pistache::Rest::Request& request, Pistache::Http::ResponseWriter answer,
          std::shared_ptr<const monitor::Endpoint> of)
        : endpoint(std::move(of)),
          path(request.resource()),
          query(request.query().as_str()),
          fields(fields_of(request)),
          writer(std::move(answer)),
          scope(start_of(request)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
      if (sent) return;
      try {
        send(Pistache::Http::Code::Internal_Server_Error, "", {});
      } catch (...) {
        // The connection has gone.
      }
    }

    void send(Pistache::Http::Code code, const std::string& body,
              const Pistache::Http::Mime::MediaType& type) {
      if (std::exchange(sent, true)) return;
      writer.headers().add(
          std::make_shared<detail::PistacheField>("X-Request-ID", scope.request_id()));
      if (!scope.trace_id().empty())
        writer.headers().add(
            std::make_shared<detail::PistacheField>("X-Trace-ID", scope.trace_id()));
      scope.finish(static_cast<int>(code));
      writer.send(code, body, type);
    }

    using Fields = std::vector<std::pair<std::string, std::string>>;
    static Fields fields_of(const Pistache::Rest::Request& request) {
      Fields fields;
      for (const auto& [name, raw] : request.headers().rawList())
        fields.emplace_back(raw.name(), raw.value());
      return fields;
    }
    [[nodiscard]] monitor::RequestStart start_of(const Pistache::Rest::Request& request) const {
      monitor::RequestStart start{
          .method = monitor::parse_method(Pistache::Http::methodString(request.method())),
          .endpoint = endpoint.get(),
          .path = path,
          .query = std::string_view{query}.substr(query.starts_with('?') ? 1 : 0),
          .headers = {
              .request = &fields,
              .read = [](const void* of, void* sink, context::HeaderSource::Take take) noexcept {
                for (const auto& [name, value] : *static_cast<const Fields*>(of))
                  take(sink, name, value);
              }}};
      start.read_headers();
      return start;
    }

    const std::shared_ptr<const monitor::Endpoint> endpoint;  // null: no route matches
    const std::string path;
    const std::string query;
    const Fields fields;
    Pistache::Http::ResponseWriter writer;
    monitor::RequestScope scope;
    bool sent = false;
  };

  std::shared_ptr<State> state_;
};

/// Adds monitored routes to a router, which must outlive it; the routes stay when it has gone.
/// Threads: as the router.
class MonitoredRouter {
 public:
  /// Adds routes to `router`, which must outlive it.
  explicit MonitoredRouter(Pistache::Rest::Router& router) : router_(router) {
    router.addNotFoundHandler(
        [](const Pistache::Rest::Request& request, Pistache::Http::ResponseWriter writer) {
          PistacheAnswer{request, std::move(writer), nullptr}.send(Pistache::Http::Code::Not_Found);
          return Pistache::Rest::Route::Result::Ok;
        });
  }

  /// Adds a route of GET. The handler is given the request and a PistacheAnswer.
  template <class F>
  MonitoredRouter& get(const std::string& route, F handler) {
    router_.get(route, wrap(monitor::Method::kGet, route, std::move(handler)));
    return *this;
  }
  /// The same of POST.
  template <class F>
  MonitoredRouter& post(const std::string& route, F handler) {
    router_.post(route, wrap(monitor::Method::kPost, route, std::move(handler)));
    return *this;
  }
  /// The same of PUT.
  template <class F>
  MonitoredRouter& put(const std::string& route, F handler) {
    router_.put(route, wrap(monitor::Method::kPut, route, std::move(handler)));
    return *this;
  }
  /// The same of PATCH.
  template <class F>
  MonitoredRouter& patch(const std::string& route, F handler) {
    router_.patch(route, wrap(monitor::Method::kPatch, route, std::move(handler)));
    return *this;
  }
  /// The same of DELETE.
  template <class F>
  MonitoredRouter& del(const std::string& route, F handler) {
    router_.del(route, wrap(monitor::Method::kDelete, route, std::move(handler)));
    return *this;
  }
  /// The same of HEAD.
  template <class F>
  MonitoredRouter& head(const std::string& route, F handler) {
    router_.head(route, wrap(monitor::Method::kHead, route, std::move(handler)));
    return *this;
  }
  /// The same of OPTIONS.
  template <class F>
  MonitoredRouter& options(const std::string& route, F handler) {
    router_.options(route, wrap(monitor::Method::kOptions, route, std::move(handler)));
    return *this;
  }

  /// Serves both, the console where MonitoringOptions::console_mount says.
  MonitoredRouter& mount(const console::Monitoring& monitoring) {
    mount(monitoring.scrapes());
    return mount(monitoring.console(), monitoring.console_mount());
  }
  /// Serves the metrics at `path`; who may read them, ScrapeOptions::token says.
  MonitoredRouter& mount(exporting::ScrapeHandler& scrapes, const std::string& path = "/metrics") {
    const auto serve = [&scrapes](const Pistache::Rest::Request& request,
                                  const PistacheAnswer& answer) {
      const Asked asked{request};
      send_page(answer, detail::answer_scrape(scrapes, asked.page(), asked));
    };
    return get(path, serve).head(path, serve);
  }
  /// Serves the console below `path`, which must be ConsoleOptions::mount; who may see it,
  /// ConsoleOptions::token says. Its viewers hold no thread: they ask each second.
  MonitoredRouter& mount(console::Console& console, const std::string& path = "/console") {
    const auto serve = [&console, path](const Pistache::Rest::Request& request,
                                        const PistacheAnswer& answer) {
      const Asked asked{request};
      send_page(answer, detail::answer_console(console, path, asked.page(), asked));
    };
    for (const char* const below : {"", "/*", "/*/*"}) {
      get(path + below, serve);
      head(path + below, serve);
    }
    return *this;
  }

 private:
  /// A request for a page of ours: Pistache gives most of its texts as strings of their own.
  struct Asked {
    explicit Asked(const Pistache::Rest::Request& of)
        : request(of), query(of.query().as_str()), caller(of.address().host()) {}
    [[nodiscard]] detail::PageRequest page() const {
      return {.method = Pistache::Http::methodString(request.method()),
              .path = request.resource(),
              .query = std::string_view{query}.substr(query.starts_with('?') ? 1 : 0),
              .caller = caller};
    }
    [[nodiscard]] std::string operator()(const std::string& name) const {
      const auto raw = request.headers().tryGetRaw(name);
      return raw ? raw->value() : std::string{};
    }

    const Pistache::Rest::Request& request;
    const std::string query;
    const std::string caller;
  };

  template <class Page>
  static void send_page(const PistacheAnswer& answer, const Page& page) {
    const auto add = [&answer](std::string_view name, const std::string& value) {
      answer.writer().headers().add(std::make_shared<detail::PistacheField>(name, value));
    };
    if (!page.content_type.empty()) add("Content-Type", page.content_type);
    detail::add_fields(page, add);
    answer.send(static_cast<Pistache::Http::Code>(page.status), page.body);
  }

  template <class F>
  static Pistache::Rest::Route::Handler wrap(monitor::Method method, const std::string& route,
                                             F handler) {
    return [endpoint = std::make_shared<const monitor::Endpoint>(method, route),
            handler = std::move(handler)](const Pistache::Rest::Request& request,
                                          Pistache::Http::ResponseWriter writer) {
      const PistacheAnswer answer{request, std::move(writer), endpoint};
      const monitor::RequestActivation active{answer.scope()};
      try {
        handler(request, answer);
      } catch (...) {
        answer.scope().fail_unhandled(std::current_exception());
        answer.send(Pistache::Http::Code::Internal_Server_Error);
      }
      return Pistache::Rest::Route::Result::Ok;
    };
  }

  Pistache::Rest::Router& router_;
};

}  // namespace vitals::adapters
