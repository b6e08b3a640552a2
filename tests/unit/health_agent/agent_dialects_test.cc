// RemoteAgent against the servers that speak OpenAI's or Anthropic's language in ways of their own:
// each dialect is a row of quirks of one scripted server, each claim is tried with all of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <string>
#include <tuple>
#include <vector>

#include "health_agent/agent/monitored_agent.h"
#include "health_agent/errors.h"
#include "tests/unit/health_agent/agent_world.h"
#include "vitals/testing/snapshot.h"

namespace health_agent::agent {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// A field that the server refuses, and how.
struct Refused {
  const char* field;  // a JSON pointer into the request
  int status;
  const char* body;
};

enum class Numbers { kRight, kAllZero, kNone };                       // tool_calls[].index
enum class Names { kOwn, kMissing, kSame, kOnEach };                  // tool_calls[].id
enum class Halves { kEscaped, kRaw };                                 // of an emoji
enum class Told { kLast, kEach, kWithEnd, kGroq, kChoice, kHidden };  // usage, and where

/// How a server differs.
struct Dialect {
  const char* name;
  bool claude = false;
  std::vector<Refused> refuses{};
  Numbers numbers = Numbers::kRight;
  Names names = Names::kOwn;
  bool whole_calls = false;  // a call comes in one piece
  bool object_arguments = false;
  Halves halves = Halves::kEscaped;
  Told told = Told::kLast;
  bool never_streams = false;   // JSON whatever is asked
  bool comments = false;        // keep-alive between events, and blank data
  bool first_is_empty = false;  // a chunk without choices first
  bool thinks = false;          // <think>…</think> before the text
  const char* end = "data: [DONE]\n\n";
  const char* filtered = "content_filter";  // finish_reason of a refusal
  Refused refusal{};                        // a refusal by status instead
  const char* error = R"(data: {"error":{"type":"server_error","message":"overloaded"}})"
                      "\n\n";
};

constexpr const char* kMistral422 =
    R"({"object":"error","message":{"detail":[{"type":"extra_forbidden","loc":["body","max_completion_tokens"],)"
    R"("msg":"Extra inputs are not permitted"},{"type":"extra_forbidden","loc":["body","stream_options"],)"
    R"("msg":"Extra inputs are not permitted"}]},"type":"invalid_request_error"})";
constexpr const char* kAzureFilter =
    R"({"error":{"message":"The response was filtered due to the prompt","type":null,"param":"prompt",)"
    R"("code":"content_filter","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}})";
constexpr const char* kClaudeError =
    "event: error\n"
    R"(data: {"type":"error","error":{"type":"overloaded_error","message":"overloaded"}})"
    "\n\n";

