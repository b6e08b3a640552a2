#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/prompt.h"

namespace health_agent::agent {

/// A model asks for a tool. `arguments` is JSON text, or what the model made of it.
struct ToolCall {
  std::string id;
  std::string name;
  std::string arguments;
};

/// What the tool said. `good` is false for an error that the model may mend.
struct ToolResult {
  std::string id;
  std::string text;
  bool good = true;
};

/// Why a model ended its turn.
enum class Stop : std::uint8_t {
  kDone,
  kTools,    ///< It waits for what its tools say.
  kLength,   ///< It may say no more.
  kRefused,  ///< It, or a filter, did not want to answer.
};

/// A model's whole turn.
struct ModelTurn {
  std::string text;  ///< Valid UTF-8.
  std::vector<ToolCall> calls;
  Stop stop = Stop::kDone;
};

/// Tokens of the turn under way or just ended, as far as they were told, and who took them. Every
/// telling is of the whole turn: the last one counts. Nothing told at all is not zero.
struct TurnUsage {
  Usage usage;
  bool known = false;
  std::string model;  ///< As it names itself; may be empty.
};

/// An answer that cannot be used. `again`: asking once more may help.
class AnswerError : public std::runtime_error {
 public:
  explicit AnswerError(const std::string& what, bool again = false)
      : std::runtime_error(what), again_(again) {}
  [[nodiscard]] bool again() const noexcept { return again_; }

 private:
  bool again_;
};

/// How a request asks for an answer.
struct Asking {
  bool streamed = false;
  bool tools_allowed = true;
};

/// A conversation with a model in its vendor's language: what to send, and what the answer means.
/// Each turn: body(), then begin_turn(), then the answer by take_whole() or take_event()s, then
/// end_turn(); a turn that failed half-way is begun again. Threads: one.
class Dialogue {
 public:
  Dialogue() = default;
  Dialogue(const Dialogue&) = delete;
  Dialogue& operator=(const Dialogue&) = delete;
  virtual ~Dialogue() = default;

  /// The body of the next request.
  [[nodiscard]] virtual std::string body(const Asking& asking) = 0;

  virtual void begin_turn() = 0;

  /// Reads a whole answer. Throws AnswerError.
  virtual void take_whole(std::string_view body) = 0;

  /// Reads one event of a streamed answer; text goes on to `on_text`. False when `on_text` said
  /// stop. Throws AnswerError.
  virtual bool take_event(std::string_view data, const OnText& on_text) = 0;

  /// The turn, complete. Throws AnswerError when it is not.
  [[nodiscard]] virtual ModelTurn end_turn() = 0;

  [[nodiscard]] virtual TurnUsage turn_usage() const = 0;

  /// Adds the model's last turn and what its tools said to the conversation.
  virtual void answer_calls(std::span<const ToolResult> results) = 0;

  /// Whether a request that was refused with this answer can be put another way, which it then is.
  virtual bool adapt(int status, std::string_view body) = 0;
};

/// A model behind a vendor's API.
struct Endpoint {
  AgentType type = AgentType::kClaude;
  std::string vendor;
  std::string model;
  std::string url;
  std::vector<std::string> headers;
  std::string key;         ///< For masking it; the headers have it already.
  std::string probe_body;  ///< The smallest question.
  std::function<std::unique_ptr<Dialogue>(const Prompt&)> open;
};

/// The Messages API. Source: Anthropic's API reference, "Messages", "Streaming messages", "Tool
/// use".
[[nodiscard]] Endpoint anthropic_endpoint(const std::string& model, const std::string& base_url,
                                          const std::string& key);

/// Chat Completions, OpenAI's own or another's. Source: OpenAI's API reference, "Chat Completions".
[[nodiscard]] Endpoint openai_endpoint(const std::string& model, const std::string& base_url,
                                       const std::string& key);

/// `base` and `path`, with the version in between unless the base ends in one (`/v1`).
[[nodiscard]] std::string versioned_url(std::string_view base, std::string_view path);

/// What went wrong, from the body of an answer that is an error, whoever's it is: the vendor's own
/// type and message, at most 300 bytes. `status` 0 is an error in the middle of a stream.
[[nodiscard]] std::string describe_error(int status, std::string_view body);

/// The most output tokens that a turn may have, reasoning included.
inline constexpr int kMaxOutputTokens = 8'192;

}  // namespace health_agent::agent
