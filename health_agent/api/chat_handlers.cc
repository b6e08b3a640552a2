#include "health_agent/api/chat_handlers.h"

#include <chrono>
#include <optional>
#include <utility>

#include "health_agent/api/json_input.h"
#include "health_agent/api/json_output.h"
#include "health_agent/api/user_handler.h"
#include "health_agent/json_type.h"
#include "health_agent/time.h"

namespace health_agent::api {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

/// After so much silence of the model a stream says that it is alive.
constexpr auto kSilence = std::chrono::seconds{2};

/// A request, read and checked.
struct Question {
  std::string user_id;
  std::string message;
  std::optional<std::vector<Message>> history;
  std::int64_t now = 0;
  std::string request_id;
  std::shared_ptr<Retries::Attempt> attempt;  ///< Null without an Idempotency-Key.
};

json answer_json(const Answer& answer, const Question& question) {
  json body = {{"response", answer.text},
               {"user_id", question.user_id},
               {"timestamp", format_timestamp(question.now)},
               {"request_id", question.request_id}};
  if (!answer.food_entries.empty()) body["food_entry"] = to_json(answer.food_entries.front());
  if (answer.food_entries.size() > 1) {
    for (const FoodEntry& entry : answer.food_entries)
      body["food_entries"].push_back(to_json(entry));
  }
  for (const FoodChange& change : answer.changes)
    body["changes"].push_back(to_json(change, question.user_id));
  return body;
}

/// Asks the coach. The answer's JSON is the one that is kept for who asks again.
std::string ask(Coach& coach, const Question& question, const agent::OnText& on_text = {}) {
  const Answer answer =
      coach.chat(question.user_id, question.message, question.history, question.now, on_text,
                 [&](db::Connection& connection, const Answer& stored) {
                   if (question.attempt)
                     question.attempt->keep(connection, 200, dump(answer_json(stored, question)));
                 });
  return dump(answer_json(answer, question));
}

std::string event(std::string_view name, std::string_view data) {
  return std::string{"event: "}.append(name).append("\ndata: ").append(data).append("\n\n");
}

Response event_stream(std::function<void(const StreamWriter&)> write_all) {
  Response response;
  response.content_type = "text/event-stream; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Accel-Buffering", "no");  // nginx would gather the pieces
  response.stream = std::move(write_all);
  return response;
}

/// A kept answer as a stream: the text in one piece, then the whole.
Response replay_stream(const db::KeptAnswer& answer) {
  const json body = json::parse(answer.body, nullptr, false);
  const std::string text = body.is_object() ? body.value("response", "") : "";
  Response response = event_stream([text, whole = answer.body](const StreamWriter& write) {
    if (write(event("delta", dump({{"text", text}})))) write(event("done", whole));
  });
  response.headers.emplace_back("Idempotency-Replayed", "true");
  return response;
}

/// Server-sent events: `delta` {text} for each piece, then `done` with the whole answer as JSON, or
/// `error`. While the model is silent a comment comes from time to time: it keeps what stands in
/// between from closing the connection, and finds out that the client has left.
Response stream(Coach& coach, Question question) {
  return event_stream([&coach, question = std::move(question)](const StreamWriter& write) {
    auto last = Clock::now();
    const auto on_text = [&](std::string_view piece) {
      if (piece.empty()) {
        if (Clock::now() - last < kSilence) return true;
        last = Clock::now();
        return write(": the coach is thinking\n\n");
      }
      last = Clock::now();
      return write(event("delta", dump({{"text", piece}})));
    };
    std::string whole;
    try {
      whole = ask(coach, question, on_text);
    } catch (const db::KeyTaken&) {
      whole = question.attempt->faster().body;
    }
    write(event("done", whole));
  });
}

Response chat(const Services& services, Retries& retries, Request& request) {
  const json body = parse_object(request.body, {"user_id", "message", "message_history"});
  Question question;
  question.user_id = require_user_id("user_id", required_string(body, "user_id", kMaxIdSize));
  question.message = required_text(body, "message", kMaxMessageSize);
  if (const auto given = body.find("message_history"); given != body.end() && !given->is_null())
    question.history = read_history(*given);
  begin_for(request, question.user_id);
  question.now = unix_now();
  question.request_id = request.scope->request_id();
  question.attempt = retries.begin(request, question.user_id, "POST /chat", dump(body));
  const bool streamed =
      request.header("Accept").find("text/event-stream") != std::string_view::npos;
  if (question.attempt && question.attempt->first()) {
    const db::KeptAnswer& first = *question.attempt->first();
    return streamed ? replay_stream(first) : replay(first);
  }
  if (streamed) return stream(services.coach, std::move(question));
  Response response;
  try {
    response.body = ask(services.coach, question);
  } catch (const db::KeyTaken&) {
    return replay(question.attempt->faster());
  }
  return response;
}

}  // namespace

void add_chat_route(RouteTable& table, const Services& services,
                    const std::shared_ptr<Retries>& retries) {
  table.add({{vitals::monitor::Method::kPost, "/api/v1/chat", "chat"},
             [services, retries](Request& request) { return chat(services, *retries, request); },
             Access::kKeyHolders,
             Pace::kSlow});
}

}  // namespace health_agent::api
