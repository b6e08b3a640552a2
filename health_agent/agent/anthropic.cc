#include <algorithm>
#include <array>

#include "health_agent/agent/dialogue.h"
#include "health_agent/agent/food_tool.h"
#include "health_agent/agent/json.h"

namespace health_agent::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBlocks = 64;

/// Error types that pass by themselves.
bool passes(std::string_view type) {
  constexpr std::array<std::string_view, 4> kTypes{"overloaded_error", "api_error",
                                                   "rate_limit_error", "timeout_error"};
  return std::find(kTypes.begin(), kTypes.end(), type) != kTypes.end();
}

json text_message(const Utterance& utterance) {
  return {{"role", utterance.by_user ? "user" : "assistant"}, {"content", utterance.text}};
}

class AnthropicDialogue final : public Dialogue {
 public:
  AnthropicDialogue(const std::string& model, const Prompt& prompt)
      : request_{{"model", model},
                 {"max_tokens", kMaxOutputTokens},
                 {"system", prompt.system},
                 {"messages", json::array()},
                 {"tools", json::array({{{"name", kFoodTool},
                                         {"description", food_tool_description()},
                                         {"input_schema", json::parse(food_tool_schema())}}})}} {
    for (const Utterance& utterance : prompt.conversation)
      request_["messages"].push_back(text_message(utterance));
  }

  std::string body(const Asking& asking) override {
    json request = request_;
    request["stream"] = asking.streamed;
    request["tool_choice"] = {{"type", asking.tools_allowed ? "auto" : "none"}};
    return to_text(request);
  }

  void begin_turn() override {
    blocks_ = json::array();
    inputs_.clear();
    stop_.clear();
    usage_ = {};
    uncached_input_ = 0;
    ended_ = false;
  }

  void take_whole(std::string_view text) override {
    auto message = parse_json(text);
    if (!message || !member(*message, "content").is_array())
      throw AnswerError("the answer is no message in JSON");
    if (member(*message, "content").size() > kMaxBlocks)
      throw AnswerError("the answer has too many blocks");
    blocks_ = std::move((*message)["content"]);
    for (const json& block : blocks_) {
      const json& input = member(block, "input");
      inputs_.push_back(input.is_null() ? std::string{} : to_text(input));
    }
    stop_ = string_member(*message, "stop_reason");
    usage_.model = string_member(*message, "model");
    take_usage(member(*message, "usage"));
    ended_ = true;
  }

  bool take_event(std::string_view data, const OnText& on_text) override {
    const auto event = parse_json(data);
    if (!event || !event->is_object()) throw AnswerError("the stream has an event that is no JSON");
    const std::string_view type = string_member(*event, "type");
    if (type == "error") {
      throw AnswerError("an error in the stream: " + describe_error(0, data),
                        passes(string_member(member(*event, "error"), "type")));
    }
    if (type == "message_start") {
      const json& message = member(*event, "message");
      usage_.model = string_member(message, "model");
      take_usage(member(message, "usage"));
    } else if (type == "content_block_start") {
      if (blocks_.size() == kMaxBlocks) throw AnswerError("the answer has too many blocks");
      const json& block = member(*event, "content_block");
      if (!block.is_object()) throw AnswerError("the stream has a block that is no object");
      blocks_.push_back(block);
      inputs_.emplace_back();
      if (string_member(block, "type") == "text")
        return tell(string_member(block, "text"), on_text);
    } else if (type == "content_block_delta") {
      return take_delta(member(*event, "delta"), on_text);
    } else if (type == "message_delta") {
      stop_ = string_member(member(*event, "delta"), "stop_reason");
      take_usage(member(*event, "usage"));
    } else if (type == "message_stop") {
      ended_ = true;
    }
    return true;
  }

