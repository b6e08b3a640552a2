#include "vitals/exporting/pushgateway.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string_view>

#include "vitals/base/percent.h"
#include "vitals/base/utf8.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/label.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

/// As much of an answer as goes into an error's text.
constexpr std::size_t kMaxAnswer = 1000;

/// More of an answer than any gateway has to say, in bytes.
constexpr std::size_t kMostRead = 256 * 1024;

/// Longer ones are taken for this, since they would overflow on the way.
constexpr std::chrono::milliseconds kMaxTimeout = std::chrono::hours(24);

/// Base64 with the alphabet for URLs. Source: RFC 4648, section 5.
std::string base64url(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const std::string_view part = text.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t b = 0; b < 3; ++b)
      bits = bits << 8 | (b < part.size() ? static_cast<unsigned char>(part[b]) : 0U);
    for (std::size_t d = 0; d < 4; ++d)
      out += d <= part.size() ? kDigits[bits >> (18 - 6 * d) & 63] : '=';
  }
  return out;
}

/// `/name/value`, in base64 where a path could not hold the value: a slash in it, nothing at all,
/// or dots that lead elsewhere.
void append_label(std::string& path, std::string_view name, std::string_view value) {
  path.append("/").append(name);
  if (value.empty()) {
    path += "@base64/=";
  } else if (value.find('/') != std::string_view::npos || value == "." || value == "..") {
    path.append("@base64/").append(base64url(value));
  } else {
    path += '/';
    base::append_percent_encoded(path, value);
  }
}

std::optional<Error> fault_in(const PushOptions& options) {
  if (options.job.empty()) return Error{"pushgateway: the job is empty; name the batch job"};
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
  return std::nullopt;
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

/// What has come of an answer: its head is of no interest, of its body the beginning.
struct Answer {
  std::string text;
  std::size_t read = 0;
};

/// An answer that does not end is given up, and its status stands.
std::size_t count_head(char*, std::size_t, std::size_t size, void* target) {
  auto& answer = *static_cast<Answer*>(target);
  answer.read += size;
  return answer.read <= kMostRead ? size : 0;
}
std::size_t keep_answer(char* data, std::size_t, std::size_t size, void* target) {
  auto& answer = *static_cast<Answer*>(target);
  answer.text.append(data, std::min(size, kMaxAnswer - std::min(answer.text.size(), kMaxAnswer)));
  answer.read += size;
  return answer.read <= kMostRead ? size : 0;
}

struct FreeCurl {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::optional<Error> send(const PushOptions& options, const char* method, const std::string& body) {
  if (std::optional<Error> fault = fault_in(options)) return fault;
  const std::string url = url_of(options);
  const std::unique_ptr<CURL, FreeCurl> easy{curl_easy_init()};
  std::unique_ptr<curl_slist, FreeCurl> headers;
  const auto add_header = [&headers](const std::string& line) {
    if (curl_slist* longer = curl_slist_append(headers.get(), line.c_str())) {
      static_cast<void>(headers.release());
      headers.reset(longer);
    }
  };
  add_header("Content-Type: " + std::string{content_type(Format::kText)});
  add_header("Expect:");  // else curl waits a second before it sends a large body
  if (!options.authorization.empty()) add_header("Authorization: " + options.authorization);
  Answer answer;
  char words[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy.get(), CURLOPT_HEADERFUNCTION, &count_head);
  curl_easy_setopt(easy.get(), CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, &keep_answer);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, words);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT_MS,
                   static_cast<long>(std::min(options.timeout, kMaxTimeout).count()));
  const CURLcode code = curl_easy_perform(easy.get());
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  const bool given_up = code == CURLE_WRITE_ERROR && status >= 200;
  if (code != CURLE_OK && !given_up) {
    return Error{"pushgateway: " + std::string{method} + " " + shown(url) + ": " +
                 (words[0] != '\0' ? words : curl_easy_strerror(code))};
  }
  if (status >= 200 && status < 300) return std::nullopt;
  return Error{"pushgateway: " + std::string{method} + " " + shown(url) + " was answered " +
               std::to_string(status) + ": " + answer.text};
}

std::string page_of(const metrics::Registry& registry) {
  std::string page;
  write_metrics(registry, Format::kText, page);
  return page;
}

}  // namespace

std::optional<Error> Pushgateway::push(const metrics::Registry& registry) const {
  return send(options_, "PUT", page_of(registry));
}

std::optional<Error> Pushgateway::push_add(const metrics::Registry& registry) const {
  return send(options_, "POST", page_of(registry));
}

std::optional<Error> Pushgateway::remove() const {
  return send(options_, "DELETE", {});
}

}  // namespace vitals::exporting