const std::vector<Dialect>& dialects() {
  static const std::vector<Dialect> all{
      {.name = "OpenAi"},
      {.name = "Azure",
       .told = Told::kLast,
       .first_is_empty = true,
       .refusal = {"", 400, kAzureFilter}},
      {.name = "Gemini",
       .numbers = Numbers::kAllZero,
       .whole_calls = true,
       .told = Told::kHidden,
       .filtered = "content_filter: PROHIBITED_CONTENT",
       .error = R"(data: [{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}])"
                "\n\n"},
      {.name = "GeminiWithoutIds",
       .refuses =
           {{"/tools/0/function/parameters/additionalProperties", 400,
             R"([{"error":{"code":400,"message":"Unknown name \"additionalProperties\""}}])"}},
       .numbers = Numbers::kAllZero,
       .names = Names::kMissing,
       .whole_calls = true,
       .told = Told::kHidden},
      {.name = "Vllm",
       .names = Names::kOnEach,
       .told = Told::kEach,
       .thinks = true,
       .error =
           R"(data: {"object":"error","message":"overloaded","type":"InternalServerError","code":500})"
           "\n\n"},
      {.name = "GemmaOnVllm",
       .refuses =
           {{"/messages/0/system", 400,
             R"({"object":"error","message":"System role not supported","type":"BadRequestError","code":400})"}},
       .halves = Halves::kRaw},
      {.name = "LlamaCpp",
       .refuses =
           {{"/stream", 500,
             R"({"error":{"code":500,"message":"Cannot use tools with stream","type":"server_error"}})"}},
       .halves = Halves::kRaw,
       .error = "error: {\"code\":500,\"message\":\"overloaded\",\"type\":\"server_error\"}\n\n"},
      {.name = "Ollama", .numbers = Numbers::kAllZero, .whole_calls = true, .thinks = true},
      {.name = "OllamaWithObjects",
       .numbers = Numbers::kNone,
       .whole_calls = true,
       .object_arguments = true},
      {.name = "LmStudio",
       .names = Names::kSame,
       .error = "event: error\ndata: {\"error\":{\"message\":\"overloaded\",\"code\":503}}\n\n"},
      {.name = "LiteLlm",
       .comments = true,
       .refusal =
           {"", 400,
            R"({"error":{"message":"litellm.BadRequestError: ContentPolicyViolationError","type":null,"code":"400"}})"},
       .error =
           R"(data: {"error":{"message":"overloaded","type":"None","param":"None","code":"503"}})"
           "\n\n"},
      {.name = "OpenRouter",
       .comments = true,
       .error =
           R"(data: {"error":{"code":502,"message":"overloaded","metadata":{"raw":"it is busy"}},)"
           R"("choices":[{"delta":{"content":""},"finish_reason":"error"}],)"
           R"("usage":{"prompt_tokens":100,"completion_tokens":17,"total_tokens":117,)"
           R"("prompt_tokens_details":{"cached_tokens":40}}})"
           "\n\n"},
      {.name = "Groq",
       .refuses =
           {{"/stream_options", 400,
             R"({"error":{"message":"property 'stream_options' is unsupported","type":"invalid_request_error"}})"}},
       .whole_calls = true,
       .told = Told::kGroq},
      {.name = "Mistral",
       .refuses = {{"/stream_options", 422, kMistral422},
                   {"/max_completion_tokens", 422, kMistral422}},
       .numbers = Numbers::kAllZero,
       .whole_calls = true,
       .told = Told::kWithEnd,
       .error = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"error\"}]}\n\n"},
      {.name = "DeepSeek",
       .refuses =
           {{"/tool_choice", 400,
             R"({"error":{"message":"deepseek-reasoner does not support this tool_choice","type":"invalid_request_error"}})"}},
       .told = Told::kWithEnd,
       .comments = true,
       .error = R"(data: {"choices":[{"delta":{},"finish_reason":"insufficient_system_resource"}]})"
                "\n\n"},
      {.name = "Moonshot", .told = Told::kChoice},
      {.name = "TogetherAndFireworks", .told = Told::kWithEnd, .end = ""},
      {.name = "Xai",
       .refuses =
           {{"/max_completion_tokens", 400,
             R"({"code":"invalid argument","error":"max_completion_tokens is unknown, use max_tokens"})"}},
       .whole_calls = true,
       .told = Told::kHidden},
      {.name = "PlainJson", .never_streams = true},
      {.name = "Anthropic", .claude = true, .end = "", .error = kClaudeError},
      {.name = "AnthropicOnVllm",
       .claude = true,
       .halves = Halves::kRaw,
       .comments = true,
       .error = kClaudeError},
      {.name = "AnthropicOnBedrock",
       .claude = true,
       .refuses = {{"/tool_choice/none", 400,
                    R"({"message":"tool_choice.type: Input should be 'auto', 'any' or 'tool'"})"}},
       .numbers = Numbers::kNone,
       .end = "data:\n\n",
       .error = "data: "
                "{\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"overloaded\"}}"
                "\n\n"},
      {.name = "AnthropicPlainJson", .claude = true, .never_streams = true, .error = kClaudeError},
  };
  return all;
}

/// What the model does in one turn.
struct Turn {
  std::vector<std::string> text{};  // @H and @L are the halves of an emoji
  std::vector<json> calls{};        // arguments of log_food
  const char* finish = "stop";
  bool refused = false;
  bool breaks = false;  // an error in the middle
  bool is_cut = false;
  std::size_t cut_at = 0;  // else at a third
};

constexpr int kInput = 100;
constexpr int kCached = 40;
constexpr int kOutput = 17;
constexpr int kReasoning = 5;

/// Tokens and dollars.
struct Bill {
  std::int64_t input = 0;
  std::int64_t cached = 0;
  std::int64_t output = 0;
  std::int64_t cost = 0;  // in 1e-12 USD
};

/// One server with one dialect. Fails as the dialect does, and else does the next turn.
class DialectServer {
 public:
  explicit DialectServer(const Dialect& dialect) : d_(dialect) {}

