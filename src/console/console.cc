#include "vitals/console/console.h"

#include <array>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/hidden.h"
#include "console/api.h"
#include "console/assets.h"
#include "console/event_store.h"
#include "console/live.h"
#include "delivery/gzip.h"
#include "exporting/negotiate.h"
#include "vitals/base/constant_time.h"

namespace vitals::console {
namespace {

/// Below this the headers of the encoding cost more than it saves.
constexpr std::size_t kCompressFrom = 512;

/// Everything comes from here, nothing is inline or made up at run time, nobody may frame it.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view type_of(std::string_view name) noexcept {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "text/plain; charset=utf-8";
}

/// FNV-1a in hexadecimal, in quotes: the ETag of a file that changes with the program alone.
std::string etag_of(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : bytes)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), hash, 16);
  return "\"" + std::string{text.data(), end.ptr} + "\"";
}

ConsoleResponse refusal(int status, std::string_view text) {
  ConsoleResponse response;
  response.status = status;
  response.content_type = "application/json; charset=utf-8";
  response.body = "{\"message\":\"";
  response.body.append(text).append("\"}");
  return response;
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

/// A file of the page, ready to be sent.
struct Page {
  std::string_view type;
  std::string etag;
  std::string plain;
  std::string packed;  // gzip; empty: not made yet, or not worth it
};

}  // namespace

struct VITALS_HIDDEN Console::Impl {
  Impl(const metrics::Registry* metrics_registry, std::shared_ptr<RecentEvents> recent_events,
       ConsoleOptions console_options)
      : registry(metrics_registry),
        recent(std::move(recent_events)),
        options(std::move(console_options)) {
    if (registry != nullptr) ring.emplace(options.ring_bytes);
    live.emplace(sources(), options.max_viewers);
    for (const detail::Asset& asset : detail::assets()) {
      Page page{type_of(asset.name), {}, std::string{asset.bytes}, {}};
      if (asset.name == "index.html") replace_all(page.plain, "{{MOUNT}}", options.mount);
      page.etag = etag_of(page.plain);
      pages.emplace(asset.name, std::move(page));
    }
  }

  [[nodiscard]] detail::Sources sources() {
    return {registry, ring ? &*ring : nullptr, recent ? &recent->store() : nullptr};
  }

  ConsoleResponse answer(const ConsoleRequest& request);
  ConsoleResponse page(std::string_view name, const ConsoleRequest& request);
  ConsoleResponse api(std::string_view name, const ConsoleRequest& request);
  ConsoleResponse stream(const ConsoleRequest& request);
  [[nodiscard]] std::string api_body(std::string_view name, std::string_view query);
  [[nodiscard]] bool authorized(std::string_view authorization) const noexcept;

  const metrics::Registry* const registry;
  const std::shared_ptr<RecentEvents> recent;
  const ConsoleOptions options;
  std::optional<detail::Ring> ring;
  std::mutex pages_mutex;  // guards Page::packed
  std::map<std::string_view, Page> pages;
  std::optional<detail::LiveFeed> live;  // last: its thread uses all above
};

Console::Console(const metrics::Registry* registry, std::shared_ptr<RecentEvents> recent,
                 ConsoleOptions options)
    : impl_(std::make_unique<Impl>(registry, std::move(recent), std::move(options))) {}

Console::~Console() = default;

void Console::end_streams() noexcept {
  impl_->live->end_streams();
}

ConsoleResponse Console::handle(const ConsoleRequest& request) noexcept {
  try {
    ConsoleResponse response = impl_->answer(request);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("Referrer-Policy", "no-referrer");
    if (request.method == "HEAD") response.body.clear();
    return response;
  } catch (...) {
    ConsoleResponse response;
    response.status = 500;  // without a text, since it may be memory that is lacking
    return response;
  }
}

ConsoleResponse Console::Impl::answer(const ConsoleRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") {
    ConsoleResponse response = refusal(405, "Only GET and HEAD are allowed here.");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  std::string_view path = request.path;
  while (path.starts_with('/'))
    path.remove_prefix(1);
  constexpr std::string_view kApi = "api/";
  if (path.starts_with(kApi) && request.part == ConsolePart::kAll)
    return api(path.substr(kApi.size()), request);
  return page(path.empty() ? "index.html" : path, request);
}

