#include "health_agent/demo.h"

#include <curl/curl.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <string_view>
#include <thread>
#include <vector>

#include "health_agent/agent/examples.h"
#include "health_agent/json_type.h"

namespace health_agent {
namespace {

using nlohmann::json;

constexpr int kUsers = 8;

std::string base_url(const Settings& settings) {
  const bool any = settings.api_host == "0.0.0.0" || settings.api_host == "::";
  const std::string host = any ? "localhost" : settings.api_host;
  return "http://" + (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" +
         std::to_string(settings.api_port);
}

/// One keep-alive connection to the API.
class Client {
 public:
  Client(std::string url, const std::string& key) : url_(std::move(url)), curl_(curl_easy_init()) {
    headers_ = curl_slist_append(headers_, "Content-Type: application/json");
    if (!key.empty())
      headers_ = curl_slist_append(headers_, ("Authorization: Bearer " + key).c_str());
  }
  ~Client() {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(curl_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The answer's status; 0 when there was none.
  long send(const char* method, const std::string& path, const std::string& body = {}) {
    const std::string url = url_ + path;
    curl_easy_reset(curl_);
    curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl_, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl_, CURLOPT_TIMEOUT, 30L);
    curl_easy_setopt(
        curl_, CURLOPT_WRITEFUNCTION,
        +[](char*, std::size_t size, std::size_t n, void*) { return size * n; });
    if (!body.empty()) {
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
      curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body.c_str());
    }
    long status = 0;
    if (curl_easy_perform(curl_) == CURLE_OK)
      curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    return status;
  }

 private:
  std::string url_;
  CURL* curl_;
  curl_slist* headers_ = nullptr;
};

/// The next thing that a user does.
class DemoUser {
 public:
  DemoUser(int number, std::string url, const std::string& key)
      : id_("demo-" + std::to_string(number)),
        client_(std::move(url), key),
        random_(static_cast<unsigned>(number)) {}

  long act() {
    const std::string me = "/api/v1/users/" + id_;
    if (left_ == 0) {
      left_ = kShortestStay + pick(kShortestStay);
      return join();
    }
    // Who stays for an hour would eat more in a day than anybody can, and each look at the day
    // would take longer than the one before.
    if (--left_ == 0) return client_.send("DELETE", me);
    switch (pick(16)) {
      case 0:
        return join();
      case 1:
        return client_.send("PATCH", me + "/preferences",
                            json{{"preference", "units"}, {"value", "metric"}}.dump());
      case 2:
        return client_.send("PATCH", me + "/profile",
                            json{{"field", "weight_kg"}, {"value", 50 + pick(50)}}.dump());
      case 3:
        return client_.send("GET", me + "/profile");
      case 4:
        return client_.send("GET", me + "/preferences");
      case 5:
        return client_.send("GET", me + "/food");
      case 6:
        return client_.send(
            "POST", me + "/food",
            json{{"foods",
                  {{{"name", "apple"}, {"quantity", 1}, {"unit", "piece"}, {"calories", 95}}}},
                 {"meal_type", "snack"}}
                .dump());
      case 7:
        return mistake();
      case 8:
        return client_.send("GET", "/api/cache/stats");
      case 9:
      case 10:
      case 11:
        return client_.send("GET", me);
      default:
        return chat();
    }
  }

  std::chrono::milliseconds pause() { return std::chrono::milliseconds{50 + pick(250)}; }

 private:
  static constexpr int kShortestStay = 200;  // requests: about half a minute

  long join() {
    return client_.send(
        "POST", "/api/v1/users",
        json{{"user_id", id_}, {"profile", {{"height_cm", 150 + pick(50)}, {"goal", "stay well"}}}}
            .dump());
  }

  long chat() {
    const auto messages = agent::example_messages();
    const std::string_view message =
        messages[static_cast<std::size_t>(pick(static_cast<int>(messages.size())))];
    return client_.send("POST", "/api/v1/chat",
                        json{{"user_id", id_}, {"message", message}}.dump());
  }

  long mistake() {
    switch (pick(4)) {
      case 0:
        return client_.send("GET", "/api/v1/users/nobody-" + std::to_string(pick(1000)));
      case 1:
        return client_.send("POST", "/api/v1/chat", "{\"user_id\": \"" + id_ + "\"");
      case 2:
        return client_.send("GET", "/wp-login.php");
      default:
        return client_.send("DELETE", "/api/v1/users/" + id_ + "/conversation");
    }
  }

  int pick(int below) { return std::uniform_int_distribution<int>{0, below - 1}(random_); }

  std::string id_;
  Client client_;
  std::minstd_rand random_;
  int left_ = 0;  // requests until this one goes and somebody else comes
};

}  // namespace

struct Demo::Impl {
  std::mutex mutex;
  std::condition_variable end;
  bool ended = false;
  std::atomic<long> requests{0};
  std::atomic<long> failed{0};
  std::vector<std::thread> threads;

