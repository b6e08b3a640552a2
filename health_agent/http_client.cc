#include "health_agent/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "health_agent/version.h"
#include "vitals/base/ascii.h"
#include "vitals/context/span.h"

namespace health_agent {
namespace {

using Kind = HttpError::Kind;
using std::chrono::milliseconds;

constexpr std::size_t kIdleHandles = 32;
constexpr std::size_t kErrorBody = 65'536;
constexpr std::size_t kHeaderBytes = 65'536;
/// How long the body of an error is waited for once its status is known.
constexpr std::chrono::seconds kErrorBodyTime{2};
/// How long libcurl is left alone with its sockets; a stop wakes it earlier.
constexpr int kPollMs = 1000;
constexpr int kPollMsWithOnWait = 100;

/// What libcurl's call-backs fill while one request is under way.
struct Exchange {
  HttpAnswer answer{};
  const OnBody* on_body = nullptr;
  std::size_t max_answer = 0;
  std::size_t header_bytes = 0;
  std::size_t body_bytes = 0;
  bool too_large = false;
  bool enough = false;  // of an error's body
  std::chrono::steady_clock::time_point status_at{};
  std::exception_ptr thrown{};
};

bool is_success(int status) noexcept {
  return status >= 200 && status < 300;
}

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  try {
    const std::string_view line{data, size};
    exchange.header_bytes += size;
    if (exchange.header_bytes > kHeaderBytes) {
      exchange.too_large = true;
      return 0;
    }
    if (line.starts_with("HTTP/")) {  // an answer before the answer (100 Continue) has some too
      exchange.answer.headers.clear();
      const std::size_t space = line.find(' ');
      exchange.answer.status =
          space == std::string_view::npos ? 0 : std::atoi(std::string{line.substr(space)}.c_str());
      exchange.status_at = std::chrono::steady_clock::now();
    } else if (const std::size_t colon = line.find(':'); colon != std::string_view::npos) {
      exchange.answer.headers.insert_or_assign(vitals::base::lower(trimmed(line.substr(0, colon))),
                                               std::string{trimmed(line.substr(colon + 1))});
    }
    return size;
  } catch (...) {
    exchange.thrown = std::current_exception();
    return 0;
  }
}

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) noexcept {
  auto& exchange = *static_cast<Exchange*>(user);
  try {
    HttpAnswer& answer = exchange.answer;
    if (!is_success(answer.status)) {  // what an error says is for a message, not for a parser
      answer.body.append(data, std::min(size, kErrorBody - answer.body.size()));
      exchange.enough = answer.body.size() >= kErrorBody;
      return exchange.enough ? 0 : size;
    }
    exchange.body_bytes += size;
    if (exchange.body_bytes > exchange.max_answer) {
      exchange.too_large = true;
      return 0;
    }
    if (!*exchange.on_body) {
      answer.body.append(data, size);
      return size;
    }
    answer.abandoned = !(*exchange.on_body)({data, size});
    return answer.abandoned ? 0 : size;
  } catch (...) {
    exchange.thrown = std::current_exception();
    return 0;
  }
}

class HeaderList {
 public:
  HeaderList() = default;
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;

  void add(const std::string& line) {
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    list_ = longer;
  }
  void add(std::string_view name, const std::string& value) {
    if (!value.empty()) add(std::string{name} + ": " + value);
  }
  [[nodiscard]] curl_slist* get() const noexcept { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

/// Without the query, which is the caller's business.
std::string_view without_query(std::string_view url) {
  return url.substr(0, url.find('?'));
}

Kind kind_of(CURLcode code, CURL* easy) noexcept {
  long sent = 0;
  curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &sent);
  if (sent > 0 && code != CURLE_OPERATION_TIMEDOUT) return Kind::kCut;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
      return Kind::kConnect;
    case CURLE_OPERATION_TIMEDOUT:
      return Kind::kTimeout;
    default:
      return Kind::kCut;
  }
}

}  // namespace

std::string_view HttpAnswer::header(const std::string& name) const noexcept {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view{} : found->second;
}

/// One request at a time, with the connections that it has used.
struct HttpClient::Handle {
  Handle() : multi(curl_multi_init()), easy(curl_easy_init()) {
    if (multi == nullptr || easy == nullptr) {
      curl_easy_cleanup(easy);
      curl_multi_cleanup(multi);
      throw std::bad_alloc();
    }
  }
  ~Handle() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  /// Runs the request that `easy` is set up for, to its end or until told to stop: by `stop`, or by
  /// `go_on`, which is asked at least every `pause` milliseconds.
  CURLcode run(const std::stop_token& stop, const std::function<bool()>& go_on, int pause) {
    // Without memory it is not added, and would be waited for for ever.
    if (curl_multi_add_handle(multi, easy) != CURLM_OK) return CURLE_OUT_OF_MEMORY;
    struct Removed {
      Handle& handle;
      ~Removed() { curl_multi_remove_handle(handle.multi, handle.easy); }
    } const removed{*this};
    const std::stop_callback wake{stop, [this] { curl_multi_wakeup(multi); }};
    for (;;) {
      if (stop.stop_requested()) return CURLE_ABORTED_BY_CALLBACK;
      if (!go_on()) return CURLE_WRITE_ERROR;
      int running = 0;
      if (curl_multi_perform(multi, &running) != CURLM_OK) return CURLE_FAILED_INIT;
      int left = 0;
      if (const CURLMsg* message = curl_multi_info_read(multi, &left); message != nullptr)
        return message->data.result;
      curl_multi_poll(multi, nullptr, 0, pause, nullptr);
    }
  }

