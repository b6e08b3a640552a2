#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>

#include "health_agent/bot/commands.h"
#include "health_agent/bot/place.h"
#include "health_agent/bot/update.h"
#include "health_agent/http_client.h"

namespace health_agent::bot {

/// The Bot API's refusal: its error code, its own words, and how long to wait when it says so. The
/// message names the method, never the token.
class TelegramError : public std::runtime_error {
 public:
  TelegramError(int code, const std::string& message, std::chrono::seconds retry_after = {})
      : std::runtime_error(message), code_(code), retry_after_(retry_after) {}

  /// As HTTP's: 400 cannot be right, 401 the token, 403 blocked by the user, 409 somebody else
  /// polls, 429 too fast, 5xx.
  [[nodiscard]] int code() const noexcept { return code_; }
  /// Zero when it does not say.
  [[nodiscard]] std::chrono::seconds retry_after() const noexcept { return retry_after_; }
  /// It cannot succeed as it was asked. Without markup or outside of the topic it may: Telegram has
  /// too many words for what it finds wrong with either to know them all.
  [[nodiscard]] bool is_about_request() const noexcept { return code_ == 400; }
  /// Another try can succeed.
  [[nodiscard]] bool may_pass() const noexcept { return code_ == 429 || code_ >= 500; }

 private:
  int code_;
  std::chrono::seconds retry_after_;
};

/// How Telegram is to read a text.
enum class TextFormat { kPlain, kHtml };

/// What one getUpdates brought.
struct Polled {
  UpdateBatch batch;
  /// When the answer could not be read, or was too long to be: the id that it begins with.
  std::optional<std::int64_t> first_id;
};

/// The methods of the Bot API that the bot uses. Source: Telegram Bot API.
///
/// Threads: any. Errors: TelegramError for an answer that refuses, HttpError when there is none;
/// the token is in no message, span or log. Blocks until the answer is there or `stop` says so.
class Telegram {
 public:
  /// `http` must outlive it.
  Telegram(HttpClient& http, std::string api_url, std::string token);

  /// The bot's user name. For a token that is not known: TelegramError 401 (or 404).
  [[nodiscard]] std::string get_me(std::chrono::milliseconds timeout,
                                   const std::stop_token& stop = {});

  /// Whether updates go to a webhook, so that polling is refused.
  [[nodiscard]] bool has_webhook(std::chrono::milliseconds timeout,
                                 const std::stop_token& stop = {});

  /// Waits up to `wait` for updates with an id of `offset` or more (0: all that were not confirmed
  /// yet) and confirms all before it.
  [[nodiscard]] Polled get_updates(std::int64_t offset, std::size_t limit,
                                   std::chrono::seconds wait, const std::stop_token& stop);

  void send_message(const Place& place, std::string_view text, TextFormat format,
                    const std::stop_token& stop);

  /// Sets the list of commands that clients show. Source: setMyCommands.
  void set_my_commands(std::span<const CommandHelp> commands, std::chrono::milliseconds timeout,
                       const std::stop_token& stop);

  /// Shows "typing…" to the chat, for 5 s or until a message comes.
  void send_typing(const Place& place, const std::stop_token& stop);

 private:
  HttpRequest request(std::string_view method, std::string body,
                      std::chrono::milliseconds timeout) const;
  /// The error that an answer is, with the token masked should Telegram repeat it.
  TelegramError refusal(std::string_view method, int status, std::string_view body) const;
  HttpAnswer call(std::string_view method, std::string body, std::chrono::milliseconds timeout,
                  const std::stop_token& stop);

  HttpClient* http_;
  std::string api_url_;
  std::string token_;
};

}  // namespace health_agent::bot