  static long answer_to(DemoUser& user) noexcept {
    try {
      return user.act();
    } catch (...) {
      return 0;  // no memory for the question
    }
  }

  void run(DemoUser& user) {
    std::unique_lock lock{mutex};
    while (!ended) {
      lock.unlock();
      const long status = answer_to(user);
      requests.fetch_add(1, std::memory_order_relaxed);
      if (status == 0 || status >= 500) failed.fetch_add(1, std::memory_order_relaxed);
      lock.lock();
      end.wait_for(lock, user.pause(), [this] { return ended; });
    }
  }
};

Settings demo_settings(Settings settings, bool faults_given) {
  if (!faults_given && settings.sentry_environment == "development") {
    settings.faults = {.handler = 0.01, .db = 0.002, .agent = 0.03};
  }
  return settings;
}

Demo::Demo(const Settings& settings) : impl_(std::make_unique<Impl>()) {
  const std::string key = settings.api_keys.empty() ? std::string{} : settings.api_keys.front();
  for (int number = 1; number <= kUsers; ++number) {
    impl_->threads.emplace_back([this, number, url = base_url(settings), key] {
      DemoUser user{number, url, key};
      impl_->run(user);
    });
  }
}

Demo::~Demo() {
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->ended = true;
  }
  impl_->end.notify_all();
  for (std::thread& thread : impl_->threads)
    thread.join();
}

Demo::Counts Demo::counts() const noexcept {
  return {impl_->requests.load(std::memory_order_relaxed),
          impl_->failed.load(std::memory_order_relaxed)};
}

std::string Demo::guide(const Settings& settings) {
  const std::string url = base_url(settings);
  const std::string key = settings.api_keys.empty() ? "" : " -H 'Authorization: Bearer '$API_KEY";
  std::string text =
      "\nhealth-agent demo: " + std::to_string(kUsers) + " synthetic users talk to " + url +
      "\nSome of their requests fail on purpose (FAULTS). Stop with Ctrl-C.\n\nLook:\n";
  if (settings.enable_prometheus) {
    text += "  curl -s " + url + "/metrics | grep -E '^(http|agent|db|cache)_'\n";
    text += "  curl -s " + url + "/metrics | promtool check metrics\n";
  } else {
    text += "  (metrics are off: ENABLE_PROMETHEUS=false)\n";
  }
  if (settings.enable_console) text += "  " + url + "/console in a browser\n";
  text += "  curl -s " + url + "/api/health\n";
  text += "  curl -s" + key + " " + url + "/api/cache/stats\n\nTry:\n";
  text += "  curl -s" + key + " " + url +
          "/api/v1/chat -d '{\"user_id\": \"me\", \"message\": \"2 eggs and 150 g of rice for "
          "lunch\"}'\n";
  text += "  curl -sN" + key + " -H 'Accept: text/event-stream' " + url +
          "/api/v1/chat -d '{\"user_id\": \"me\", \"message\": \"a banana\"}'\n";
  text += "  curl -s" + key + " " + url + "/api/v1/users/me/food\n";
  text += "  curl -si" + key + " " + url + "/api/v1/users/nobody\n\n";
  if (!settings.enable_sentry) {
    text += "Errors go nowhere yet: set ENABLE_SENTRY=true and SENTRY_DSN to receive them.\n\n";
  }
  return text;
}

}  // namespace health_agent