  std::deque<Turn> turns;
  std::vector<json> asked;
  int refusals = 0;
  Bill bill;                    ///< All that a client could read.
  bool cut_beyond_end = false;  ///< The last answer was cut where it was whole.

  [[nodiscard]] World world() {
    World world = clock_.world();
    world.send = [this](const HttpRequest& request, const OnBody& on_body) {
      const json body = json::parse(request.body);
      asked.push_back(body);
      for (const Refused& refused : d_.refuses) {
        if (!has(body, refused.field)) continue;
        ++refusals;
        return HttpAnswer{.status = refused.status, .body = refused.body};
      }
      if (turns.empty()) throw std::logic_error("nobody expected this request");
      const Turn turn = turns.front();
      turns.pop_front();
      if (turn.refused && d_.refusal.status != 0)
        return HttpAnswer{.status = d_.refusal.status, .body = d_.refusal.body};
      const bool streamed = body.value("stream", false) && !d_.never_streams;
      std::string text = !streamed ? whole(turn) : d_.claude ? claude(turn) : gpt(turn);
      if (turn.cut_at > 0) cut_beyond_end = turn.cut_at >= text.size();
      if (turn.is_cut)
        text.resize(turn.cut_at == 0 ? text.size() / 3 : std::min(turn.cut_at, text.size()));
      for (const auto& [mark, half] :
           {std::pair{"@H", d_.halves == Halves::kRaw ? "\xF0\x9F" : "\\ud83c"},
            {"@L", d_.halves == Halves::kRaw ? "\x8D\x8E" : "\\udf4e"}}) {
        for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark))
          text.replace(at, 2, half);
      }
      add_to_bill(streamed ? text.substr(0, text.rfind("\n\n") + 1) : turn.is_cut ? "" : text);
      HttpAnswer answer{.status = 200};
      for (std::size_t at = 0; at < text.size() && !answer.abandoned; at += 7)
        answer.abandoned = !on_body(std::string_view{text}.substr(at, 7));
      if (turn.is_cut) throw HttpError(HttpError::Kind::kCut, "it was cut");
      return answer;
    };
    return world;
  }

 private:
  static bool has(const json& body, std::string_view field) {
    if (field == "/messages/0/system") return body["messages"][0]["role"] == "system";
    if (field == "/tool_choice/none")
      return body.contains("tool_choice") && body["tool_choice"]["type"] == "none";
    const json::json_pointer at{std::string{field}};
    return body.contains(at) && body[at] != false;
  }

  /// `text` is what can be read: whole events, or a whole JSON text. The last telling counts.
  void add_to_bill(const std::string& text) {
    const std::string field = d_.claude ? "\"output_tokens\":" : "\"prompt_tokens\":";
    const std::size_t at = text.rfind(field);
    if (at == std::string::npos) return;
    const std::int64_t output = d_.claude ? std::atoi(text.c_str() + at + field.size()) : kOutput;
    bill.input += kInput;
    bill.cached += kCached;
    bill.output += output;
    bill.cost += d_.claude ? 60 * 4'000'000 + 40 * 200'000 + output * 20'000'000
                           : 60 * 2'500'000 + 40 * 250'000 + output * 15'000'000;
  }

  [[nodiscard]] json usage() const {
    if (d_.claude) {
      return {{"input_tokens", kInput - kCached},
              {"cache_read_input_tokens", kCached},
              {"output_tokens", kOutput}};
    }
    const bool hidden = d_.told == Told::kHidden;
    return {{"prompt_tokens", kInput},
            {"completion_tokens", hidden ? kOutput - kReasoning : kOutput},
            {"total_tokens", kInput + kOutput},
            {"prompt_tokens_details", {{"cached_tokens", kCached}}},
            {"completion_tokens_details", {{"reasoning_tokens", kReasoning}}}};
  }

  std::string id(std::size_t number) {
    if (d_.names == Names::kMissing) return "";
    if (d_.names == Names::kSame) return "call";
    return "call" + std::to_string(number) + "_" + std::to_string(asked.size());
  }

  /// A turn as one JSON text.
  std::string whole(const Turn& turn) {
    if (turn.breaks)
      return R"({"type":"error","error":{"type":"overloaded_error","message":"overloaded","code":503}})";
    std::string text;
    for (const std::string& piece : turn.text)
      text += piece;
    if (d_.thinks) text = "<think>An egg?</think>\n\n" + text;
    json content = json::array();
    if (d_.claude) {
      if (!text.empty()) content.push_back({{"type", "text"}, {"text", text}});
      for (const json& call : turn.calls)
        content.push_back({{"type", "tool_use"},
                           {"id", id(content.size())},
                           {"name", "log_food"},
                           {"input", call}});
      return json{{"model", "claude-opus-5-5"},
                  {"content", content},
                  {"stop_reason", finish(turn)},
                  {"usage", usage()}}
          .dump();
    }
    json message{{"role", "assistant"}, {"content", text}};
    for (const json& call : turn.calls)
      message["tool_calls"].push_back(
          piece_of(call, message.value("tool_calls", json::array()).size()));
    return json{
        {"model", "gpt-5.4"},
        {"choices", {{{"index", 0}, {"message", message}, {"finish_reason", finish(turn)}}}},
        {"usage", usage()}}
        .dump();
  }

  [[nodiscard]] std::string finish(const Turn& turn) const {
    if (d_.claude) return turn.refused ? "refusal" : !turn.calls.empty() ? "tool_use" : "end_turn";
    return turn.refused ? d_.filtered : !turn.calls.empty() ? "tool_calls" : turn.finish;
  }

  json piece_of(const json& call, std::size_t number) {
    json piece{{"type", "function"}, {"function", {{"name", "log_food"}}}};
    if (!id(number).empty()) piece["id"] = id(number);
    if (d_.numbers != Numbers::kNone) piece["index"] = d_.numbers == Numbers::kAllZero ? 0 : number;
    piece["function"]["arguments"] = d_.object_arguments ? call : json(call.dump());
    return piece;
  }

  std::string event(const json& data) const {
    std::string text = d_.claude ? "event: " + data.value("type", "") + "\n" : "";
    text += "data: " + data.dump() + "\n\n";
    if (d_.comments) text += ": keep-alive\n\ndata:\n\n";
    return text;
  }

  std::string gpt(const Turn& turn) {
    const auto chunk = [&](const json& delta, const json& finish_reason = nullptr) {
      json made{{"model", "gpt-5.4"},
                {"choices", {{{"index", 0}, {"delta", delta}, {"finish_reason", finish_reason}}}}};
      if (d_.told == Told::kEach) made["usage"] = usage();
      if (!finish_reason.is_null()) {
        if (d_.told == Told::kWithEnd) made["usage"] = usage();
        if (d_.told == Told::kChoice) made["choices"][0]["usage"] = usage();
        if (d_.told == Told::kGroq) made["x_groq"]["usage"] = usage();
      }
      return event(made);
    };
    std::string text;
    if (d_.first_is_empty)
      text += event(
          {{"model", ""}, {"choices", json::array()}, {"prompt_filter_results", json::array()}});
    text += chunk({{"role", "assistant"}, {"content", ""}});
    if (turn.breaks) return text + d_.error;
    if (d_.thinks)
      text += chunk({{"content", "<thi"}}) + chunk({{"content", "nk>An egg?</think>\n\n"}});
    for (const std::string& piece : turn.text)
      text += chunk({{"content", piece}});
    std::size_t number = 0;
    for (const json& call : turn.calls) {
      json piece = piece_of(call, number++);
      if (d_.whole_calls) {
        text += chunk({{"tool_calls", {piece}}});
        continue;
      }
      const std::string arguments = call.dump();
      piece["function"]["arguments"] = "";
      text += chunk({{"tool_calls", {piece}}});
      piece["function"].erase("name");
      if (d_.names != Names::kOnEach) piece.erase("id");
      for (std::size_t at = 0; at < arguments.size(); at += 20) {
        if (d_.names == Names::kOnEach) piece["id"] = "other" + std::to_string(at);
        piece["function"]["arguments"] = arguments.substr(at, 20);
        text += chunk({{"tool_calls", {piece}}});
      }
    }
    text += chunk(json::object(), finish(turn));
    if (d_.told == Told::kLast || d_.told == Told::kHidden)
      text += event({{"model", "gpt-5.4"}, {"choices", json::array()}, {"usage", usage()}});
    return text + d_.end;
  }

  /// Deltas of several calls come in turns, as the index says.
  std::string claude(const Turn& turn) {
    const bool in_turns = d_.numbers == Numbers::kRight;
    json begin_usage = usage();
    begin_usage["output_tokens"] = 1;
    std::string text = event({{"type", "message_start"},
                              {"message", {{"model", "claude-opus-5-5"}, {"usage", begin_usage}}}});
    if (turn.breaks) return text + d_.error;
    std::size_t number = 0;
    const auto numbered = [&](json made, std::size_t index) {
      if (in_turns) made["index"] = index;
      return event(made);
    };
    if (!turn.text.empty()) {
      text += numbered(
          {{"type", "content_block_start"}, {"content_block", {{"type", "text"}, {"text", ""}}}},
          number);
      for (const std::string& piece : turn.text)
        text += numbered(
            {{"type", "content_block_delta"}, {"delta", {{"type", "text_delta"}, {"text", piece}}}},
            number);
      ++number;
    }
    std::string later;
    for (const json& call : turn.calls) {
      text += numbered({{"type", "content_block_start"},
                        {"content_block",
                         {{"type", "tool_use"},
                          {"id", id(number)},
                          {"name", "log_food"},
                          {"input", json::object()}}}},
                       number);
      const std::string arguments = call.dump();
      const auto delta = [&](const std::string& part) {
        return numbered({{"type", "content_block_delta"},
                         {"delta", {{"type", "input_json_delta"}, {"partial_json", part}}}},
                        number);
      };
      text += delta(arguments.substr(0, 20));
      (in_turns ? later : text) += delta(arguments.substr(20));
      ++number;
    }
    text += later;
    text += event({{"type", "message_delta"},
                   {"delta", {{"stop_reason", finish(turn)}}},
                   {"usage", {{"output_tokens", kOutput}, {"input_tokens", 0}}}});
    return text + event({{"type", "message_stop"}}) + d_.end;
  }

  const Dialect& d_;
  ScriptedWorld clock_;
};

