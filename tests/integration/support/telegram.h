#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "integration/support/http.h"
#include "integration/support/process.h"

namespace integration {

/// telegram-test-api, an independent Bot API server, behind peers/telegram.mjs, which adds what it
/// leaves out. Its bot is `food_bot`. Start it from the test's own thread.
class TelegramServer {
 public:
  static constexpr const char* kToken = "4711:AAbot-secret_token";

  /// Starts it and waits until it answers. Throws with its output when it does not.
  TelegramServer();

  /// TELEGRAM_API_URL.
  [[nodiscard]] std::string url() const;

  /// The user `chat` writes to the bot.
  void say(std::int64_t chat, const std::string& text);
  /// Puts an update of these bytes before the bot, as they are.
  void push(std::int64_t update_id, const std::string& json);
  /// All that the bot has sent to the chat, in order.
  [[nodiscard]] std::vector<std::string> answers(std::int64_t chat);
  /// Waits for as many answers; gives what there is at the deadline.
  std::vector<std::string> wait_for_answers(std::int64_t chat, std::size_t count,
                                            Milliseconds deadline = 60s);

  /// The next `times` calls of a method are answered so; with a code of 0 never.
  void answer_next(const std::string& method, int times, int code, const Json& body = {});
  void answer_as_ever();
  /// From now on getUpdates answers at once, whatever it was asked to wait.
  void answer_polls_at_once();

  /// Closes every connection; each of the bot's calls needs a new one.
  void hang_up();

  /// What getWebhookInfo says from now on.
  void set_webhook_url(const std::string& url);

  /// The bot's calls of a method so far, each {method, body, at, code}; `code` is missing while it
  /// is not answered.
  [[nodiscard]] std::vector<Json> calls(const std::string& method);
  /// Waits for as many.
  [[nodiscard]] bool wait_for_calls(const std::string& method, std::size_t count,
                                    Milliseconds deadline = 60s);
  /// The ids of the updates that the bot has not confirmed.
  [[nodiscard]] std::vector<std::int64_t> pending();

 private:
  Json control(const std::string& what, const Json& body = Json::object());

  std::uint16_t port_;
  Process process_;
  Http http_;
};

}  // namespace integration
