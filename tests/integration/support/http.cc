#include "integration/support/http.h"

#include <curl/curl.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <stdexcept>

namespace integration {
namespace {

std::size_t append_body(const char* data, std::size_t size, std::size_t count, void* body) {
  static_cast<std::string*>(body)->append(data, size * count);
  return size * count;
}

std::size_t keep_header(const char* data, std::size_t size, std::size_t count, void* headers) {
  const std::string line{data, size * count};
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos) return size * count;
  std::string name = line.substr(0, colon);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::size_t first = line.find_first_not_of(" \t", colon + 1);
  const std::size_t last = line.find_last_not_of(" \t\r\n");
  std::string& value = (*static_cast<std::map<std::string, std::string>*>(headers))[name];
  if (!value.empty()) value += ", ";
  if (first != std::string::npos && first <= last) value += line.substr(first, last - first + 1);
  return size * count;
}

Headers with_json(Headers headers) {
  headers.emplace_back("Content-Type", "application/json");
  return headers;
}

}  // namespace

std::string Response::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string{} : found->second;
}

Json Response::json() const {
  try {
    return Json::parse(body);
  } catch (const Json::exception& fault) {
    throw std::runtime_error("not JSON: " + std::to_string(status) + " '" + body + "' " + error +
                             " (" + fault.what() + ")");
  }
}

struct Http::Handle {
  Handle() {
    static const CURLcode global = curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    if (global != CURLE_OK || curl == nullptr) throw std::runtime_error("libcurl does not start");
  }
  ~Handle() { curl_easy_cleanup(curl); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  CURL* curl = nullptr;
};

Http::Http(std::uint16_t port) : handle_(std::make_unique<Handle>()), port_(port) {}
Http::~Http() = default;
Http::Http(Http&&) noexcept = default;
Http& Http::operator=(Http&&) noexcept = default;

void Http::always_send(Headers headers) {
  always_ = std::move(headers);
}

Response Http::send(const Request& request) {
  Response response;
  CURL* curl = handle_->curl;
  curl_easy_reset(curl);
  const std::string url = "http://127.0.0.1:" + std::to_string(port_) + request.path;
  curl_slist* lines = curl_slist_append(nullptr, "Expect:");
  for (const Headers* list : std::array<const Headers*, 2>{&always_, &request.headers}) {
    for (const auto& [name, value] : *list) {
      lines = curl_slist_append(lines, (name + (value.empty() ? ";" : ": " + value)).c_str());
    }
  }
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(request.timeout.count() * kSlowness));
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  const bool sends_body =
      request.method == "POST" || request.method == "PATCH" || request.method == "PUT";
  if (!request.body.empty() || sends_body) {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
  }
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response.headers);
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(lines);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (code == CURLE_OK || (code == CURLE_SEND_ERROR && status != 0)) {
    response.status = static_cast<int>(status);
  } else {
    response.error =
        std::string{curl_easy_strerror(code)} + " (status " + std::to_string(status) + ")";
  }
  return response;
}

Response Http::get(const std::string& path, Headers headers) {
  return send({.path = path, .headers = std::move(headers)});
}

Response Http::del(const std::string& path, Headers headers) {
  return send({.method = "DELETE", .path = path, .headers = std::move(headers)});
}

Response Http::post(const std::string& path, const Json& body, Headers headers) {
  return post_text(path, body.dump(), std::move(headers));
}

Response Http::patch(const std::string& path, const Json& body, Headers headers) {
  return send({.method = "PATCH",
               .path = path,
               .headers = with_json(std::move(headers)),
               .body = body.dump()});
}

Response Http::post_text(const std::string& path, std::string body, Headers headers) {
  return send({.method = "POST",
               .path = path,
               .headers = with_json(std::move(headers)),
               .body = std::move(body)});
}

std::vector<std::string> event_stream_data(const std::string& body) {
  std::vector<std::string> events;
  std::string data;
  bool any = false;
  std::istringstream lines{body};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) {
      if (any) events.push_back(data);
      data.clear();
      any = false;
    } else if (line.starts_with("data:")) {
      std::string value = line.substr(5);
      if (value.starts_with(' ')) value.erase(0, 1);
      data += (any ? "\n" : "") + value;
      any = true;
    }
  }
  return events;
}

std::string gunzip(const std::string& compressed) {
  constexpr int kGzipOnly = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOnly) != Z_OK) throw std::runtime_error("zlib does not start");
  std::string input = compressed;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  std::string result;
  int code = Z_OK;
  while (code == Z_OK) {
    std::array<char, 65536> buffer{};
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = inflate(&stream, Z_NO_FLUSH);
    result.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  const bool rest = stream.avail_in != 0;
  inflateEnd(&stream);
  if (code != Z_STREAM_END) throw std::runtime_error("not a whole gzip stream");
  if (rest) throw std::runtime_error("bytes after the gzip stream");
  return result;
}

std::string percent_encode(const std::string& text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      result += c;
    } else {
      result += '%';
      result += kDigits[byte >> 4];
      result += kDigits[byte & 15];
    }
  }
  return result;
}

}  // namespace integration
