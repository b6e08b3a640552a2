#include <atomic>
#include <iterator>
#include <map>
#include <utility>

#include "health_agent/agent/remote/answer_text.h"
#include "health_agent/agent/remote/dialogue.h"
#include "health_agent/agent/remote/json.h"
#include "health_agent/agent/remote/tools.h"

namespace health_agent::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBlocks = 64;
constexpr const char* kArguments = "partial_json";

/// What a server of this API refused, kept for the next conversation.
struct Learnt {
  std::atomic<bool> no_tool_choice{false};
};

json text_message(const Utterance& utterance) {
  return {{"role", utterance.by_user ? "user" : "assistant"}, {"content", utterance.text}};
}

json tools_of_anthropic() {
  json tools = json::array();
  for (const ToolSpec& spec : tool_specs()) {
    tools.push_back({{"name", spec.name},
                     {"description", spec.description},
                     {"input_schema", json::parse(spec.schema)}});
  }
  return tools;
}

/// A part of an answer. Deltas of several parts may come in turns, so each has its own joints.
struct Block {
  json content;
  std::string input;                                        // the text of a tool's arguments
  std::map<std::string, HalfJoiner, std::less<>> halves{};  // by field
  AnswerText text{};
  std::size_t told = 0;  // of it, how much was shown
};

class AnthropicDialogue final : public Dialogue {
 public:
  AnthropicDialogue(const std::string& model, const Prompt& prompt, std::shared_ptr<Learnt> learnt)
      : learnt_(std::move(learnt)),
        request_{{"model", model},
                 {"system", prompt.system},
                 {"messages", json::array()},
                 {"tools", tools_of_anthropic()}} {
    for (const Utterance& utterance : prompt.conversation)
      request_["messages"].push_back(text_message(utterance));
  }

  std::string body(const Asking& asking) override {
    json request = request_;
    request["max_tokens"] = asking.max_tokens;
    request["stream"] = asking.streamed;
    without_choice_ = learnt_->no_tool_choice;
    if (!without_choice_)
      request["tool_choice"] = {{"type", asking.tools_allowed ? "auto" : "none"}};
    return to_text(request);
  }

  void begin_turn() override {
    blocks_.clear();
    newest_.clear();
    text_.clear();
    stop_.clear();
    usage_ = {};
    uncached_input_ = 0;
    ended_ = false;
  }

  void take_whole(std::string_view text) override {
    auto message = parse_answer(text);
    if (message) join_halves(*message);
    if (message) {
      // What is told of tokens counts, whatever else the answer is.
      usage_.model = string_member(*message, "model");
      take_usage(member(*message, "usage"));
    }
    if (message && !member(*message, "error").is_null()) throw VendorError(std::string{text});
    if (!message || !member(*message, "content").is_array())
      throw AnswerError("the answer is no message in JSON");
    if (member(*message, "content").size() > kMaxBlocks)
      throw AnswerError("the answer has too many blocks");
    for (json& content : (*message)["content"]) {
      const json& input = member(content, "input");
      std::string arguments = input.is_null() ? std::string{} : to_text(input);
      if (string_member(content, "type") == "text")
        text_ += answer_text_of(string_member(content, "text"));
      blocks_.push_back({std::move(content), std::move(arguments)});
    }
    stop_ = string_member(*message, "stop_reason");
    ended_ = true;
  }

  bool take_event(std::string_view data, const OnText& on_text) override {
    // After its end a stream may have OpenAI's end mark, or whatever a proxy adds.
    if (ended_ || is_filler(data)) return true;
    const auto event = parse_answer(data);
    if (!event || !event->is_object()) throw AnswerError("the stream has an event that is no JSON");
    const std::string_view type = string_member(*event, "type");
    if (type == "error" || !member(*event, "error").is_null()) throw VendorError(std::string{data});
    if (type == "message_start") {
      const json& message = member(*event, "message");
      usage_.model = string_member(message, "model");
      take_usage(member(message, "usage"));
    } else if (type == "content_block_start") {
      if (blocks_.size() == kMaxBlocks) throw AnswerError("the answer has too many blocks");
      const json& content = member(*event, "content_block");
      if (!content.is_object()) throw AnswerError("the stream has a block that is no object");
      newest_[index_of(*event)] = blocks_.size();
      Block& block = blocks_.emplace_back(Block{content, {}});
      if (const json& input = member(content, "input"); input.is_object() && !input.empty())
        block.input = to_text(input);  // a proxy that has it as a whole
      if (string_member(content, "type") == "text") {
        const std::string begin{string_member(content, "text")};
        block.content["text"] = "";
        return take_text(block, begin, on_text);
      }
    } else if (type == "content_block_delta") {
      return take_delta(*event, on_text);
    } else if (type == "message_delta") {
      if (const auto stop = string_member(member(*event, "delta"), "stop_reason"); !stop.empty())
        stop_ = stop;
      take_usage(member(*event, "usage"));
    } else if (type == "message_stop") {
      ended_ = true;
    }
    return true;
  }

  bool complete() const override { return ended_ || !stop_.empty(); }
  bool ended() const override { return ended_; }

