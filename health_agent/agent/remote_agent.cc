#include "health_agent/agent/remote_agent.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

#include "health_agent/agent/food_tool.h"
#include "health_agent/agent/retry.h"
#include "health_agent/agent/sse.h"
#include "health_agent/agent/utf8.h"
#include "health_agent/errors.h"
#include "health_agent/time.h"

namespace health_agent::agent {
namespace {

using std::chrono::milliseconds;

/// A call of the tool, a second one after a fault, and the last words.
constexpr int kMaxRounds = 3;
constexpr std::size_t kMaxAnswer = std::size_t{8} * 1024 * 1024;
constexpr milliseconds kSleepSlice{200};
constexpr milliseconds kProbeTimeout{10'000};

milliseconds to_ms(World::Time::duration duration) {
  return std::chrono::duration_cast<milliseconds>(duration);
}

/// Any text of a vendor's as an error of ours may show it: without the key, and without what looks
/// like one.
std::string without_keys(std::string text, const std::string& key) {
  if (!key.empty()) {
    for (std::size_t at = text.find(key); at != std::string::npos; at = text.find(key, at + 3))
      text.replace(at, key.size(), "***");
  }
  for (std::size_t at = text.find("sk-"); at != std::string::npos; at = text.find("sk-", at + 3)) {
    const std::size_t end = text.find_first_of(" \t\n\"',;)", at);
    text.replace(at, (end == std::string::npos ? text.size() : end) - at, "***");
  }
  return text;
}

void add(Usage& sum, const Usage& more) {
  sum.input_tokens += more.input_tokens;
  sum.cached_input_tokens += more.cached_input_tokens;
  sum.cache_write_tokens += more.cache_write_tokens;
  sum.output_tokens += more.output_tokens;
  sum.reasoning_tokens += more.reasoning_tokens;
}

std::uint64_t count(std::int64_t tokens) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(tokens, 0));
}

}  // namespace

World World::real(std::stop_token stop) {
  World world;
  world.send = [client = std::make_shared<HttpClient>(), stop](const HttpRequest& request,
                                                               const OnBody& on_body) {
    return client->send(request, on_body, stop);
  };
  world.stop = std::move(stop);
  world.now = [] { return std::chrono::steady_clock::now(); };
  world.sleep = [](milliseconds time) { std::this_thread::sleep_for(time); };
  world.random = [] {
    thread_local std::minstd_rand random{std::random_device{}()};
    return std::uniform_real_distribution<double>{0, 1}(random);
  };
  return world;
}

/// One reply under way.
class RemoteAgent::Call {
 public:
  Call(const RemoteAgent& agent, const AgentRequest& request, const OnText& on_text)
      : agent_(agent),
        world_(agent.world_),
        request_(request),
        on_text_(on_text),
        end_(world_.now() + agent.timeout_),
        dialogue_(agent.endpoint_.open(prompt_of(request))) {}

  AgentReply run() {
    for (int round = 1;; ++round) {
      const std::optional<ModelTurn> turn =
          ask({.streamed = static_cast<bool>(on_text_), .tools_allowed = round < kMaxRounds});
      if (!turn) return finish(true);
      keep(*turn);
      if (turn->calls.empty() || round == kMaxRounds) return finish_with(*turn);
      answer_calls(*turn);
    }
  }

  /// Tokens and cost so far, for a call that failed.
  [[nodiscard]] bool used_any() const noexcept { return any_usage_; }
  [[nodiscard]] vitals::monitor::AgentUsage used() const {
    return {.input_tokens = count(usage_.input_tokens),
            .cached_input_tokens = count(usage_.cached_input_tokens),
            .cache_write_tokens = count(usage_.cache_write_tokens),
            .output_tokens = count(usage_.output_tokens),
            .reasoning_tokens = count(usage_.reasoning_tokens),
            .cost_usd = cost()};
  }

 private:
  /// Why one attempt failed.
  struct Failure {
    std::string what;
    bool again = false;
    std::optional<milliseconds> asked_wait{};
  };

  /// The model's next turn, after as many attempts as it takes; nothing when the listener left.
  std::optional<ModelTurn> ask(const Asking& asking) {
    for (int attempt = 1;; ++attempt) {
      Failure failure;
      std::optional<ModelTurn> turn = try_once(asking, attempt, failure);
      add_usage();
      if (turn || left_) return turn;
      const auto fail = [&](const std::string& more) {
        throw AgentError(agent_.endpoint_.vendor + " " + agent_.endpoint_.model + ": " +
                         without_keys(failure.what, agent_.endpoint_.key) + more +
                         (attempt > 1 ? ", at attempt " + std::to_string(attempt) : ""));
      };
      if (told_in_turn_) fail(", in the middle of its answer");
      if (!failure.again || attempt == kMaxAttempts) fail("");
      const milliseconds wait = wait_before_retry(attempt, world_.random(), failure.asked_wait);
      if (world_.now() + wait >= end_) fail(", and there is no time to try again");
      if (!sleep(wait)) return std::nullopt;
      if (world_.stop.stop_requested()) fail(", and the service ends");
    }
  }