ConsoleResponse Console::Impl::page(std::string_view name, const ConsoleRequest& request) {
  const auto found = pages.find(name);
  if (found == pages.end()) return refusal(404, "The console has nothing at this path.");
  Page& page = found->second;
  ConsoleResponse response;
  response.headers = {{"Content-Security-Policy", std::string{kPolicy}},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      {"Cache-Control", "no-cache"},
                      {"Vary", "Accept-Encoding"},
                      {"ETag", page.etag}};
  if (request.if_none_match.find(page.etag) != std::string_view::npos) {
    response.status = 304;
    return response;
  }
  response.content_type = page.type;
  if (exporting::accepts_gzip(request.accept_encoding)) {
    const std::lock_guard hold{pages_mutex};
    if (page.packed.empty()) {
      delivery::detail::Gzip gzip;
      if (!gzip.compress(page.plain, page.packed)) page.packed.clear();
    }
    if (!page.packed.empty()) {
      response.headers.emplace_back("Content-Encoding", "gzip");
      response.body = page.packed;
      return response;
    }
  }
  response.body = page.plain;
  return response;
}

bool Console::Impl::authorized(std::string_view authorization) const noexcept {
  if (options.token.empty()) return true;
  const std::string_view given = exporting::trim(authorization);
  const std::size_t blank = given.find(' ');
  return blank != std::string_view::npos &&
         exporting::equal_ignoring_case(given.substr(0, blank), "bearer") &&
         base::equal_in_constant_time(exporting::trim(given.substr(blank)), options.token);
}

ConsoleResponse Console::Impl::api(std::string_view name, const ConsoleRequest& request) {
  if (!authorized(request.authorization)) {
    ConsoleResponse response = refusal(401, "A token is needed: Authorization: Bearer TOKEN.");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"console\"");
    return response;
  }
  if (name == "live") return stream(request);
  std::string body = api_body(name, request.query);
  if (body.empty()) {
    return refusal(404, name == "error" || name == "trace"
                            ? "It is not kept (any more): newer ones have taken its place."
                            : "The console has nothing at this path.");
  }
  ConsoleResponse response;
  response.content_type = "application/json; charset=utf-8";
  response.headers = {{"Cache-Control", "no-store"}, {"Vary", "Accept-Encoding"}};
  if (body.size() >= kCompressFrom && exporting::accepts_gzip(request.accept_encoding)) {
    delivery::detail::Gzip gzip;
    if (gzip.compress(body, response.body)) {
      response.headers.emplace_back("Content-Encoding", "gzip");
      return response;
    }
  }
  response.body = std::move(body);
  return response;
}

std::string Console::Impl::api_body(std::string_view name, std::string_view query) {
  const auto value = [query](std::string_view key) { return detail::query_value(query, key); };
  if (name == "overview") {
    const std::string method = value("method");
    const std::string endpoint = value("endpoint");
    return detail::overview_json(
        sources(), options,
        value("window") == "24h" ? detail::Window::kDay : detail::Window::kQuarterHour,
        {method, endpoint}, live->now());
  }
  if (name == "health") return detail::health_json(sources(), options, live->viewers());
  if (name == "search") return detail::search_json(sources().store, value("id"));
  if (!recent) return {};
  if (name == "error") return detail::error_json(recent->store(), value("group"), value("id"));
  if (name == "trace") return detail::trace_json(recent->store(), value("id"));
  return {};
}

ConsoleResponse Console::Impl::stream(const ConsoleRequest& request) {
  ConsoleResponse response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.headers = {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}};
  if (request.method == "HEAD") return response;
  if (registry == nullptr && !recent) {
    return refusal(503, "Metrics and Sentry are off: there is nothing to follow.");
  }
  if (!request.can_stream) {
    const std::string method = detail::query_value(request.query, "method");
    const std::string endpoint = detail::query_value(request.query, "endpoint");
    response.body = "retry: 1000\nevent: tick\ndata: " +
                    detail::tick_json(
                        sources(), {method, endpoint},
                        {.second = true, .errors = recent != nullptr, .traces = recent != nullptr},
                        live->now()) +
                    "\n\n";
    return response;
  }
  response.attach = live->take_place({detail::query_value(request.query, "method"),
                                      detail::query_value(request.query, "endpoint")},
                                     request.caller);
  if (response.attach) return response;
  ConsoleResponse full =
      refusal(503, "All " + std::to_string(options.max_viewers) +
                       " places for live viewers are taken, or the service is about to end.");
  full.headers.emplace_back("Retry-After", "5");
  return full;
}

}  // namespace vitals::console
