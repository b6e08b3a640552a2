#include "vitals/monitor/http_client.h"

#include <algorithm>
#include <array>

#include "monitor/clock.h"
#include "monitor/describe_host.h"
#include "monitor/families.h"
#include "monitor/fixed_text.h"
#include "monitor/status_text.h"
#include "vitals/context/scope.h"

namespace vitals::monitor {
namespace {

/// What of a URL may be kept.
struct UrlParts {
  std::string_view scheme;
  std::string_view host;  // with a port that is not the scheme's own
  std::string_view rest;  // from the path on, without query and fragment
};

UrlParts parts_of(std::string_view url) noexcept {
  UrlParts parts;
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) {
    parts.scheme = url.substr(0, scheme);
    url.remove_prefix(scheme + 3);
  }
  const std::size_t path = std::min(url.find_first_of("/?#"), url.size());
  parts.host = url.substr(0, path);
  parts.rest = url.substr(path);
  parts.rest = parts.rest.substr(0, std::min(parts.rest.find_first_of("?#"), parts.rest.size()));
  // A user and a password stand before the last @.
  if (const std::size_t at = parts.host.rfind('@'); at != std::string_view::npos)
    parts.host.remove_prefix(at + 1);
  const bool own_port = (parts.scheme == "http" && parts.host.ends_with(":80")) ||
                        (parts.scheme == "https" && parts.host.ends_with(":443"));
  if (own_port) parts.host = parts.host.substr(0, parts.host.rfind(':'));
  return parts;
}

}  // namespace

void ClientRequestScope::begin(Method method, std::string_view url) noexcept {
  running_ = true;
  method_ = method;
  const UrlParts parts = parts_of(url);
  host_.keep(parts.host);
  FixedText<512> kept;
  if (!parts.scheme.empty()) {
    kept.append(parts.scheme);
    kept.append("://");
  }
  kept.append(parts.host);
  kept.append(parts.rest);
  url_.keep(kept.view());
  start_ = std::chrono::steady_clock::now();
  span_ = context::start_span("http.client");
  if (!span_) return;
  span_.set_name(FixedText<256>{to_string(method), url_.view()}.view());
  span_.set_data("http.request.method", to_string(method));
  span_.set_data("url.full", url_.view());
  detail::describe_host(span_, parts.host, parts.scheme == "https" ? 443 : 80);
  span_active_.emplace(span_);
}

context::TraceHeaders ClientRequestScope::headers(std::string_view existing_baggage) const {
  return context::outgoing_trace(url_.view(), existing_baggage);
}

void ClientRequestScope::end(int status) noexcept {
  running_ = false;
  std::string_view error = error_type_.view();
  if (error.empty() && status == 0) error = "unfinished";
  if (error.empty() && status >= 500) error = "http_5xx";
  if (error.empty() && status >= 400) error = "http_4xx";
  if (detail::Families* families = detail::families()) {
    families->http_client.requests.with(method_, host_.view(), StatusText{status}.view()).inc();
    families->http_client.duration.with(method_, host_.view())
        .observe(detail::seconds_since(start_));
    if (!error.empty()) families->http_client.errors.with(method_, host_.view(), error).inc();
  }
  span_active_.reset();
  if (!context::enabled()) return;
  if (context::captures_breadcrumbs()) {
    const std::array<FieldView, 4> data{{{"url", url_.view()},
                                         {"http.method", to_string(method_)},
                                         {"status_code", status},
                                         {"reason", error}}};
    context::add_breadcrumb(
        {.type = "http",
         .category = "http.client",
         .level = error.empty() ? Level::kInfo : Level::kWarning,
         .data = std::span<const FieldView>{data}.first(error.empty() ? 3 : 4)});
  }
  if (!span_) return;
  if (status != 0) {
    span_.set_http_status(status);
  } else {
    span_.set_status(context::SpanStatus::kInternalError);
    span_.set_data("error.type", error);
  }
  span_.finish();
}

}  // namespace vitals::monitor
