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
#include "health_agent/agent/remote/prompt.h"

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

/// An error of the vendor's where an answer began or was due: with status 200, or in a stream.
class VendorError : public AnswerError {
 public:
  explicit VendorError(std::string body)
      : AnswerError("the vendor tells an error"), body_(std::move(body)) {}
  [[nodiscard]] const std::string& body() const noexcept { return body_; }

 private:
  std::string body_;  ///< JSON text, for failure_of().
};

/// The most output tokens that a turn may have, reasoning included.
inline constexpr int kMaxOutputTokens = 8'192;

/// How a request asks for an answer.
struct Asking {
  bool streamed = false;
  bool tools_allowed = true;
  int max_tokens = kMaxOutputTokens;
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

  /// Whether the turn has all that it needs, though its end was not seen yet.
  [[nodiscard]] virtual bool complete() const = 0;

  /// Whether the answer's own end mark was read: nothing more is of interest.
  [[nodiscard]] virtual bool ended() const = 0;

  /// The turn, complete. Throws AnswerError when it is not.
  [[nodiscard]] virtual ModelTurn end_turn() = 0;

  [[nodiscard]] virtual TurnUsage turn_usage() const = 0;

  /// Adds the model's last turn and what its tools said to the conversation.
  virtual void answer_calls(std::span<const ToolResult> results) = 0;

  /// Whether a request that was refused with this answer can be put another way, which it then is,
  /// here and in all later dialogues of the endpoint. True at most once for each way.
  virtual bool adapt(int status, std::string_view body) = 0;
};

/// A model behind a vendor's API.
struct Endpoint {
  AgentType type = AgentType::kClaude;
  std::string vendor;
  std::string model;
  std::string url;
  std::vector<std::string> headers;
  std::string key;  ///< For masking it; the headers have it already. Empty when there is none.
  std::function<std::unique_ptr<Dialogue>(const Prompt&)> open;
  /// What dialogues have learnt of how this server wants to be asked, in words. Threads: any.
  std::function<std::vector<std::string>()> learnt;
};

/// The Messages API, Anthropic's own or another's. No key, no header of it. Source: Anthropic's API
/// reference, "Messages", "Streaming messages", "Tool use".
[[nodiscard]] Endpoint anthropic_endpoint(const std::string& model, const std::string& base_url,
                                          const std::string& key);

/// Chat Completions, OpenAI's own or another's. What a server refuses of a request is put another
/// way, by one table (openai.cc), and kept in mind for as long as the endpoint or a copy of it
/// lives. A base URL with a path is left as it is; one with `api-version`, or at Azure, gets the
/// key as `api-key`. No key, no header of it. Source: OpenAI's API reference, "Chat Completions";
/// Azure OpenAI's REST API reference.
[[nodiscard]] Endpoint openai_endpoint(const std::string& model, const std::string& base_url,
                                       const std::string& key);

/// Whether the key goes into the header `api-key`, as Azure and its gateways have it.
[[nodiscard]] bool takes_api_key_header(std::string_view base_url);

/// `base` and `path`, with the version in between unless the base ends in one (`/v1`).
[[nodiscard]] std::string versioned_url(std::string_view base, std::string_view path);

/// The address of Chat Completions at a base URL, which may have a path and a query.
[[nodiscard]] std::string completions_url(std::string_view base, std::string_view model);

/// An error as a vendor told it.
struct VendorFailure {
  std::string what;      ///< The vendor's own type and message, one line, at most 300 bytes.
  bool passes = false;   ///< By its name or number it is one that may pass by itself.
  bool refuses = false;  ///< A filter did not want the question or the answer.
};

/// Reads the body of an answer that is an error. `status` 0 is an error with status 200 or in the
/// middle of a stream.
[[nodiscard]] VendorFailure failure_of(int status, std::string_view body);

/// `failure_of(status, body).what`.
[[nodiscard]] std::string describe_error(int status, std::string_view body);

}  // namespace health_agent::agent
