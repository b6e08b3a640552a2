#pragma once

#include <vitals/monitor/agent.h>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/models.h"
#include "health_agent/time_zone.h"

namespace health_agent::agent {

using vitals::monitor::AgentType;

/// One question to the coach, with everything it may know. A plain value: nothing in it is looked
/// up while the agent works.
struct AgentRequest {
  std::string user_id;
  std::string message;           ///< As the user wrote it: any bytes, any length.
  std::vector<Message> history;  ///< Earlier turns, oldest first, without `message`.
  Fields profile;
  Fields preferences;
  std::optional<Totals> today;    ///< What the user has logged today; empty when that is not known.
  std::vector<FoodEntry> recent;  ///< What the user logged last, newest first: to be changed.
  std::vector<FoodChange> undo;   ///< What takes the last change back; empty when nothing does.
  std::int64_t now = 0;  ///< When it was said, Unix seconds, UTC: the meal's time if unsaid.
  TimeZone zone;         ///< Where the user lives: what "today" and "at 8am" mean.
};

/// Tokens of one call, as the model's maker reports them. `input_tokens` includes the cached ones,
/// `output_tokens` the reasoning ones. The local agent has no tokens and counts words.
struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t cached_input_tokens = 0;
  std::int64_t cache_write_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;
};

/// What the coach says, and what there is to store.
struct AgentReply {
  std::string text;                     ///< Valid UTF-8. When cancelled, what was told until then.
  std::vector<FoodEntry> food_entries;  ///< Not stored yet: `id` is 0. None when cancelled.
  std::vector<FoodChange> changes;      ///< Not made yet, of `AgentRequest::recent` or all of
                                        ///< `undo`. None when cancelled.
  Fields preferences;  ///< Goals to be set, not stored yet: as JSON, `null` for none. None when
                       ///< cancelled.
  Usage usage;
  std::optional<double> cost_usd;  ///< Empty when the model's price is not known; 0 is a price.
  std::string model;               ///< The model that answered, as its maker names it.
  bool cancelled = false;          ///< `on_text` said stop.
  /// The model, or a filter before it, would not answer. Such a turn is not to be remembered: sent
  /// again with later ones it makes them refused, too. What of `text` went not to `on_text` yet is
  /// the caller's to tell. There may be entries all the same.
  bool refused = false;
};

/// Takes the answer piece by piece; the pieces put together are `AgentReply::text`. An empty piece
/// says that the model is still silent, and asks whether somebody listens; it may come several
/// times a second. False means that nobody listens any more, and ends the call. An exception from
/// it leaves `reply` as it is.
using OnText = std::function<bool(std::string_view piece)>;

/// Somebody who answers messages about food. For what is done with the answer, see the coach.
/// Threads: any, several calls at once.
class Agent {
 public:
  Agent() = default;
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;
  virtual ~Agent() = default;

  /// Answers one message; with `on_text` also while the answer is being made. An empty `on_text`
  /// asks for the whole answer only. Throws AgentError when there is no usable answer.
  [[nodiscard]] virtual AgentReply reply(const AgentRequest& request, const OnText& on_text) = 0;

  [[nodiscard]] virtual AgentType type() const noexcept = 0;

  /// The model that is asked first, as in AGENT_MODEL but without the maker.
  [[nodiscard]] virtual std::string model() const = 0;

  /// False when its last calls say that it is not well; a call may succeed all the same. Asks
  /// nobody.
  [[nodiscard]] virtual bool healthy() const noexcept { return true; }
};

class Prices;

/// The part of the settings that chooses the agent.
struct AgentOptions {
  std::string model = "local";   ///< AGENT_MODEL: `local`, `anthropic:MODEL` or `openai:MODEL`.
  std::string fallback_model{};  ///< AGENT_FALLBACK_MODEL, likewise; empty is none.
  std::string anthropic_api_key{};
  std::string anthropic_base_url = "https://api.anthropic.com";
  std::string openai_api_key{};
  std::string openai_base_url = "https://api.openai.com";
  std::chrono::milliseconds timeout{30'000};  ///< For a whole call of one model, retries included.
  std::shared_ptr<Prices> prices{};           ///< Empty is the shipped table.
  std::stop_token stop{};  ///< Ends the calls of remote models at once, as an AgentError.
};

/// Whether a model at `base_url` may be asked without a key: everywhere but at the vendors' own
/// addresses.
[[nodiscard]] bool may_lack_key(std::string_view base_url);

/// Makes the agent that the settings name, monitored: each model's call is an AgentCallScope and
/// may fail by FAULTS. With a fallback model, that one is asked when the first has failed, for as
/// long again. Throws ConfigurationError for a name that is none, or a key that is missing.
[[nodiscard]] std::unique_ptr<Agent> make_agent(const AgentOptions& options = {});

/// Asks `options.model` the smallest question there is, once, for at most 10 s a way of asking: the
/// name, the key and the way to it. Counts nothing. Throws AgentError that names the cause,
/// ConfigurationError as make_agent() does. A local model always answers. Gives how the server
/// wants to be asked, where that is not the vendor's way: `without stream_options`.
std::vector<std::string> probe(const AgentOptions& options);

}  // namespace health_agent::agent
