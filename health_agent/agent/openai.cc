#include <atomic>
#include <map>
#include <utility>

#include "health_agent/agent/dialogue.h"
#include "health_agent/agent/food_tool.h"
#include "health_agent/agent/json.h"

namespace health_agent::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCalls = 16;

/// Answers that a server of today's models refuses may be asked for in another way; what was
/// learnt is kept for the next conversation.
struct Learnt {
  std::atomic<bool> no_reasoning_with_tools{false};
};

/// A string, or the texts of an array of parts.
std::string text_of(const json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (content.is_array()) {
    for (const json& part : content)
      text += string_member(part, "text");
  }
  return text;
}

class OpenAiDialogue final : public Dialogue {
 public:
  OpenAiDialogue(const std::string& model, const Prompt& prompt, std::shared_ptr<Learnt> learnt)
      : learnt_(std::move(learnt)),
        request_{{"model", model},
                 {"max_completion_tokens", kMaxOutputTokens},
                 {"messages", json::array({{{"role", "system"}, {"content", prompt.system}}})},
                 {"tools", json::array({{{"type", "function"},
                                         {"function",
                                          {{"name", kFoodTool},
                                           {"description", food_tool_description()},
                                           {"parameters", json::parse(food_tool_schema())}}}}})}} {
    for (const Utterance& utterance : prompt.conversation) {
      request_["messages"].push_back(
          {{"role", utterance.by_user ? "user" : "assistant"}, {"content", utterance.text}});
    }
  }

  std::string body(const Asking& asking) override {
    json request = request_;
    request["stream"] = asking.streamed;
    if (asking.streamed) request["stream_options"] = {{"include_usage", true}};
    request["tool_choice"] = asking.tools_allowed ? "auto" : "none";
    without_reasoning_ = learnt_->no_reasoning_with_tools;
    if (without_reasoning_) request["reasoning_effort"] = "none";
    return to_text(request);
  }

  void begin_turn() override {
    text_.clear();
    refusal_.clear();
    calls_.clear();
    finish_.clear();
    usage_ = {};
    ended_ = false;
  }

  void take_whole(std::string_view body) override {
    const auto answer = parse_json(body);
    if (!answer) throw AnswerError("the answer is no JSON");
    const json& choices = member(*answer, "choices");
    if (!choices.is_array() || choices.empty())
      throw AnswerError("the answer is no completion in JSON");
    const json& message = member(choices[0], "message");
    text_ = text_of(member(message, "content"));
    refusal_ = string_member(message, "refusal");
    take_calls(member(message, "tool_calls"));
    finish_ = string_member(choices[0], "finish_reason");
    usage_.model = string_member(*answer, "model");
    take_usage(member(*answer, "usage"));
    ended_ = true;
  }

  bool take_event(std::string_view data, const OnText& on_text) override {
    if (data == "[DONE]") {
      ended_ = true;
      return true;
    }
    const auto chunk = parse_json(data);
    if (!chunk || !chunk->is_object()) throw AnswerError("the stream has an event that is no JSON");
    if (const json& error = member(*chunk, "error"); !error.is_null()) {
      const std::string_view type = string_member(error, "type");
      throw AnswerError("an error in the stream: " + describe_error(0, data),
                        type == "server_error" || type == "rate_limit_error");
    }
    if (usage_.model.empty()) usage_.model = string_member(*chunk, "model");
    take_usage(member(*chunk, "usage"));
    const json& choices = member(*chunk, "choices");
    if (!choices.is_array() || choices.empty()) return true;
    if (const auto finish = string_member(choices[0], "finish_reason"); !finish.empty())
      finish_ = finish;
    const json& delta = member(choices[0], "delta");
    take_calls(member(delta, "tool_calls"));
    bool go_on = true;
    for (const auto& [field, into] : {std::pair{"content", &text_}, {"refusal", &refusal_}}) {
      const std::string more = text_of(member(delta, field));
      into->append(more);
      if (!more.empty() && go_on) go_on = on_text(more);
    }
    return go_on;
  }