  std::optional<ModelTurn> try_once(const Asking& asking, int attempt, Failure& failure) {
    const World::Time start = world_.now();
    const milliseconds left = to_ms(end_ - start);
    // Silence for most of the time is given up while there is time for another attempt.
    const World::Time silent_until =
        attempt < kMaxAttempts ? start + left * 2 / 3 : end_ + milliseconds{1};
    bool silent = true;
    bool given_up = false;

    HttpRequest http;
    http.url = agent_.endpoint_.url;
    http.headers = agent_.endpoint_.headers;
    http.body = dialogue_->body(asking);
    http.timeout = std::max(left, milliseconds{1});
    http.max_answer = kMaxAnswer;
    http.on_wait = [&] {
      given_up = silent && world_.now() > silent_until;
      return !given_up && (!asking.streamed || still_there());
    };
    SseParser parser;
    std::string whole;
    const auto tell_on = [this](std::string_view text) { return tell(text); };
    const auto on_event = [&](std::string_view, std::string_view data) {
      return dialogue_->take_event(data, tell_on);
    };
    const OnBody on_body = [&](std::string_view piece) {
      silent = false;
      if (!asking.streamed) {
        whole += piece;
        return true;
      }
      const SseParser::State state = parser.feed(piece, on_event);
      if (state == SseParser::State::kTooLong) throw AnswerError("the stream has a huge event");
      return state == SseParser::State::kMore;
    };

    told_in_turn_ = false;
    dialogue_->begin_turn();
    try {
      const HttpAnswer answer = world_.send(http, on_body);
      if (given_up) {
        failure = {"no answer in " + std::to_string(to_ms(world_.now() - start).count()) + " ms",
                   true};
      } else if (left_ || answer.abandoned) {
        left_ = true;
      } else if (answer.status < 200 || answer.status > 299) {
        const bool adapted = dialogue_->adapt(answer.status, answer.body);
        failure = {describe_error(answer.status, answer.body), adapted || may_do_better(answer),
                   asked_wait(answer, unix_now())};
      } else {
        if (!asking.streamed) dialogue_->take_whole(whole);
        return dialogue_->end_turn();
      }
    } catch (const HttpError& error) {
      failure = {error.what(), error.kind() != HttpError::Kind::kTooLarge &&
                                   error.kind() != HttpError::Kind::kStopped};
    } catch (const AnswerError& error) {
      failure = {error.what(), error.again()};
    }
    return std::nullopt;
  }

  /// Takes what the last turn used into the sums.
  void add_usage() {
    const TurnUsage turn = dialogue_->turn_usage();
    if (!turn.model.empty()) answered_model_ = turn.model;
    if (!turn.known) return;
    add(usage_, turn.usage);
    any_usage_ = true;
    // A turn's price depends on how long its prompt was, so each is priced by itself.
    const std::shared_ptr<const PriceTable> table = agent_.prices_->table();
    auto price = table->cost_of(turn.model, turn.usage);
    if (!price) price = table->cost_of(agent_.endpoint_.model, turn.usage);
    if (price) {
      cost_ += *price;
    } else {
      unpriced_ = true;
    }
  }

  [[nodiscard]] std::optional<double> cost() const {
    if (unpriced_ || !any_usage_) return std::nullopt;
    return to_usd(cost_);
  }

  void keep(const ModelTurn& turn) {
    if (turn.stop == Stop::kLength && !turn.calls.empty()) {
      throw AgentError(agent_.endpoint_.vendor + " " + agent_.endpoint_.model +
                       ": the answer is longer than " + std::to_string(kMaxOutputTokens) +
                       " tokens, and was cut in the middle of a tool call");
    }
    if (turn.text.empty()) return;
    if (!text_.empty()) text_ += kBetweenTurns;
    text_ += turn.text;
  }

  /// Reads what the model hands over and tells it how that went.
  void answer_calls(const ModelTurn& turn) {
    std::vector<ToolResult> results;
    std::vector<FoodEntry> entries;
    std::string faults;
    for (const ToolCall& call : turn.calls) {
      std::string fault;
      if (call.name != kFoodTool) {
        fault = "there is no tool of this name; the only one is " + std::string{kFoodTool};
      } else if (auto entry = read_food_call(call.arguments)) {
        entries.push_back(*std::move(entry));
      } else {
        fault = entry.error().message;
      }
      results.push_back({call.id, fault, fault.empty()});
      if (!fault.empty()) faults += (faults.empty() ? "" : "; ") + fault;
    }
    if (faults.empty()) {
      for (FoodEntry& entry : entries)
        take(std::move(entry));
      for (ToolResult& result : results)
        result.text = "Logged for " + entry_->meal_type + ". Now tell the user.";
    } else {
      if (had_faults_) {
        throw AgentError(agent_.endpoint_.vendor + " " + agent_.endpoint_.model +
                         ": the model called its tool wrongly twice: " + clean_text(faults, 300));
      }
      had_faults_ = true;
      for (ToolResult& result : results) {
        result.text = "Nothing was logged. " +
                      (result.good ? "Another call of the same turn is faulty." : result.text) +
                      " Call the tool once again, with everything.";
        result.good = false;
      }
    }
    dialogue_->answer_calls(results);
  }

