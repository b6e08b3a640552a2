#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <utility>

#include "health_agent/agent/remote/answer_text.h"
#include "health_agent/agent/remote/dialogue.h"
#include "health_agent/agent/remote/json.h"
#include "health_agent/agent/remote/tools.h"

namespace health_agent::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxCalls = 16;

/// A way of asking that a server needs, beyond what OpenAI's own takes.
enum Quirk : unsigned {
  kNoReasoning = 1U << 0U,
  kNoStreamOptions = 1U << 1U,
  kOldTokenLimit = 1U << 2U,
  kNoTokenLimit = 1U << 3U,
  kNoToolChoice = 1U << 4U,
  kPlainSchema = 1U << 5U,
  kNoSystemRole = 1U << 6U,
  kNoStream = 1U << 7U,
  kTextBesideCalls = 1U << 8U,
  kForgetReasoning = 1U << 9U,
  kThoughtsFirst = 1U << 10U,
};

/// By what is in its refusal a quirk is known: all of `needles`.
struct QuirkRow {
  unsigned quirk;
  std::array<std::string_view, 2> needles;
  std::string_view words;
};

// Sources: the servers' own API references and refusals as users of theirs have reported them.
// Mistral refuses what it does not know by its place (`body.stream_options`); Gemma's templates
// have no system role; Gemini's schemas know fewer words; DeepSeek's reasoning models have no
// tool_choice; llama.cpp's server could not stream beside tools.
constexpr std::array<QuirkRow, 14> kQuirks{{
    {kNoReasoning, {"reasoning_effort"}, "without reasoning beside tools"},
    {kNoStreamOptions, {"stream_options"}, "without stream_options"},
    {kNoStreamOptions, {"include_usage"}, "without stream_options"},
    {kOldTokenLimit, {"max_completion_tokens"}, "with max_tokens"},
    {kNoTokenLimit, {"max_tokens"}, "without a limit of tokens"},
    {kNoToolChoice, {"tool_choice"}, "without tool_choice"},
    {kPlainSchema, {"additionalProperties"}, "with plain schemas"},
    {kPlainSchema, {"chema", "Length"}, "with plain schemas"},
    {kNoSystemRole, {"ystem role"}, "without the system role"},
    {kNoStream, {"'stream'", "support"}, "without a stream"},
    {kNoStream, {"treaming", "support"}, "without a stream"},
    {kNoStream, {"tools with stream"}, "without a stream"},
    {kNoTokenLimit, {"maximum context length"}, "without a limit of tokens"},
    {kForgetReasoning, {"reasoning_content"}, "without earlier reasoning"},
}};

bool knows(const QuirkRow& row, std::string_view refusal) {
  return std::all_of(row.needles.begin(), row.needles.end(), [refusal](std::string_view needle) {
    return refusal.find(needle) != std::string_view::npos;
  });
}

/// The quirks that a refusal tells of, beyond those that the request already had.
unsigned quirks_in(std::string_view refusal, unsigned had) {
  unsigned found = 0;
  for (const QuirkRow& row : kQuirks) {
    if (knows(row, refusal)) found |= row.quirk;
  }
  // What is too much by one name is too much by the other.
  constexpr std::array<std::string_view, 5> kTooMuch{"too large", "too high", "at most", "maximum",
                                                     "less than or equal"};
  const bool too_much = std::any_of(
      kTooMuch.begin(), kTooMuch.end(),
      [refusal](std::string_view words) { return refusal.find(words) != std::string_view::npos; });
  if ((found & kOldTokenLimit) != 0 && too_much) found |= kNoTokenLimit;
  if ((found & kOldTokenLimit) != 0 && (had & kOldTokenLimit) == 0 && !too_much)
    found &= ~static_cast<unsigned>(kNoTokenLimit);
  return found & ~had;
}

/// The words of JSON schema that every server knows.
void make_plain(json& schema) {
  if (!schema.is_structured()) return;
  if (schema.is_object()) {
    for (const char* word : {"additionalProperties", "minLength", "maxLength", "minItems",
                             "maxItems", "minimum", "maximum"})
      schema.erase(word);
  }
  for (json& part : schema)
    make_plain(part);
}