  ModelTurn end_turn() override {
    if (!ended_ && finish_.empty()) throw AnswerError("the stream ended in the middle", true);
    ModelTurn turn;
    turn.text = text_ + refusal_;
    for (auto& [index, call] : calls_) {
      if (call.id.empty()) call.id = "call_" + std::to_string(index);
      if (call.arguments.empty()) call.arguments = "{}";
      turn.calls.push_back(call);
    }
    turn.stop = finish_ == "length"                                ? Stop::kLength
                : finish_ == "content_filter" || !refusal_.empty() ? Stop::kRefused
                : !calls_.empty()                                  ? Stop::kTools
                                                                   : Stop::kDone;
    return turn;
  }

  TurnUsage turn_usage() const override { return usage_; }

  void answer_calls(std::span<const ToolResult> results) override {
    json calls = json::array();
    for (const auto& [index, call] : calls_) {
      calls.push_back({{"id", call.id},
                       {"type", "function"},
                       {"function", {{"name", call.name}, {"arguments", call.arguments}}}});
    }
    json& messages = request_["messages"];
    messages.push_back({{"role", "assistant"},
                        {"content", text_.empty() ? json() : json(text_)},
                        {"tool_calls", std::move(calls)}});
    for (const ToolResult& result : results) {
      messages.push_back({{"role", "tool"},
                          {"tool_call_id", result.id},
                          {"content", result.good ? result.text : "Error: " + result.text}});
    }
  }

  /// Newer models of OpenAI reason by default and refuse tools beside it on this API.
  bool adapt(int status, std::string_view body) override {
    if (status != 400 || body.find("reasoning_effort") == std::string_view::npos) return false;
    learnt_->no_reasoning_with_tools = true;
    return !without_reasoning_;  // another conversation may have learnt it meanwhile
  }

 private:
  void take_calls(const json& calls) {
    if (!calls.is_array()) return;
    for (const json& part : calls) {
      const json& index = member(part, "index");
      const std::size_t at = index.is_number_unsigned() ? index.get<std::size_t>()
                             : string_member(part, "id").empty() && !calls_.empty()
                                 ? calls_.rbegin()->first
                                 : calls_.size();
      ToolCall& call = calls_[at];
      if (calls_.size() > kMaxCalls) throw AnswerError("the answer has too many tool calls");
      if (const auto id = string_member(part, "id"); !id.empty()) call.id = id;
      const json& function = member(part, "function");
      if (const auto name = string_member(function, "name"); !name.empty()) call.name = name;
      // Some compatible servers give an object where the text of one is due.
      const json& arguments = member(function, "arguments");
      call.arguments += arguments.is_object() ? to_text(arguments) : text_of(arguments);
    }
  }

  void take_usage(const json& usage) {
    if (!usage.is_object()) return;
    usage_.known = true;
    Usage& tokens = usage_.usage;
    tokens.input_tokens = count_member(usage, "prompt_tokens");
    tokens.output_tokens = count_member(usage, "completion_tokens");
    const json& input = member(usage, "prompt_tokens_details");
    tokens.cached_input_tokens = count_member(input, "cached_tokens");
    tokens.cache_write_tokens = count_member(input, "cache_write_tokens");
    tokens.reasoning_tokens =
        count_member(member(usage, "completion_tokens_details"), "reasoning_tokens");
  }

  std::shared_ptr<Learnt> learnt_;
  bool without_reasoning_ = false;  // the last body() was
  json request_;
  std::string text_;
  std::string refusal_;
  std::map<std::size_t, ToolCall> calls_;
  std::string finish_;
  TurnUsage usage_;
  bool ended_ = false;
};

}  // namespace

Endpoint openai_endpoint(const std::string& model, const std::string& base_url,
                         const std::string& key) {
  Endpoint endpoint;
  endpoint.type = AgentType::kGpt4;
  endpoint.vendor = "openai";
  endpoint.model = model;
  endpoint.url = versioned_url(base_url, "/chat/completions");
  endpoint.headers = {"Content-Type: application/json", "Authorization: Bearer " + key};
  endpoint.key = key;
  // With a limit of one token, models that reason first answer an error.
  endpoint.probe_body =
      to_text({{"model", model},
               {"max_completion_tokens", 16},
               {"messages", json::array({{{"role", "user"}, {"content", "Hi"}}})}});
  endpoint.open = [model, learnt = std::make_shared<Learnt>()](const Prompt& prompt) {
    return std::make_unique<OpenAiDialogue>(model, prompt, learnt);
  };
  return endpoint;
}

}  // namespace health_agent::agent