  /// One message makes one entry: what comes later is added to it.
  void take(FoodEntry&& entry) {
    if (!entry_) {
      entry_ = std::move(entry);
      entry_->user_id = request_.user_id;
      entry_->timestamp = request_.now;
      return;
    }
    for (Food& food : entry.foods) {
      if (entry_->foods.size() < kMaxToolFoods) entry_->foods.push_back(std::move(food));
    }
    if (entry_->notes.empty()) entry_->notes = std::move(entry.notes);
  }

  /// The last turn is there; an answer it must be.
  AgentReply finish_with(const ModelTurn& turn) {
    if (turn.text.empty()) {
      std::string words;
      if (entry_) {
        words = confirmation_of(*entry_);
      } else if (turn.stop == Stop::kRefused) {
        words = "I would rather not answer that. Tell me what you ate, and I will log it.";
      } else {
        throw AgentError(agent_.endpoint_.vendor + " " + agent_.endpoint_.model +
                         (turn.stop == Stop::kLength
                              ? ": no answer within " + std::to_string(kMaxOutputTokens) + " tokens"
                          : turn.calls.empty() ? ": an empty answer"
                                               : ": the model calls tools and says nothing"));
      }
      if (on_text_ && !tell(words)) return finish(true);
      if (!text_.empty()) text_ += kBetweenTurns;
      text_ += words;
    }
    return finish(false);
  }

  AgentReply finish(bool cancelled) {
    AgentReply reply;
    reply.cancelled = cancelled;
    reply.text = cancelled ? std::move(told_) : std::move(text_);
    if (!cancelled && entry_) reply.food_entries.push_back(*std::move(entry_));
    reply.usage = usage_;
    reply.cost_usd = cost();
    reply.model = answered_model_.empty() ? agent_.endpoint_.model : answered_model_;
    return reply;
  }

  /// Hands text out; false when the listener has left.
  bool tell(std::string_view text) {
    const bool begins = !std::exchange(told_in_turn_, true);
    const std::string piece = (begins && !told_.empty() ? kBetweenTurns : "") + std::string{text};
    told_ += piece;
    left_ = !on_text_(piece);
    return !left_;
  }

  bool still_there() {
    left_ = left_ || !on_text_({});
    return !left_;
  }

  bool sleep(milliseconds time) {
    while (time.count() > 0 && !world_.stop.stop_requested()) {
      const milliseconds slice = std::min(time, kSleepSlice);
      world_.sleep(slice);
      time -= slice;
      if (on_text_ && !still_there()) return false;
    }
    return true;
  }

  static constexpr const char* kBetweenTurns = "\n\n";

  const RemoteAgent& agent_;
  const World& world_;
  const AgentRequest& request_;
  const OnText& on_text_;
  World::Time end_;
  std::unique_ptr<Dialogue> dialogue_;
  std::string text_;
  std::string told_;
  bool told_in_turn_ = false;
  bool left_ = false;
  bool had_faults_ = false;
  std::optional<FoodEntry> entry_;
  std::string answered_model_;
  Usage usage_;
  std::int64_t cost_ = 0;
  bool unpriced_ = false;
  bool any_usage_ = false;
};

RemoteAgent::RemoteAgent(Endpoint endpoint, milliseconds timeout, std::shared_ptr<Prices> prices,
                         World world)
    : endpoint_(std::move(endpoint)),
      timeout_(timeout),
      prices_(std::move(prices)),
      world_(std::move(world)) {}

AgentReply RemoteAgent::reply(const AgentRequest& request, const OnText& on_text) {
  Call call{*this, request, on_text};
  try {
    return call.run();
  } catch (...) {
    if (call.used_any()) vitals::monitor::count_agent_usage(type(), endpoint_.model, call.used());
    throw;
  }
}

void RemoteAgent::probe() const {
  HttpRequest http;
  http.url = endpoint_.url;
  http.headers = endpoint_.headers;
  http.body = endpoint_.probe_body;
  http.timeout = std::min(timeout_, kProbeTimeout);
  std::string fault;
  try {
    const HttpAnswer answer = world_.send(http, {});
    if (answer.status >= 200 && answer.status <= 299) return;
    fault = describe_error(answer.status, answer.body);
  } catch (const HttpError& error) {
    fault = error.what();
  }
  throw AgentError(endpoint_.vendor + " " + endpoint_.model + ": " +
                   without_keys(std::move(fault), endpoint_.key));
}

}  // namespace health_agent::agent
