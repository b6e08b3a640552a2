#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "health_agent/agent/remote/remote_agent.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/state.h"

namespace health_agent::agent {

using Headers = std::map<std::string, std::string>;

/// A world for a RemoteAgent in which time goes by only when somebody sleeps, and requests are
/// answered by what the test has written down.
class ScriptedWorld {
 public:
  using Step = std::function<HttpAnswer(const HttpRequest&, const OnBody&)>;

  std::vector<nlohmann::json> asked;              ///< The bodies, in order.
  std::vector<HttpRequest> requests;              ///< The requests, in order.
  std::vector<std::chrono::milliseconds> pauses;  ///< All time slept between two requests.
  World::Time now{std::chrono::hours{1}};
  double random = 0.5;

  void then(Step step) { steps_.push_back(std::move(step)); }

  /// An answer; a success is handed out in pieces of 7 bytes, so that everything is cut somewhere.
  void answers(int status, std::string body, Headers headers = {}) {
    then([status, body = std::move(body), headers = std::move(headers)](const HttpRequest&,
                                                                        const OnBody& on_body) {
      HttpAnswer answer{.status = status, .headers = headers};
      if (status != 200 || !on_body) {
        answer.body = body;
        return answer;
      }
      for (std::size_t at = 0; at < body.size() && !answer.abandoned; at += 7)
        answer.abandoned = !on_body(std::string_view{body}.substr(at, 7));
      return answer;
    });
  }
  void fails(HttpError::Kind kind) {
    then([kind](const HttpRequest&, const OnBody&) -> HttpAnswer {
      throw HttpError(kind, "POST http://model/v1: it is away");
    });
  }

  [[nodiscard]] World world() {
    World world;
    world.send = [this](const HttpRequest& request, const OnBody& on_body) {
      requests.push_back(request);
      asked.push_back(nlohmann::json::parse(request.body));
      pauses.emplace_back(std::exchange(paused_, {}));
      if (steps_.empty()) throw std::logic_error("nobody expected this request: " + request.body);
      const Step step = std::move(steps_.front());
      steps_.pop_front();
      return step(request, on_body);
    };
    world.now = [this] { return now; };
    world.sleep = [this](std::chrono::milliseconds time) {
      now += time;
      paused_ += time;
    };
    world.random = [this] { return random; };
    return world;
  }

 private:
  std::deque<Step> steps_;
  std::chrono::milliseconds paused_{};
};

/// Turns the metrics of the default registry on, whichever test comes first.
inline void enable_metrics_once() {
  static const auto metrics = vitals::monitor::enable_metrics(vitals::metrics::default_registry());
}

/// Events of a stream, each a `data:` line.
inline std::string stream(const std::vector<nlohmann::json>& events, const char* end = "") {
  std::string text;
  for (const nlohmann::json& event : events)
    text += "event: " + event.value("type", "message") + "\ndata: " + event.dump() + "\n\n";
  return text + end;
}

}  // namespace health_agent::agent
