#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/timeout.h"
#include "delivery/openssl.h"
#include "vitals/base/ascii.h"
#include "vitals/delivery/transport.h"

namespace vitals::delivery {
namespace {

/// Where the lines of an answer's head go, and how many bytes of them there were.
struct HeadReader {
  const SendRequest* request = nullptr;
  SendResult* result = nullptr;
  std::size_t read = 0;
  std::size_t kept = 0;
};

/// A head that does not end is given up, as a body is; the status stands.
std::size_t on_header(char* data, std::size_t, std::size_t size, void* target) {
  constexpr std::size_t kMostHead = 256 * 1024;
  constexpr std::size_t kMostKept = 4096;
  auto& head = *static_cast<HeadReader*>(target);
  head.read += size;
  if (head.read > kMostHead) return 0;
  Fields& kept = head.result->headers;
  std::string_view line{data, size};
  if (line.starts_with("HTTP/")) {  // the answer, after one that was only on the way
    kept.clear();
    head.kept = 0;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || head.kept >= kMostKept) return size;
  const auto is_wanted = [&](std::string_view name) {
    return base::equal_ignoring_case(line.substr(0, colon), name);
  };
  const auto wanted =
      std::find_if(head.request->wanted.begin(), head.request->wanted.end(), is_wanted);
  if (wanted == head.request->wanted.end()) return size;
  std::string_view value = line.substr(colon + 1, kMostKept - head.kept);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n'))
    value.remove_suffix(1);
  kept.emplace_back(*wanted, value);
  head.kept += colon + value.size();
  return size;
}

/// Where an answer's body goes, and how many bytes of it there were.
struct BodyReader {
  const SendRequest* request = nullptr;
  SendResult* result = nullptr;
  std::size_t read = 0;
};

/// The body may be of no interest, but it must be read for the connection to be kept. One that does
/// not end is not: the connection is given up then, the status stands.
std::size_t on_body(char* data, std::size_t, std::size_t size, void* target) {
  constexpr std::size_t kMostBody = 1024 * 1024;
  auto& body = *static_cast<BodyReader*>(target);
  std::string& kept = body.result->body;
  if (kept.size() < body.request->wanted_body)
    kept.append(data, std::min(size, body.request->wanted_body - kept.size()));
  body.read += size;
  return body.read <= kMostBody ? size : 0;
}

struct Cleanup {
  void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
struct EasyCleanup {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
using Headers = std::unique_ptr<curl_slist, Cleanup>;

Headers make_headers(const SendRequest& request) {
  Headers list;
  const auto add = [&list](const std::string& line) {
    curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc{};
    static_cast<void>(list.release());
    list.reset(longer);
  };
  std::string line;
  for (const auto& [name, value] : request.headers)
    add(line.assign(name).append(": ").append(value));
  add("Expect:");  // else curl waits a second for a "100 Continue" that many servers never send
  return list;
}

/// One request at a time over curl's multi interface: unlike the easy one it can be woken at any
/// moment, which is what cancel() needs.
class Connection {
 public:
  Connection(const CurlTransportOptions& options, const std::atomic<bool>& cancelled)
      : options_(options),
        cancelled_(cancelled),
        multi_(curl_multi_init()),
        easy_(curl_easy_init()) {}

  [[nodiscard]] SendResult send(const SendRequest& request) {
    SendResult result;
    if (!multi_ || !easy_) {
      result.error = "libcurl could not be started";
      return result;
    }
    prepare(request, result);
    if (curl_multi_add_handle(multi_.get(), easy_.get()) != CURLM_OK) {
      result.error = "libcurl refused the request";
      return result;
    }
    const CURLcode code = run();
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi_.get(), easy_.get());
    if (code != CURLE_OK && code != CURLE_WRITE_ERROR) {
      // A status may have come before the failure; without the whole answer it says nothing.
      result.error = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
      return result;
    }
    result.status = static_cast<int>(status);
    return result;
  }

  void wake() noexcept {
    if (multi_) curl_multi_wakeup(multi_.get());
  }

 private:
  /// What the last request had in common with this one stays set: taking the options apart again
  /// costs curl about as much as the request.
  void prepare(const SendRequest& request, SendResult& result) {
    CURL* const easy = easy_.get();
    if (!prepared_) {
      set_options();
      prepared_ = true;
    }
    if (request.url != url_) {
      url_ = request.url;
      curl_easy_setopt(easy, CURLOPT_URL, url_.c_str());
    }
    if (!headers_ || request.headers != given_headers_) {
      Headers made = make_headers(request);
      given_headers_ = request.headers;
      curl_easy_setopt(easy, CURLOPT_HTTPHEADER, made.get());
      headers_ = std::move(made);
    }
    if (request.method != method_) {
      method_ = request.method;
      // Of libcurl's own methods POST has a body, as all have here.
      curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method_ == "POST" ? nullptr : method_.c_str());
    }
    error_[0] = '\0';
    body_ = {&request, &result};
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    head_ = {&request, &result};
  }