  ModelTurn end_turn() override {
    if (!ended_ && stop_.empty()) throw AnswerError("the stream ended in the middle", true);
    ModelTurn turn;
    turn.stop = stop_ == "tool_use"                                                 ? Stop::kTools
                : stop_ == "max_tokens" || stop_ == "model_context_window_exceeded" ? Stop::kLength
                : stop_ == "refusal"                                                ? Stop::kRefused
                                                                                    : Stop::kDone;
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      json& block = blocks_[i];
      const std::string_view type = string_member(block, "type");
      if (type == "text") turn.text += string_member(block, "text");
      if (type != "tool_use") continue;
      std::string arguments = inputs_[i].empty() ? "{}" : inputs_[i];
      // What goes back must be an object, whatever it was that came.
      auto input = parse_json(arguments);
      block["input"] = input && input->is_object() ? std::move(*input) : json::object();
      turn.calls.push_back({std::string{string_member(block, "id")},
                            std::string{string_member(block, "name")}, std::move(arguments)});
    }
    return turn;
  }

  TurnUsage turn_usage() const override { return usage_; }

  void answer_calls(std::span<const ToolResult> results) override {
    json content = json::array();
    for (const ToolResult& result : results) {
      json block{{"type", "tool_result"}, {"tool_use_id", result.id}, {"content", result.text}};
      if (!result.good) block["is_error"] = true;
      content.push_back(std::move(block));
    }
    // The blocks go back as they came: thinking is signed, and an empty text is refused.
    json said = json::array();
    for (const json& block : blocks_) {
      if (string_member(block, "type") != "text" || !string_member(block, "text").empty())
        said.push_back(block);
    }
    request_["messages"].push_back({{"role", "assistant"}, {"content", std::move(said)}});
    request_["messages"].push_back({{"role", "user"}, {"content", std::move(content)}});
  }

  bool adapt(int, std::string_view) override { return false; }

 private:
  static bool tell(std::string_view text, const OnText& on_text) {
    return text.empty() || on_text(text);
  }

  bool take_delta(const json& delta, const OnText& on_text) {
    if (blocks_.empty()) throw AnswerError("the stream has a delta without a block");
    json& block = blocks_.back();
    const std::string_view type = string_member(delta, "type");
    const auto append = [&](const char* field) {
      const std::string_view more = string_member(delta, field);
      json& value = block[field];
      if (!value.is_string()) value = "";
      value.get_ref<std::string&>() += more;
      return more;
    };
    if (type == "text_delta") return tell(append("text"), on_text);
    if (type == "input_json_delta") inputs_.back() += string_member(delta, "partial_json");
    if (type == "thinking_delta") append("thinking");
    if (type == "signature_delta") append("signature");
    return true;
  }

  /// Anthropic leaves cached tokens out of input_tokens; here they are part of it. Each telling
  /// names the fields that it knows of.
  void take_usage(const json& usage) {
    if (!usage.is_object()) return;
    usage_.known = true;
    const auto take = [&](const char* name, std::int64_t& into) {
      if (usage.contains(name) && !usage[name].is_null()) into = count_member(usage, name);
    };
    take("input_tokens", uncached_input_);
    take("cache_read_input_tokens", usage_.usage.cached_input_tokens);
    take("cache_creation_input_tokens", usage_.usage.cache_write_tokens);
    take("output_tokens", usage_.usage.output_tokens);
    if (const json& details = member(usage, "output_tokens_details"); details.is_object())
      usage_.usage.reasoning_tokens = count_member(details, "thinking_tokens");
    usage_.usage.input_tokens =
        uncached_input_ + usage_.usage.cached_input_tokens + usage_.usage.cache_write_tokens;
  }

  json request_;
  json blocks_ = json::array();
  std::vector<std::string> inputs_;  // for each block the text of a tool's arguments
  std::string stop_;
  TurnUsage usage_;
  std::int64_t uncached_input_ = 0;
  bool ended_ = false;
};

}  // namespace

Endpoint anthropic_endpoint(const std::string& model, const std::string& base_url,
                            const std::string& key) {
  Endpoint endpoint;
  endpoint.type = AgentType::kClaude;
  endpoint.vendor = "anthropic";
  endpoint.model = model;
  endpoint.url = versioned_url(base_url, "/messages");
  endpoint.headers = {"Content-Type: application/json", "anthropic-version: 2023-06-01",
                      "x-api-key: " + key};
  endpoint.key = key;
  endpoint.probe_body =
      to_text({{"model", model},
               {"max_tokens", 1},
               {"messages", json::array({{{"role", "user"}, {"content", "Hi"}}})}});
  endpoint.open = [model](const Prompt& prompt) {
    return std::make_unique<AnthropicDialogue>(model, prompt);
  };
  return endpoint;
}

}  // namespace health_agent::agent