  ModelTurn end_turn() override {
    if (!complete()) throw AnswerError("the stream ended in the middle", true);
    ModelTurn turn;
    turn.stop = stop_ == "tool_use"                                                 ? Stop::kTools
                : stop_ == "max_tokens" || stop_ == "model_context_window_exceeded" ? Stop::kLength
                : stop_ == "refusal"                                                ? Stop::kRefused
                                                                                    : Stop::kDone;
    for (Block& block : blocks_) {
      for (auto& [field, halves] : block.halves) {
        const std::string rest = halves.end();
        if (rest.empty()) continue;
        if (field == kArguments) {
          block.input += rest;
        } else {
          append(block.content, field, rest);
        }
      }
      text_ += block.text.end();
      if (string_member(block.content, "type") != "tool_use") continue;
      std::string arguments = block.input.empty() ? "{}" : block.input;
      // What goes back must be an object, whatever it was that came.
      auto input = parse_json(arguments);
      block.content["input"] = input && input->is_object() ? std::move(*input) : json::object();
      turn.calls.push_back({std::string{string_member(block.content, "id")},
                            std::string{string_member(block.content, "name")},
                            std::move(arguments)});
    }
    turn.text = text_;
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
    for (const Block& block : blocks_) {
      if (string_member(block.content, "type") != "text" ||
          !string_member(block.content, "text").empty())
        said.push_back(block.content);
    }
    request_["messages"].push_back({{"role", "assistant"}, {"content", std::move(said)}});
    request_["messages"].push_back({{"role", "user"}, {"content", std::move(content)}});
  }

  /// Servers that pass the request on to older models take no tool_choice `none`.
  bool adapt(int status, std::string_view body) override {
    if ((status != 400 && status != 422) || body.find("tool_choice") == std::string_view::npos)
      return false;
    learnt_->no_tool_choice = true;
    return !without_choice_;
  }

 private:
  static bool is_filler(std::string_view data) {
    const std::size_t begin = data.find_first_not_of(" \t\r\n");
    return begin == std::string_view::npos || data.substr(begin).starts_with("[DONE]");
  }

  /// The number of a block; one above all others where the event has none.
  std::size_t index_of(const json& event) const {
    const json& index = member(event, "index");
    if (index.is_number_unsigned()) return index.get<std::size_t>();
    return newest_.empty() ? 0 : newest_.rbegin()->first + 1;
  }

  static void append(json& content, std::string_view field, std::string_view more) {
    json& value = content[std::string{field}];
    if (!value.is_string()) value = "";
    value.get_ref<std::string&>() += more;
  }

  bool take_text(Block& block, std::string_view piece, const OnText& on_text) {
    append(block.content, "text", block.halves["text"].take(piece));
    const std::string shown = block.text.take(piece);
    if (block.text.starts_over())
      text_.resize(text_.size() - std::min(text_.size(), std::exchange(block.told, 0)));
    block.told += shown.size();
    text_ += shown;
    return shown.empty() || on_text(shown);
  }

  bool take_delta(const json& event, const OnText& on_text) {
    const json& index = member(event, "index");
    const auto found = index.is_number_unsigned() ? newest_.find(index.get<std::size_t>())
                       : newest_.empty()          ? newest_.end()
                                                  : std::prev(newest_.end());
    if (found == newest_.end()) throw AnswerError("the stream has a delta without a block");
    Block& block = blocks_[found->second];
    const json& delta = member(event, "delta");
    const std::string_view type = string_member(delta, "type");
    const auto take = [&](const char* field) {
      append(block.content, field, block.halves[field].take(string_member(delta, field)));
    };
    if (type == "text_delta") return take_text(block, string_member(delta, "text"), on_text);
    if (type == "input_json_delta")
      block.input += block.halves[kArguments].take(string_member(delta, kArguments));
    if (type == "thinking_delta") take("thinking");
    if (type == "signature_delta") take("signature");
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
    // Proxies that do not know it at the end say 0 there: what is cumulative never falls to that.
    if (const auto input = count_member(usage, "input_tokens"); input > 0) uncached_input_ = input;
    take("cache_read_input_tokens", usage_.usage.cached_input_tokens);
    take("cache_creation_input_tokens", usage_.usage.cache_write_tokens);
    take("output_tokens", usage_.usage.output_tokens);
    if (const json& details = member(usage, "output_tokens_details"); details.is_object())
      usage_.usage.reasoning_tokens = count_member(details, "thinking_tokens");
    usage_.usage.input_tokens =
        uncached_input_ + usage_.usage.cached_input_tokens + usage_.usage.cache_write_tokens;
  }

  std::shared_ptr<Learnt> learnt_;
  bool without_choice_ = false;  // the last body() was
  json request_;
  std::vector<Block> blocks_;
  std::map<std::size_t, std::size_t> newest_;  // the last block of each index
  std::string text_;  // as it was told: blocks whose deltas come in turns are told in turns
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
  endpoint.headers = {"Content-Type: application/json", "anthropic-version: 2023-06-01"};
  if (!key.empty()) endpoint.headers.push_back("x-api-key: " + key);
  endpoint.key = key;
  const auto learnt = std::make_shared<Learnt>();
  endpoint.open = [model, learnt](const Prompt& prompt) {
    return std::make_unique<AnthropicDialogue>(model, prompt, learnt);
  };
  endpoint.learnt = [learnt]() -> std::vector<std::string> {
    if (!learnt->no_tool_choice) return {};
    return {"without tool_choice"};
  };
  return endpoint;
}

}  // namespace health_agent::agent
