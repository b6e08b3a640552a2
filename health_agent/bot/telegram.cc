#include "health_agent/bot/telegram.h"

#include <algorithm>
#include <utility>

#include "health_agent/bot/text.h"
#include "health_agent/json_type.h"

namespace health_agent::bot {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::size_t kMaxAnswer = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kMaxWords = 200;
constexpr auto kSendTimeout = 20s;
constexpr auto kTypingTimeout = 5s;
/// How much longer than it was asked to wait Telegram may take.
constexpr auto kGrace = 10s;
/// A server that asks for more is not believed.
constexpr std::int64_t kMostRetryAfter = 3600;

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json to(const Place& place) {
  json body = {{"chat_id", place.chat_id}};
  if (place.thread_id != 0) body["message_thread_id"] = place.thread_id;
  return body;
}

}  // namespace

Telegram::Telegram(HttpClient& http, std::string api_url, std::string token)
    : http_(&http), api_url_(std::move(api_url)), token_(std::move(token)) {}

HttpRequest Telegram::request(std::string_view method, std::string body,
                              std::chrono::milliseconds timeout) const {
  HttpRequest request;
  request.url = api_url_ + "/bot" + token_ + "/";
  request.url += method;
  request.shown_url = api_url_ + "/bot****/";
  request.shown_url += method;
  request.headers = {"Content-Type: application/json"};
  request.body = std::move(body);
  request.timeout = timeout;
  return request;
}

TelegramError Telegram::refusal(std::string_view method, int status, std::string_view body) const {
  int code = status;
  std::string words;
  std::chrono::seconds retry_after{};
  const json answer = json::parse(body, nullptr, false);
  if (answer.is_object()) {
    const auto given = answer.find("error_code");
    if (given != answer.end() && given->is_number_integer() && *given >= 400 && *given < 600)
      code = given->get<int>();
    const auto description = answer.find("description");
    if (description != answer.end() && description->is_string())
      words = description->get<std::string>();
    const auto parameters = answer.find("parameters");
    if (parameters != answer.end() && parameters->is_object()) {
      const auto wait = parameters->find("retry_after");
      if (wait != parameters->end() && wait->is_number_unsigned())
        retry_after = std::chrono::seconds{static_cast<std::int64_t>(
            std::min<std::uint64_t>(wait->get<std::uint64_t>(), kMostRetryAfter))};
    }
  }
  for (std::size_t at = 0; (at = words.find(token_, at)) != std::string::npos;)
    words.replace(at, token_.size(), "****");
  words = clean_text(words.substr(0, kMaxWords));
  std::string message = "Telegram refused " + std::string{method} + " with " + std::to_string(code);
  if (!words.empty()) message += ": " + words;
  return {code, message, retry_after};
}

HttpAnswer Telegram::call(std::string_view method, std::string body,
                          std::chrono::milliseconds timeout, const std::stop_token& stop) {
  HttpAnswer answer = http_->send(request(method, std::move(body), timeout), {}, stop);
  const json parsed = json::parse(answer.body, nullptr, false);
  const bool ok = parsed.is_object() && parsed.value("ok", json{}) == json(true);
  if (answer.status == 200 && ok) return answer;
  throw refusal(method, answer.status == 200 ? 502 : answer.status, answer.body);
}

std::string Telegram::get_me(std::chrono::milliseconds timeout, const std::stop_token& stop) {
  const HttpAnswer answer = call("getMe", "{}", timeout, stop);
  const json parsed = json::parse(answer.body, nullptr, false);
  const auto result = parsed.find("result");
  if (result == parsed.end() || !result->is_object()) return {};
  const auto name = result->find("username");
  return name != result->end() && name->is_string() ? clean_text(name->get<std::string>())
                                                    : std::string{};
}

bool Telegram::has_webhook(std::chrono::milliseconds timeout, const std::stop_token& stop) {
  const HttpAnswer answer = call("getWebhookInfo", "{}", timeout, stop);
  const json parsed = json::parse(answer.body, nullptr, false);
  const auto result = parsed.find("result");
  if (result == parsed.end() || !result->is_object()) return false;
  const auto url = result->find("url");
  return url != result->end() && url->is_string() && !url->get_ref<const std::string&>().empty();
}

Polled Telegram::get_updates(std::int64_t offset, std::size_t limit, std::chrono::seconds wait,
                             const std::stop_token& stop) {
  constexpr std::string_view kMethod = "getUpdates";
  json body = {{"limit", limit},
               {"timeout", wait.count()},
               {"allowed_updates", {"message", "edited_message"}}};
  if (offset > 0) body["offset"] = offset;
  HttpRequest asked = request(kMethod, dump(body), wait + kGrace);
  asked.max_answer =
      2 * kMaxAnswer;  // what is too long is cut off here, for its beginning is of use
  std::string text;
  const HttpAnswer answer = http_->send(
      asked,
      [&text](std::string_view piece) {
        text += piece;
        return text.size() <= kMaxAnswer;
      },
      stop);
  if (answer.status != 200) throw refusal(kMethod, answer.status, answer.body);
  Polled polled;
  if (!answer.abandoned) polled.batch = read_updates(text);
  if (!polled.batch.readable) polled.first_id = find_update_id(text);
  return polled;
}

void Telegram::send_message(const Place& place, std::string_view text, TextFormat format,
                            const std::stop_token& stop) {
  json body = to(place);
  body["link_preview_options"] = {{"is_disabled", true}};
  if (format == TextFormat::kHtml) {
    body["text"] = to_html(text);
    body["parse_mode"] = "HTML";
  } else {
    body["text"] = text;
  }
  call("sendMessage", dump(body), kSendTimeout, stop);
}

void Telegram::set_my_commands(std::span<const CommandHelp> commands,
                               std::chrono::milliseconds timeout, const std::stop_token& stop) {
  json list = json::array();
  for (const CommandHelp& command : commands)
    list.push_back({{"command", command.name}, {"description", command.what}});
  call("setMyCommands", dump({{"commands", std::move(list)}}), timeout, stop);
}

void Telegram::send_typing(const Place& place, const std::stop_token& stop) {
  json body = to(place);
  body["action"] = "typing";
  call("sendChatAction", dump(body), kTypingTimeout, stop);
}

}  // namespace health_agent::bot