json meal(const char* type, const char* food) {
  return {{"meal_type", type},
          {"foods", {{{"name", food}, {"quantity", 1}, {"unit", "piece"}, {"calories", 72}}}}};
}

/// Every dialect, asked for a stream and for a whole answer.
class DialectTest : public ::testing::TestWithParam<std::tuple<std::size_t, bool>> {
 protected:
  static void SetUpTestSuite() { enable_metrics_once(); }

  [[nodiscard]] const Dialect& dialect() const { return dialects()[std::get<0>(GetParam())]; }
  [[nodiscard]] bool streamed() const { return std::get<1>(GetParam()); }

  /// Asks, and checks that what the server has told of tokens is counted: all, once, priced.
  AgentReply ask() {
    const Bill before = server_.bill;
    const Bill counted = this->counted();
    const auto check = [&] {
      const Bill now = this->counted();
      EXPECT_EQ(now.input - counted.input, server_.bill.input - before.input);
      EXPECT_EQ(now.output - counted.output, server_.bill.output - before.output);
      const std::int64_t off = now.cost - counted.cost - (server_.bill.cost - before.cost);
      EXPECT_LT(std::abs(off), 1'000) << "1e-12 USD";
    };
    AgentReply reply;
    try {
      reply = ask_for_tokens();
    } catch (const AgentError&) {
      check();
      throw;
    }
    check();
    const std::int64_t cost = server_.bill.cost - before.cost;
    EXPECT_EQ(reply.cost_usd.has_value(), cost > 0) << "nothing is invented";
    EXPECT_EQ(reply.cost_usd.value_or(0), static_cast<double>(cost) / 1e12);
    if (!reply.refused) {
      EXPECT_EQ(heard_, streamed() ? reply.text : "");
    }
    return reply;
  }

  /// Asks, and checks the tokens of the reply.
  AgentReply ask_for_tokens() {
    const Bill before = server_.bill;
    AgentRequest request;
    request.user_id = "ann";
    request.message = "an egg";
    request.now = 1'795'537'184;
    heard_.clear();
    OnText on_text;
    if (streamed()) {
      on_text = [this](std::string_view piece) {
        heard_ += piece;
        return true;
      };
    }
    AgentReply reply = agent_.reply(request, on_text);
    EXPECT_EQ(reply.usage.input_tokens, server_.bill.input - before.input);
    EXPECT_EQ(reply.usage.cached_input_tokens, server_.bill.cached - before.cached);
    EXPECT_EQ(reply.usage.output_tokens, server_.bill.output - before.output);
    return reply;
  }

  /// So many whole turns were all that the server has told of.
  void expect_paid(int turns) const {
    EXPECT_EQ(server_.bill.input, turns * kInput);
    EXPECT_EQ(server_.bill.output, turns * kOutput);
  }

  DialectServer server_{dialect()};
  std::string heard_;

 private:
  /// What the metrics say.
  [[nodiscard]] Bill counted() const {
    const vitals::testing::Snapshot now{vitals::metrics::default_registry()};
    const char* type = dialect().claude ? "claude" : "gpt4";
    const auto tokens = [&](const char* token_type) {
      return std::llround(
          now.total("agent_tokens_used_total", {{"agent_type", type}, {"token_type", token_type}}));
    };
    return {
        .input = tokens("input"),
        .output = tokens("output"),
        .cost = std::llround(
            now.total("agent_cost_usd_total", {{"agent_type", type}, {"model", model()}}) * 1e12)};
  }

  [[nodiscard]] const char* model() const {
    return dialect().claude ? "claude-opus-5-5" : "gpt-5.4";
  }

  MonitoredAgent agent_{std::make_unique<RemoteAgent>(
      dialect().claude ? anthropic_endpoint(model(), "http://model", "")
                       : openai_endpoint(model(), "http://model", ""),
      30s, std::make_shared<Prices>(), server_.world())};
};

TEST_P(DialectTest, AnAnswerIsTakenAndItsQuirksAreLearntOnce) {
  server_.turns = {{.text = {"Hello, ", "Änn!"}}, {.text = {"Again."}}};
  const AgentReply reply = ask();
  EXPECT_EQ(reply.text, "Hello, Änn!");
  EXPECT_FALSE(reply.refused);
  expect_paid(1);
  const int refusals = server_.refusals;
  EXPECT_EQ(ask().text, "Again.");
  EXPECT_EQ(server_.refusals, refusals) << "what was refused once is not sent again";
  expect_paid(2);
}

TEST_P(DialectTest, AMealIsLoggedOnce) {
  server_.turns = {{.text = {"Let me see."}, .calls = {meal("lunch", "egg")}}, {.text = {"Done."}}};
  const AgentReply reply = ask();
  ASSERT_THAT(reply.food_entries, SizeIs(1));
  EXPECT_EQ(reply.food_entries[0].foods.at(0).name, "egg");
  EXPECT_EQ(reply.text, "Let me see.\n\nDone.");
  expect_paid(2);
  EXPECT_TRUE(server_.turns.empty());
}

TEST_P(DialectTest, ParallelCallsAreEachLogged) {
  server_.turns = {
      {.calls = {meal("breakfast", "egg"), meal("lunch", "apple"), meal("dinner", "soup")}},
      {.text = {"Done."}}};
  const AgentReply reply = ask();
  ASSERT_THAT(reply.food_entries, SizeIs(3));
  EXPECT_EQ(reply.food_entries[0].foods.at(0).name, "egg");
  EXPECT_EQ(reply.food_entries[1].meal_type, "lunch");
  EXPECT_EQ(reply.food_entries[2].foods.at(0).name, "soup");
  EXPECT_EQ(reply.text, "Done.");
  expect_paid(2);
  // What goes back names each call once.
  const json& messages = server_.asked.back()["messages"];
  std::vector<std::string> ids;
  for (const json& message : messages) {
    if (message["role"] == "tool") ids.push_back(message["tool_call_id"]);
    if (!message["content"].is_array()) continue;
    for (const json& block : message["content"])
      if (block["type"] == "tool_result") ids.push_back(block["tool_use_id"]);
  }
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::unique(ids.begin(), ids.end()) - ids.begin(), 3);
}

