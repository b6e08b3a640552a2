#include "integration/support/telegram.h"

#include <stdexcept>

#include "integration/support/ports.h"

namespace integration {

TelegramServer::TelegramServer()
    : port_(free_port()),
      // A node of the folder's own goes first: that of Debian 12 is too old for it.
      process_({.command = {"sh", "-c",
                            "PATH=node_modules/.bin:$PATH exec node telegram.mjs " +
                                std::to_string(port_) + " " + std::to_string(free_port()) + " " +
                                kToken},
                .directory = PEERS_FOLDER}),
      http_(port_) {
  const bool ready = eventually(
      [this] { return !process_.running() || http_.get("/control/pending").status == 200; }, 30s);
  if (!ready || !process_.running()) {
    throw std::runtime_error(
        "telegram-test-api does not answer; `scripts/bootstrap test` installs it: " +
        process_.output() + process_.errors());
  }
}

std::string TelegramServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port_);
}

void TelegramServer::say(std::int64_t chat, const std::string& text) {
  const Json user = {{"id", chat}, {"first_name", "Ann"}, {"is_bot", false}};
  const Response response =
      http_.post("/sendMessage", {{"botToken", kToken},
                                  {"from", user},
                                  {"chat", {{"id", chat}, {"type", "private"}}},
                                  {"date", 1},
                                  {"text", text}});
  if (response.status != 200) throw std::runtime_error("say: " + response.body + response.error);
}

void TelegramServer::push(std::int64_t update_id, const std::string& json) {
  control("push", {{"id", update_id}, {"text", json}});
}

std::vector<std::string> TelegramServer::answers(std::int64_t chat) {
  std::vector<std::string> texts;
  const Response response = http_.post("/getUpdatesHistory", {{"token", kToken}});
  const Json history = response.json();
  for (const Json& entry : history["result"]) {
    const Json& message = entry["message"];
    if (message.contains("chat_id") && message["chat_id"] == chat)
      texts.push_back(message["text"].get<std::string>());
  }
  return texts;
}

std::vector<std::string> TelegramServer::wait_for_answers(std::int64_t chat, std::size_t count,
                                                          Milliseconds deadline) {
  static_cast<void>(eventually([&] { return answers(chat).size() >= count; }, deadline));
  return answers(chat);
}

void TelegramServer::answer_next(const std::string& method, int times, int code, const Json& body) {
  control("script", {{"method", method}, {"times", times}, {"code", code}, {"body", body.dump()}});
}

void TelegramServer::answer_as_ever() {
  control("unscript");
}

void TelegramServer::answer_polls_at_once() {
  control("instant");
}

void TelegramServer::hang_up() {
  control("hangup");
}

void TelegramServer::set_webhook_url(const std::string& url) {
  control("webhook", {{"url", url}});
}

std::vector<Json> TelegramServer::calls(const std::string& method) {
  std::vector<Json> found;
  for (Json& call : control("log")) {
    if (call["method"] == method) found.push_back(std::move(call));
  }
  return found;
}

bool TelegramServer::wait_for_calls(const std::string& method, std::size_t count,
                                    Milliseconds deadline) {
  return eventually([&] { return calls(method).size() >= count; }, deadline);
}

std::vector<std::int64_t> TelegramServer::pending() {
  return control("pending").get<std::vector<std::int64_t>>();
}

Json TelegramServer::control(const std::string& what, const Json& body) {
  const Response response = http_.post("/control/" + what, body);
  if (response.status != 200)
    throw std::runtime_error("/control/" + what + ": " + response.body + response.error);
  return response.json();
}

}  // namespace integration
