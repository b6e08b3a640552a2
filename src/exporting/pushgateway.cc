#include "vitals/exporting/pushgateway.h"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

#include "delivery/gzip.h"
#include "vitals/base/base64.h"
#include "vitals/base/percent.h"
#include "vitals/base/utf8.h"
#include "vitals/delivery/transport.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/label.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

/// As much of an answer as goes into an error's text.
constexpr std::size_t kMaxAnswer = 1000;

/// `/name/value`, in base64 where a path could not hold the value: a slash in it, nothing at all,
/// or dots that lead elsewhere.
void append_label(std::string& path, std::string_view name, std::string_view value) {
  path.append("/").append(name);
  if (value.empty()) {
    path += "@base64/=";
  } else if (value.find('/') != std::string_view::npos || value == "." || value == "..") {
    path.append("@base64/").append(base::base64(value, base::kBase64Url));
  } else {
    path += '/';
    base::append_percent_encoded(path, value);
  }
}

Result<void> check(const PushOptions& options) {
  if (options.job.empty()) return Error{"pushgateway: the job is empty; name the batch job"};
  if (options.format != Format::kText && options.format != Format::kProtobuf)
    return Error{"pushgateway: the format is neither text 0.0.4 nor protobuf"};
  if (options.timeout.count() <= 0) return Error{"pushgateway: the time-out is not above 0"};
  // A gateway keeps such a value, and from then on refuses what everybody pushes.
  if (!base::is_utf8(options.job)) return Error{"pushgateway: the job is not UTF-8"};
  for (std::size_t i = 0; i < options.grouping.size(); ++i) {
    const std::string& name = options.grouping[i].first;
    if (!metrics::detail::valid_label_name(name) || name == "job") {
      return Error{"pushgateway: the grouping label \"" + name +
                   "\" is not a label's name, or is job itself"};
    }
    if (!base::is_utf8(options.grouping[i].second)) {
      return Error{"pushgateway: the value of the grouping label \"" + name + "\" is not UTF-8"};
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (options.grouping[j].first == name) {
        return Error{"pushgateway: the grouping label \"" + name + "\" is given twice"};
      }
    }
  }
  return {};
}

std::string url_of(const PushOptions& options) {
  std::string url = options.url;
  while (url.ends_with('/'))
    url.pop_back();
  url += "/metrics";
  append_label(url, "job", options.job);
  for (const auto& [name, value] : options.grouping)
    append_label(url, name, value);
  return url;
}

/// The URL for a message: a name and password before the host are masked.
std::string shown(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return url;
  const std::size_t at = url.substr(0, url.find('/', host + 3)).rfind('@');
  return at == std::string::npos ? url : url.substr(0, host + 3) + "***" + url.substr(at);
}

Result<void> send(const PushOptions& options, const char* method, std::string body) {
  if (Result<void> right = check(options); !right) return right;
  const std::string url = url_of(options);
  const auto transport =
      delivery::make_curl_transport({.timeout = options.timeout,
                                     .connect_timeout = options.timeout,
                                     .ca_file = options.ca_file,
                                     .client_certificate = options.client_certificate,
                                     .client_key = options.client_key});
  delivery::SendRequest request{
      .method = method,
      .url = url,
      .headers = {{"Content-Type", std::string{content_type(options.format)}}},
      .body = std::move(body),
      .wanted_body = kMaxAnswer};
  std::string compressed;
  if (options.gzip && !request.body.empty() &&
      delivery::detail::Gzip{}.compress(request.body, compressed)) {
    request.body = std::move(compressed);
    request.headers.emplace_back("Content-Encoding", "gzip");
  }
  if (!options.authorization.empty())
    request.headers.emplace_back("Authorization", options.authorization);
  const delivery::SendResult result = transport->send(request);
  if (result.status >= 200 && result.status < 300) return {};
  const std::string what = "pushgateway: " + request.method + " " + shown(url);
  if (result.status == 0) return Error{what + ": " + result.error};
  return Error{what + " was answered " + std::to_string(result.status) + ": " + result.body};
}

std::string page_of(const metrics::Registry& registry, Format format) {
  std::string page;
  write_metrics(registry, format, page);
  return page;
}

}  // namespace

Result<void> Pushgateway::push(const metrics::Registry& registry) const {
  return send(options_, "PUT", page_of(registry, options_.format));
}

Result<void> Pushgateway::push_add(const metrics::Registry& registry) const {
  return send(options_, "POST", page_of(registry, options_.format));
}

Result<void> Pushgateway::remove() const {
  return send(options_, "DELETE", {});
}

}  // namespace vitals::exporting