TEST_P(DialectTest, ARefusalIsOneAndIsNotToldYet) {
  server_.turns = {{.refused = true}};
  const AgentReply reply = ask();
  EXPECT_TRUE(reply.refused);
  EXPECT_THAT(reply.text, HasSubstr("rather not"));
  EXPECT_EQ(heard_, "") << "somebody else may be asked";
  EXPECT_TRUE(reply.food_entries.empty());
  expect_paid(dialect().refusal.status == 0 ? 1 : 0);
}

TEST_P(DialectTest, AMealBeforeARefusalIsLoggedAndPaid) {
  server_.turns = {{.calls = {meal("lunch", "egg")}}, {.refused = true}};
  const AgentReply reply = ask();
  EXPECT_TRUE(reply.refused);
  EXPECT_THAT(reply.food_entries, SizeIs(1));
  EXPECT_THAT(reply.text, HasSubstr("egg"));
  expect_paid(dialect().refusal.status == 0 ? 2 : 1);
}

TEST_P(DialectTest, AnErrorInTheAnswerIsTriedAgainAndThenTold) {
  server_.turns = {
      {.breaks = true}, {.calls = {meal("lunch", "egg")}}, {.breaks = true}, {.text = {"Done."}}};
  const AgentReply reply = ask();
  EXPECT_THAT(reply.food_entries, SizeIs(1));
  EXPECT_EQ(reply.text, "Done.");
  server_.turns = {{.breaks = true}, {.breaks = true}, {.breaks = true}};
  try {
    ask();
    FAIL();
  } catch (const AgentError& error) {
    EXPECT_THAT(error.what(), ::testing::AnyOf(HasSubstr("overloaded"), HasSubstr("gave up")));
    EXPECT_THAT(error.what(), HasSubstr("at attempt 3"));
  }
}