/// Takes the request out of a refusal that repeats it, with the name of each of its fields: FastAPI
/// has it as `input` beside each fault.
void forget_request(json& refusal) {
  if (!refusal.is_structured()) return;
  if (refusal.is_object()) {
    for (const char* name : {"input", "request", "body", "inputs"}) {
      if (member(refusal, name).is_structured()) refusal.erase(name);
    }
  }
  for (json& part : refusal)
    forget_request(part);
}

/// A string, or the texts of an array of parts, thoughts left out.
std::string text_of(const json& content) {
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  if (content.is_array()) {
    for (const json& part : content) {
      const std::string_view type = string_member(part, "type");
      if (type != "thinking" && type != "reasoning") text += string_member(part, "text");
    }
  }
  return text;
}

json tools_of_openai() {
  json tools = json::array();
  for (const ToolSpec& spec : tool_specs()) {
    tools.push_back({{"type", "function"},
                     {"function",
                      {{"name", spec.name},
                       {"description", spec.description},
                       {"parameters", json::parse(spec.schema)}}}});
  }
  return tools;
}

/// A call under way.
struct PartialCall {
  ToolCall call;
  json extra;  // Gemini signs its thoughts here and wants that back
  HalfJoiner halves{};

  [[nodiscard]] bool whole() const {
    const auto parsed = parse_json(call.arguments);
    return parsed && parsed->is_object();
  }
};

class OpenAiDialogue final : public Dialogue {
 public:
  using Learnt = std::atomic<unsigned>;

  OpenAiDialogue(const std::string& model, const Prompt& prompt, std::shared_ptr<Learnt> learnt)
      : learnt_(std::move(learnt)),
        request_{{"model", model},
                 {"messages", json::array({{{"role", "system"}, {"content", prompt.system}}})},
                 {"tools", tools_of_openai()}} {
    for (const Utterance& utterance : prompt.conversation) {
      request_["messages"].push_back(
          {{"role", utterance.by_user ? "user" : "assistant"}, {"content", utterance.text}});
    }
  }

  std::string body(const Asking& asking) override {
    asked_ = *learnt_;
    json request = request_;
    const bool streamed = asking.streamed && !has(kNoStream);
    request["stream"] = streamed;
    if (streamed && !has(kNoStreamOptions)) request["stream_options"] = {{"include_usage", true}};
    if (!has(kNoTokenLimit))
      request[has(kOldTokenLimit) ? "max_tokens" : "max_completion_tokens"] = asking.max_tokens;
    if (!has(kNoToolChoice)) request["tool_choice"] = asking.tools_allowed ? "auto" : "none";
    if (has(kNoReasoning)) request["reasoning_effort"] = "none";
    if (has(kPlainSchema)) {
      for (json& tool : request["tools"])
        make_plain(tool["function"]["parameters"]);
    }
    json& messages = request["messages"];
    for (json& message : messages) {
      if (has(kForgetReasoning)) message.erase("reasoning_content");
      if (has(kTextBesideCalls) && message["content"].is_null()) message["content"] = "";
      null_content_ = null_content_ || message["content"].is_null();
    }
    if (has(kNoSystemRole) && messages.size() > 1) {
      messages[1]["content"] = messages[0]["content"].get<std::string>() + "\n\n" +
                               messages[1]["content"].get<std::string>();
      messages.erase(0);
    }
    return to_text(request);
  }

  void begin_turn() override {
    text_.clear();
    show_ = AnswerText{(*learnt_ & kThoughtsFirst) != 0};
    refusal_.clear();
    reasoning_.clear();
    reasoning_details_ = json::array();
    calls_.clear();
    newest_.clear();
    finish_.clear();
    usage_ = {};
    ended_ = false;
  }

  void take_whole(std::string_view body) override {
    auto answer = parse_answer(body);
    if (!answer) throw AnswerError("the answer is no JSON");
    join_halves(*answer);
    const json& choices = member(*answer, "choices");
    // What is told of tokens counts, whatever else the answer is.
    usage_.model = string_member(*answer, "model");
    take_usage(*answer, first_of(choices));
    if (is_error(*answer)) throw VendorError(std::string{body});
    if (!choices.is_array() || choices.empty())
      throw AnswerError("the answer is no completion in JSON");
    const json& message = member(choices[0], "message");
    text_ = answer_text_of(text_of(member(message, "content")));
    take_beside(message);
    if (const json& calls = member(message, "tool_calls"); calls.is_array()) {
      for (const json& part : calls) {
        add_call();
        extend(calls_.back(), part);
      }
    }
    finish_ = string_member(choices[0], "finish_reason");
    ended_ = true;
    check_finish(choices[0]);
  }