  void set_options() {
    CURL* const easy = easy_.get();
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &head_);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &body_);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_.data());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // cancel() does not wait for a slow resolver
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, base::int_milliseconds(options_.timeout));
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                     base::int_milliseconds(options_.connect_timeout));
    if (!options_.proxy.empty()) curl_easy_setopt(easy, CURLOPT_PROXY, options_.proxy.c_str());
    if (!options_.client_certificate.empty())
      curl_easy_setopt(easy, CURLOPT_SSLCERT, options_.client_certificate.c_str());
    // Else OpenSSL asks for the passphrase of a key, at the terminal or of standard input, and waits
    // for it whatever the time-out.
    if (!options_.client_certificate.empty()) curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "");
    if (!options_.client_key.empty())
      curl_easy_setopt(easy, CURLOPT_SSLKEY, options_.client_key.c_str());
    if (!options_.ca_file.empty()) {
      curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
      curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
    }
  }

  CURLcode run() {
    for (;;) {
      int running = 0;
      if (curl_multi_perform(multi_.get(), &running) != CURLM_OK) return CURLE_FAILED_INIT;
      int queued = 0;
      while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &queued)) {
        if (message->msg == CURLMSG_DONE) return message->data.result;
      }
      if (cancelled_.load(std::memory_order_acquire)) return CURLE_ABORTED_BY_CALLBACK;
      constexpr int kPollMilliseconds = 1000;
      curl_multi_poll(multi_.get(), nullptr, 0, kPollMilliseconds, nullptr);
    }
  }

  const CurlTransportOptions& options_;
  const std::atomic<bool>& cancelled_;
  std::array<char, CURL_ERROR_SIZE> error_{};
  HeadReader head_;
  BodyReader body_;
  bool prepared_ = false;
  std::string method_ = "POST";
  std::string url_;
  Fields given_headers_;
  Headers headers_;
  std::unique_ptr<CURLM, Cleanup> multi_;
  std::unique_ptr<CURL, EasyCleanup> easy_;  // freed before the multi handle it was added to
};

/// Each send() under way has a connection of its own.
class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlTransportOptions options) : options_(std::move(options)) {
    static std::once_flag once;
    std::call_once(once, [] {
      keep_openssl_to_the_end();
      curl_global_init(CURL_GLOBAL_DEFAULT);
    });
  }

  CurlTransport(const CurlTransport&) = delete;
  CurlTransport& operator=(const CurlTransport&) = delete;
  ~CurlTransport() override {
    if (!openssl_is_gone()) return;
    for (auto& connection : connections_)
      static_cast<void>(connection.release());  // the process ends
  }

  SendResult send(const SendRequest& request) override {
    SendResult result;
    if (request.url.starts_with("https:") && openssl_is_gone()) {
      result.error = "OpenSSL has been shut down";
      return result;
    }
    Connection* const connection = take();
    if (connection != nullptr) {
      try {
        result = connection->send(request);
      } catch (const std::bad_alloc&) {
        result.error = "out of memory";
      }
      give_back(connection);
    }
    if (result.status == 0 && cancelled_.load(std::memory_order_acquire)) {
      result.error = "cancelled";
    }
    return result;
  }

  void cancel() noexcept override {
    const std::lock_guard hold{mutex_};
    cancelled_.store(true, std::memory_order_release);  // pairs with Connection::run()
    for (const auto& connection : connections_)
      connection->wake();
  }

 private:
  /// A connection that is free; null once cancelled.
  Connection* take() {
    const std::lock_guard hold{mutex_};
    if (cancelled_.load(std::memory_order_relaxed)) return nullptr;
    if (!free_.empty()) {
      Connection* const connection = free_.back();
      free_.pop_back();
      return connection;
    }
    free_.reserve(connections_.size() + 1);  // so that give_back() cannot fail
    connections_.push_back(std::make_unique<Connection>(options_, cancelled_));
    return connections_.back().get();
  }
  void give_back(Connection* connection) noexcept {
    const std::lock_guard hold{mutex_};
    free_.push_back(connection);
  }

  const CurlTransportOptions options_;
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> free_;
};

}  // namespace

std::string_view SendResult::header(std::string_view name) const noexcept {
  const auto line = std::find_if(headers.begin(), headers.end(), [name](const auto& field) {
    return base::equal_ignoring_case(field.first, name);
  });
  return line == headers.end() ? std::string_view{} : line->second;
}

std::string SendResult::header_list(std::string_view name) const {
  std::string list;
  for (const auto& [given, value] : headers) {
    if (!base::equal_ignoring_case(given, name)) continue;
    if (!list.empty()) list += ',';
    list += value;
  }
  return list;
}

std::shared_ptr<Transport> make_curl_transport(CurlTransportOptions options) {
  return std::make_shared<CurlTransport>(std::move(options));
}

}  // namespace vitals::delivery