  CURLM* multi;
  CURL* easy;
};

struct HttpClient::Pool {
  std::mutex mutex;
  std::vector<std::unique_ptr<Handle>> idle;
};

/// A handle on loan, given back unless something was thrown in the middle of its use.
class HttpClient::Lease {
 public:
  explicit Lease(Pool& pool) : pool_(pool) {
    {
      const std::lock_guard lock{pool.mutex};
      if (!pool.idle.empty()) {
        handle_ = std::move(pool.idle.back());
        pool.idle.pop_back();
      }
    }
    if (!handle_) handle_ = std::make_unique<Handle>();
  }
  ~Lease() {
    curl_easy_reset(handle_->easy);  // it points at what ends with the request
    const std::lock_guard lock{pool_.mutex};
    if (pool_.idle.size() < kIdleHandles) pool_.idle.push_back(std::move(handle_));
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  [[nodiscard]] Handle& operator*() const noexcept { return *handle_; }

 private:
  Pool& pool_;
  std::unique_ptr<Handle> handle_;
};

HttpClient::HttpClient() : pool_(std::make_unique<Pool>()) {
  pool_->idle.reserve(kIdleHandles);
}
HttpClient::~HttpClient() = default;

HttpAnswer HttpClient::send(const HttpRequest& request, const OnBody& on_body,
                            const std::stop_token& stop) {
  const std::string shown =
      request.method + " " +
      std::string{without_query(request.shown_url.empty() ? request.url : request.shown_url)};
  const vitals::context::Span span =
      vitals::context::current_span().start_child("http.client", shown);
  span.set_data("http.request.method", request.method);
  span.set_data("url", std::string_view{shown}.substr(request.method.size() + 1));
  const auto active = span.activate();
  struct Finish {
    const vitals::context::Span& span;
    ~Finish() { span.finish(); }
  } const finish{span};

  HeaderList headers;
  for (const std::string& line : request.headers)
    headers.add(line);
  const vitals::context::TraceHeaders trace = vitals::context::outgoing_trace(request.url);
  trace.for_each(
      [&headers](std::string_view name, const std::string& value) { headers.add(name, value); });
  headers.add("Expect:");  // a pause of a second before every larger body is no gain

  Exchange exchange;
  exchange.on_body = &on_body;
  exchange.max_answer = request.max_answer;
  const Lease lease{*pool_};
  CURL* easy = (*lease).easy;
  char words[CURL_ERROR_SIZE] = "";
  static const std::string agent = "health-agent/" + std::string{kVersion};
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, agent.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::min(request.connect_timeout, request.timeout).count()));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &exchange);
  if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  const auto go_on = [&] {
    if (request.on_wait && !request.on_wait()) {
      exchange.answer.abandoned = true;
      return false;
    }
    exchange.enough = exchange.answer.status >= 300 &&
                      std::chrono::steady_clock::now() - exchange.status_at > kErrorBodyTime;
    return !exchange.enough;
  };
  const CURLcode code = (*lease).run(stop, go_on, request.on_wait ? kPollMsWithOnWait : kPollMs);

  if (exchange.answer.status != 0) span.set_http_status(exchange.answer.status);
  if (code == CURLE_OK || exchange.answer.abandoned || (exchange.enough && !exchange.thrown))
    return std::move(exchange.answer);
  using vitals::context::SpanStatus;
  if (exchange.thrown) {
    span.set_status(SpanStatus::kInternalError);
    std::rethrow_exception(exchange.thrown);
  }
  if (code == CURLE_ABORTED_BY_CALLBACK) {
    span.set_status(SpanStatus::kCancelled);
    throw HttpError(Kind::kStopped, shown + " was stopped");
  }
  const Kind kind = exchange.too_large ? Kind::kTooLarge : kind_of(code, easy);
  span.set_status(kind == Kind::kTimeout   ? SpanStatus::kDeadlineExceeded
                  : kind == Kind::kConnect ? SpanStatus::kUnavailable
                                           : SpanStatus::kDataLoss);
  if (kind == Kind::kTooLarge) {
    throw HttpError(kind, shown + ": the answer is longer than " +
                              std::to_string(request.max_answer) + " bytes");
  }
  // libcurl's own words can repeat the URL, which may be secret.
  const bool secret = !request.shown_url.empty() && request.shown_url != request.url;
  throw HttpError(kind,
                  shown + ": " + (words[0] != '\0' && !secret ? words : curl_easy_strerror(code)));
}

}  // namespace health_agent