  bool take_event(std::string_view data, const OnText& on_text) override {
    const std::size_t begin = std::min(data.find_first_not_of(" \t\r\n"), data.size());
    if (ended_ || begin == data.size()) return true;
    if (data.substr(begin).starts_with("[DONE]")) {
      ended_ = true;
      return true;
    }
    const auto chunk = parse_answer(data);
    if (!chunk || !chunk->is_structured())
      throw AnswerError("the stream has an event that is no JSON");
    if (usage_.model.empty()) usage_.model = string_member(*chunk, "model");
    const json& choice = first_of(member(*chunk, "choices"));
    take_usage(*chunk, choice);
    if (is_error(*chunk)) throw VendorError(std::string{data});
    if (choice.is_null()) return true;
    if (const auto finish = string_member(choice, "finish_reason"); !finish.empty())
      finish_ = finish;
    check_finish(choice);
    const json& delta = member(choice, "delta");
    take_parts(member(delta, "tool_calls"));
    take_beside(delta);
    const std::string shown = show_.take(text_of(member(delta, "content")));
    if (show_.starts_over()) {
      text_.clear();
      learnt_->fetch_or(kThoughtsFirst);
    }
    text_ += shown;
    return shown.empty() || on_text(shown);
  }

  bool complete() const override { return ended_ || !finish_.empty(); }
  bool ended() const override { return ended_; }

