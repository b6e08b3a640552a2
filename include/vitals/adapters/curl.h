#pragma once

#include <curl/curl.h>

#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "vitals/monitor/http_client.h"

/// libcurl and vitals::monitor::ClientRequestScope. Header-only.
namespace vitals::adapters {

/// The bounded word of a transfer that failed, for ClientRequestScope::fail().
[[nodiscard]] inline std::string_view curl_error_type(CURLcode code) noexcept {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return "timeout";
    case CURLE_COULDNT_CONNECT:
      return "connect";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return "dns";
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return "tls";
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_WRITE_ERROR:
    case CURLE_READ_ERROR:
      return "aborted";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return "network";
    case CURLE_OUT_OF_MEMORY:
      return "memory";
    default:
      return "other";
  }
}

namespace detail {

struct FreeHeaders {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using CurlHeaders = std::unique_ptr<curl_slist, FreeHeaders>;

/// The headers and those of the trace; null where there is no memory for all of them, or none.
inline CurlHeaders with_trace(const monitor::ClientRequestScope& call,
                              const curl_slist* headers) noexcept {
  CurlHeaders list;
  const auto add = [&list](const char* line) {
    curl_slist* const longer = curl_slist_append(list.get(), line);
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(list.release());
    list.reset(longer);
  };
  try {
    const context::TraceHeaders trace = call.headers();
    for (const curl_slist* field = headers; field != nullptr; field = field->next)
      add(field->data);
    trace.for_each([&add](std::string_view name, const std::string& value) {
      add((std::string{name} + ": " + value).c_str());
    });
    return list;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

}  // namespace detail

/// Performs a transfer as curl_easy_perform() does, as a ClientRequestScope that carries the trace
/// on. `method` and `url` are those that the handle is set to, which it does not tell; `headers` is
/// what CURLOPT_HTTPHEADER is set to, whose fields go along. The handle has no CURLOPT_HTTPHEADER
/// afterwards. Without memory for the trace's headers the request goes out without them. A transfer
/// that has no status, as of a file, counts as the error `no_status`.
///
///     const CURLcode code = adapters::perform(curl, "GET", url, headers);
inline CURLcode perform(CURL* handle, std::string_view method, std::string_view url,
                        const curl_slist* headers = nullptr) {
  monitor::ClientRequestScope call{monitor::parse_method(method), url};
  const detail::CurlHeaders with_trace = detail::with_trace(call, headers);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, with_trace ? with_trace.get() : headers);
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, nullptr);
  long status = 0;
  // With CURLOPT_FAILONERROR an answer of 400 and above is an error of libcurl's, but an answer.
  if (code == CURLE_OK || code == CURLE_HTTP_RETURNED_ERROR)
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status > 0) {
    call.finish(static_cast<int>(status));
  } else {
    call.fail(code == CURLE_OK ? "no_status" : curl_error_type(code));
  }
  return code;
}

}  // namespace vitals::adapters