TEST_P(DialectTest, AMealBeforeErrorsIsLoggedAndPaid) {
  server_.turns = {
      {.calls = {meal("lunch", "egg")}}, {.breaks = true}, {.breaks = true}, {.breaks = true}};
  const AgentReply reply = ask();
  EXPECT_THAT(reply.food_entries, SizeIs(1));
  EXPECT_THAT(reply.text, HasSubstr("egg"));
}

TEST_P(DialectTest, AnAnswerThatIsCutIsAskedForAgainAndTheMealIsLoggedOnce) {
  server_.turns = {{.calls = {meal("lunch", "egg")}, .is_cut = true},
                   {.calls = {meal("lunch", "egg")}},
                   {.is_cut = true},
                   {.text = {"Done."}}};
  const AgentReply reply = ask();
  ASSERT_THAT(reply.food_entries, SizeIs(1));
  EXPECT_THAT(reply.food_entries[0].foods, SizeIs(1));
  EXPECT_EQ(reply.text, "Done.");
  server_.turns = {
      {.calls = {meal("lunch", "egg")}}, {.is_cut = true}, {.is_cut = true}, {.is_cut = true}};
  EXPECT_THAT(ask().food_entries, SizeIs(1)) << "last words that never came";
}

/// Where a stream is cut makes no difference to the meals, and none to the tokens: after its last
/// word it is whole, before it it is asked for again.
TEST_P(DialectTest, AMealIsLoggedOnceWhereverItsStreamIsCut) {
  if (!streamed()) return;
  constexpr std::size_t kStep = 211;
  for (std::size_t at = 1; !server_.cut_beyond_end; at += kStep) {
    SCOPED_TRACE(at);
    const json meals[] = {meal("lunch", "egg"), meal("dinner", "soup")};
    server_.turns = {{.calls = {meals[0], meals[1]}, .is_cut = true, .cut_at = at},
                     {.calls = {meals[0], meals[1]}},
                     {.text = {"Done."}},
                     {.text = {"Done."}}};
    const AgentReply reply = ask_for_tokens();
    EXPECT_THAT(reply.food_entries, SizeIs(2));
    EXPECT_EQ(reply.text, "Done.");
  }
}

TEST_P(DialectTest, AnEmojiInTwoHalvesIsJoinedAndALoneHalfIsReplaced) {
  server_.turns = {{.text = {"An @H", "@L!"}}, {.text = {"@H", "?"}}};
  EXPECT_EQ(ask().text, "An \U0001F34E!");
  EXPECT_EQ(ask().text, "\uFFFD?");
  expect_paid(2);
}

INSTANTIATE_TEST_SUITE_P(All, DialectTest,
                         ::testing::Combine(::testing::Range(std::size_t{0}, std::size_t{23}),
                                            ::testing::Bool()),
                         [](const auto& made) {
                           return dialects()[std::get<0>(made.param)].name +
                                  std::string{std::get<1>(made.param) ? "Streamed" : "Whole"};
                         });

}  // namespace
}  // namespace health_agent::agent