  ModelTurn end_turn() override {
    if (!complete()) throw AnswerError("the stream ended in the middle", true);
    text_ += show_.end();
    ModelTurn turn;
    turn.text = text_;
    std::string refusal = answer_text_of(refusal_);
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      ToolCall& call = calls_[i].call;
      call.arguments += calls_[i].halves.end();
      // What answers a call names it, so each needs a name of its own.
      const bool taken =
          std::any_of(turn.calls.begin(), turn.calls.end(),
                      [&call](const ToolCall& other) { return other.id == call.id; });
      if (call.id.empty() || taken) call.id = "call_" + std::to_string(i);
      if (call.arguments.empty()) call.arguments = "{}";
      turn.calls.push_back(call);
    }
    // Gemini may say which filter it was: `content_filter: PROHIBITED_CONTENT`.
    const bool filtered = finish_.starts_with("content_filter") || finish_ == "refusal" ||
                          finish_ == "safety" || finish_ == "SAFETY";
    turn.stop = finish_ == "length" || finish_ == "model_length" || finish_ == "max_tokens"
                    ? Stop::kLength
                : filtered || !refusal.empty() ? Stop::kRefused
                : !calls_.empty()              ? Stop::kTools
                                               : Stop::kDone;
    turn.text += refusal;
    return turn;
  }

  TurnUsage turn_usage() const override { return usage_; }

  void answer_calls(std::span<const ToolResult> results) override {
    json calls = json::array();
    for (const PartialCall& part : calls_) {
      json call{{"id", part.call.id},
                {"type", "function"},
                {"function", {{"name", part.call.name}, {"arguments", part.call.arguments}}}};
      if (!part.extra.is_null()) call["extra_content"] = part.extra;
      calls.push_back(std::move(call));
    }
    json& messages = request_["messages"];
    json said{{"role", "assistant"},
              {"content", text_.empty() ? json() : json(text_)},
              {"tool_calls", std::move(calls)}};
    // Models that think between calls want to read what they thought.
    if (!reasoning_.empty()) said["reasoning_content"] = reasoning_;
    if (!reasoning_details_.empty()) said["reasoning_details"] = reasoning_details_;
    join_halves(said);
    messages.push_back(std::move(said));
    for (const ToolResult& result : results) {
      messages.push_back({{"role", "tool"},
                          {"tool_call_id", result.id},
                          {"content", result.good ? result.text : "Error: " + result.text}});
    }
  }

  bool adapt(int status, std::string_view body) override {
    if (status != 400 && status != 404 && status != 422 && status != 500 && status != 501)
      return false;
    // Beside an error in a stream there may be a piece of an answer, with any words.
    auto answer = parse_answer(body);
    if (answer) forget_request(*answer);
    const json none;
    const json& error = member(answer ? *answer : none, "error");
    const std::string said = !error.empty() ? to_text(error)
                             : answer       ? to_text(*answer)
                                            : std::string{body};
    unsigned found = quirks_in(said, asked_);
    if (null_content_ && said.find("content") != std::string::npos)
      found |= kTextBesideCalls & ~asked_;
    learnt_->fetch_or(found);
    return found != 0;  // another conversation may have learnt it meanwhile
  }

  /// What was learnt, in words.
  static std::vector<std::string> in_words(unsigned quirks) {
    std::vector<std::string> words;
    for (const QuirkRow& row : kQuirks) {
      if ((quirks & row.quirk) != 0 &&
          std::find(words.begin(), words.end(), row.words) == words.end())
        words.emplace_back(row.words);
    }
    if ((quirks & kThoughtsFirst) != 0) words.emplace_back("with thoughts before the answer");
    return words;
  }

 private:
  [[nodiscard]] bool has(Quirk quirk) const noexcept { return (asked_ & quirk) != 0; }

  static const json& first_of(const json& choices) {
    static const json none;
    return choices.is_array() && !choices.empty() ? choices[0] : none;
  }

  /// Whether this is an error where a completion, or a piece of one, is due.
  static bool is_error(const json& answer) {
    if (answer.is_array()) return true;  // Gemini's errors are lists
    const json& error = member(answer, "error");
    if (!error.is_null() && !error.empty() && error != false && error != "") return true;
    if (string_member(answer, "object") == "error") return true;
    const auto there = [&](const char* name) { return !member(answer, name).is_null(); };
    return !there("choices") && !there("usage") &&
           (there("message") || there("detail") || there("msg"));
  }

  /// An end that is a fault of the server's, not of the model's.
  static void check_finish(const json& choice) {
    const std::string_view finish = string_member(choice, "finish_reason");
    if (!member(choice, "error").is_null()) throw VendorError(to_text(choice));
    if (finish == "error" || finish == "insufficient_system_resource" || finish == "abort")
      throw AnswerError("the model's server gave up: " + std::string{finish}, true);
  }

  void take_beside(const json& message) {
    refusal_ += text_of(member(message, "refusal"));
    reasoning_ += string_member(message, "reasoning_content");
    if (const json& details = member(message, "reasoning_details"); details.is_array()) {
      for (const json& detail : details)
        reasoning_details_.push_back(detail);
    }
  }

  PartialCall& add_call() {
    if (calls_.size() == kMaxCalls) throw AnswerError("the answer has too many tool calls");
    return calls_.emplace_back();
  }

  void take_parts(const json& parts) {
    if (!parts.is_array()) return;
    for (const json& part : parts)
      extend(call_of(part), part);
  }

  /// The call that a piece belongs to. Many servers number all calls 0, or none: then a new id is
  /// a new call, and so is a name after a call whose arguments are whole.
  PartialCall& call_of(const json& part) {
    const json& number = member(part, "index");
    const std::string_view id = string_member(part, "id");
    const std::string_view name = string_member(member(part, "function"), "name");
    const auto last_with = [&](const auto& fits) {
      const auto found = std::find_if(newest_.rbegin(), newest_.rend(), fits);
      return found == newest_.rend() ? nullptr : &*found;
    };
    using Place = std::pair<std::size_t, std::size_t>;  // the number, and where in calls_
    const Place* place = nullptr;
    std::size_t index = 0;
    if (number.is_number_unsigned()) {
      index = number.get<std::size_t>();
      place = last_with([&](const Place& at) { return at.first == index; });
    } else if (!newest_.empty()) {
      place = &newest_.back();
      index = place->first;
    }
    if (place && !id.empty()) {  // an earlier call of this number goes on
      const Place* same = last_with(
          [&](const Place& at) { return at.first == index && calls_[at.second].call.id == id; });
      if (same) place = same;
    }
    if (place) {
      PartialCall& call = calls_[place->second];
      const bool other_id = !id.empty() && !call.call.id.empty() && id != call.call.id;
      const bool unsure = id.empty() || call.call.id.empty() || id == call.call.id;
      const bool more = !text_of(member(member(part, "function"), "arguments")).empty() ||
                        member(member(part, "function"), "arguments").is_object();
      const bool begins = other_id ? !name.empty() || call.whole()
                                   : unsure && !name.empty() && !call.call.name.empty() && more &&
                                         (call.call.arguments != "{}" || name != call.call.name) &&
                                         call.whole();
      if (!begins) return call;
    }
    newest_.emplace_back(index, calls_.size());
    return add_call();
  }

  static void extend(PartialCall& into, const json& part) {
    ToolCall& call = into.call;
    if (const auto id = string_member(part, "id"); !id.empty() && call.id.empty()) call.id = id;
    const json& function = member(part, "function");
    if (const auto name = string_member(function, "name"); !name.empty()) call.name = name;
    if (const json& extra = member(part, "extra_content"); !extra.is_null()) into.extra = extra;
    // Some compatible servers give an object where the text of one is due, or begin with an empty
    // one.
    const json& arguments = member(function, "arguments");
    const std::string more =
        into.halves.take(arguments.is_object() ? to_text(arguments) : text_of(arguments));
    if (call.arguments == "{}" && more.starts_with('{')) call.arguments.clear();
    call.arguments += more;
  }

  /// Usage is of the whole turn wherever it stands: Groq has it in `x_groq`, Moonshot in the choice.
  void take_usage(const json& answer, const json& choice) {
    const json* usage = &member(answer, "usage");
    if (!usage->is_object()) usage = &member(choice, "usage");
    if (!usage->is_object()) usage = &member(member(answer, "x_groq"), "usage");
    if (!usage->is_object()) return;
    Usage tokens;
    tokens.input_tokens = count_member(*usage, "prompt_tokens");
    tokens.output_tokens = count_member(*usage, "completion_tokens");
    const json& input = member(*usage, "prompt_tokens_details");
    tokens.cached_input_tokens = count_member(input, "cached_tokens");
    if (tokens.cached_input_tokens == 0)
      tokens.cached_input_tokens = std::max(count_member(*usage, "prompt_cache_hit_tokens"),
                                            count_member(*usage, "cached_tokens"));
    tokens.cached_input_tokens = std::min(tokens.cached_input_tokens, tokens.input_tokens);
    tokens.cache_write_tokens = count_member(input, "cache_write_tokens");
    tokens.reasoning_tokens =
        count_member(member(*usage, "completion_tokens_details"), "reasoning_tokens");
    // xAI and Gemini leave the reasoning out of completion_tokens, but not out of the total.
    const std::int64_t total = count_member(*usage, "total_tokens");
    if (total > tokens.input_tokens + tokens.output_tokens)
      tokens.output_tokens = total - tokens.input_tokens;
    const bool nothing = tokens.input_tokens == 0 && tokens.output_tokens == 0;
    if (nothing && usage_.known) return;  // a chunk that only has the fields
    usage_.known = true;
    usage_.usage = tokens;
  }

  std::shared_ptr<Learnt> learnt_;
  unsigned asked_ = 0;  // the quirks of the last body()
  bool null_content_ = false;
  json request_;
  std::string text_;
  AnswerText show_;
  std::string refusal_;
  std::string reasoning_;
  json reasoning_details_ = json::array();
  std::vector<PartialCall> calls_;
  std::vector<std::pair<std::size_t, std::size_t>> newest_;  // number and place, in order
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
  endpoint.url = completions_url(base_url, model);
  endpoint.headers = {"Content-Type: application/json"};
  if (!key.empty())
    endpoint.headers.push_back(
        (takes_api_key_header(base_url) ? "api-key: " : "Authorization: Bearer ") + key);
  endpoint.key = key;
  const auto learnt = std::make_shared<OpenAiDialogue::Learnt>(0U);
  endpoint.open = [model, learnt](const Prompt& prompt) {
    return std::make_unique<OpenAiDialogue>(model, prompt, learnt);
  };
  endpoint.learnt = [learnt] { return OpenAiDialogue::in_words(*learnt); };
  return endpoint;
}

}  // namespace health_agent::agent
