#include "health_agent/agent/remote/remote_agent.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string_view>
#include <thread>
#include <utility>

#include "health_agent/agent/remote/retry.h"
#include "health_agent/agent/remote/sse.h"
#include "health_agent/agent/remote/tools.h"
#include "health_agent/agent/remote/utf8.h"
#include "health_agent/errors.h"
#include "health_agent/log_text.h"
#include "health_agent/time.h"
#include "vitals/context/capture.h"
#include "vitals/sentry/client.h"

namespace health_agent::agent {
namespace {

using std::chrono::milliseconds;

/// Models that call one tool at a time need a round for each meal, and one for the last words.
constexpr int kMaxRounds = 6;
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

std::uint64_t as_count(std::int64_t tokens) {
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
        dialogue_(agent.endpoint_.open(prompt_of(request))),
        desk_(request) {}

  AgentReply run() {
    try {
      return converse();
    } catch (const AgentError& error) {
      // What was eaten is known: a last word that fails must not lose it.
      if (desk_.empty() || world_.stop.stop_requested()) throw;
      vitals::context::capture_exception(error, {.tags = {{"model", agent_.endpoint_.model}},
                                                 .level = vitals::Level::kWarning,
                                                 .mechanism = "agent"});
      return confirm(false);
    }
  }

  /// Tokens and cost so far, for a call that failed.
  [[nodiscard]] bool used_any() const noexcept { return any_usage_; }
  [[nodiscard]] vitals::monitor::AgentUsage used() const {
    return {.input_tokens = as_count(usage_.input_tokens),
            .cached_input_tokens = as_count(usage_.cached_input_tokens),
            .cache_write_tokens = as_count(usage_.cache_write_tokens),
            .output_tokens = as_count(usage_.output_tokens),
            .reasoning_tokens = as_count(usage_.reasoning_tokens),
            .cost_usd = cost()};
  }

 private:
  AgentReply converse() {
    for (int round = 1;; ++round) {
      // A model that had to mend its calls has its last words next.
      const bool tools = round < kMaxRounds && !mended_;
      const std::optional<ModelTurn> turn =
          ask({.streamed = static_cast<bool>(on_text_), .tools_allowed = tools});
      if (!turn) return finish(true);
      if (turn->stop == Stop::kRefused) return refuse(*turn);
      if (!keep(*turn)) return finish(true);
      if (turn->calls.empty() || !tools) return finish_with(*turn);
      answer_calls(*turn);
    }
  }

  /// Why one attempt failed.
  struct Failure {
    std::string what;
    bool again = false;
    bool adapted = false;
    std::optional<milliseconds> asked_wait{};
  };

  [[noreturn]] void throw_error(const std::string& what) const {
    throw AgentError(agent_.endpoint_.vendor + " " + agent_.endpoint_.model + ": " +
                     printable(without_keys(what, agent_.endpoint_.key)));
  }

  /// The model's next turn, after as many attempts as it takes; nothing when the listener left.
  std::optional<ModelTurn> ask(const Asking& asking) {
    for (int attempt = 1;;) {
      Failure failure;
      std::optional<ModelTurn> turn = try_once(asking, attempt, failure);
      add_usage(turn && turn->stop != Stop::kRefused);
      if (turn || left_) return turn;
      const auto give_up = [&](const std::string& more) {
        throw_error(failure.what + more +
                    (attempt > 1 ? ", at attempt " + std::to_string(attempt) : ""));
      };
      if (!told_of_turn_.empty()) give_up(", in the middle of its answer");
      if (failure.adapted && world_.now() < end_) continue;  // each way is tried once
      if (!failure.again || attempt == kMaxAttempts) give_up("");
      const milliseconds wait = wait_before_retry(attempt, world_.random(), failure.asked_wait);
      if (world_.now() + wait >= end_) give_up(", and there is no time to try again");
      if (!sleep(wait)) return std::nullopt;
      if (world_.stop.stop_requested()) give_up(", and the service ends");
      ++attempt;
    }
  }

  /// Reads an answer as it comes: events, or one JSON text, whichever was asked for.
  class Reader {
   public:
    Reader(Dialogue& dialogue, bool streamed, OnText tell)
        : dialogue_(dialogue), streamed_(streamed), tell_(std::move(tell)) {}

    /// False when the listener has left.
    bool feed(std::string_view piece) {
      if (kind_ == Kind::kUnknown) {
        text_ += piece;
        const std::size_t begin = text_.find_first_not_of(" \t\r\n");
        if (begin == std::string::npos || text_.size() - begin < 4) return true;
        return decide();
      }
      return pass(piece);
    }

    /// The answer has ended.
    bool end() {
      if (kind_ == Kind::kUnknown && !decide()) return false;
      if (kind_ == Kind::kWhole) dialogue_.take_whole(text_);
      return true;
    }

   private:
    enum class Kind : std::uint8_t { kUnknown, kWhole, kStream };

    bool decide() {
      std::string_view begin = text_;
      if (begin.starts_with("\xEF\xBB\xBF")) begin.remove_prefix(3);
      begin.remove_prefix(std::min(begin.find_first_not_of(" \t\r\n"), begin.size()));
      const bool json = begin.starts_with('{') || begin.starts_with('[') || begin.starts_with('<');
      const bool events = begin.starts_with("data") || begin.starts_with("even") ||
                          begin.starts_with("id:") || begin.starts_with(':');
      kind_ = !json && (streamed_ || events) ? Kind::kStream : Kind::kWhole;
      if (kind_ == Kind::kWhole) return true;
      const std::string so_far = std::exchange(text_, {});
      return pass(so_far);
    }

    bool pass(std::string_view piece) {
      if (kind_ == Kind::kWhole) {
        text_ += piece;
        return true;
      }
      const SseParser::State state =
          parser_.feed(piece, [this](std::string_view, std::string_view data) {
            return dialogue_.take_event(data, tell_);
          });
      if (state == SseParser::State::kTooLong) throw AnswerError("the stream has a huge event");
      return state == SseParser::State::kMore;
    }

    Dialogue& dialogue_;
    bool streamed_;
    OnText tell_;
    Kind kind_ = Kind::kUnknown;
    SseParser parser_;
    std::string text_;
  };

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
      if (dialogue_->ended()) return false;  // some servers do not hang up after their end
      given_up = silent && world_.now() > silent_until;
      return !given_up && (!asking.streamed || still_there());
    };
    Reader reader{*dialogue_, asking.streamed, [this, &asking](std::string_view text) {
                    return !asking.streamed || tell(text);
                  }};
    const OnBody on_body = [&](std::string_view piece) {
      silent = false;
      return reader.feed(piece);
    };

    told_of_turn_.clear();
    dialogue_->begin_turn();
    try {
      const HttpAnswer answer = world_.send(http, on_body);
      if (given_up) {
        failure = {"no answer in " + std::to_string(to_ms(world_.now() - start).count()) + " ms",
                   true};
      } else if (left_ || (answer.abandoned && !dialogue_->ended())) {
        left_ = true;
      } else if (answer.status < 200 || answer.status > 299) {
        return take_failure(answer, failure);
      } else {
        if (!reader.end()) {
          left_ = true;
          return std::nullopt;
        }
        return dialogue_->end_turn();
      }
    } catch (const HttpError& error) {
      // What was cut after the model's last word is whole.
      if (error.kind() != HttpError::Kind::kStopped && dialogue_->complete())
        return dialogue_->end_turn();
      failure = {error.what(), error.kind() != HttpError::Kind::kTooLarge &&
                                   error.kind() != HttpError::Kind::kStopped};
    } catch (const VendorError& error) {
      HttpAnswer answer;
      answer.body = error.body();
      return take_failure(answer, failure);
    } catch (const AnswerError& error) {
      failure = {error.what(), error.again()};
    }
    return std::nullopt;
  }

  /// An error in the vendor's words: a refusal, a way to ask differently, or a failure. Status 0 is
  /// one in an answer that began well.
  std::optional<ModelTurn> take_failure(const HttpAnswer& answer, Failure& failure) {
    const VendorFailure said = failure_of(answer.status, answer.body);
    if (said.refuses) return ModelTurn{.text = told_of_turn_, .calls = {}, .stop = Stop::kRefused};
    constexpr int kAsIfRefused = 400;
    failure.what = (answer.status == 0 ? "an error in the stream: " : "") + said.what;
    failure.adapted =
        told_of_turn_.empty() &&
        dialogue_->adapt(answer.status == 0 ? kAsIfRefused : answer.status, answer.body);
    failure.again = said.passes || (answer.status != 0 && may_do_better(answer));
    failure.asked_wait = asked_wait(answer, unix_now());
    return std::nullopt;
  }

  /// Takes what the last turn used into the sums. `answered`: the model did; of a failure, and of a
  /// refusal, nothing more is to be paid than was told.
  void add_usage(bool answered) {
    const TurnUsage turn = dialogue_->turn_usage();
    if (!turn.model.empty()) answered_model_ = turn.model;
    // A turn of which nothing was told makes the whole of unknown cost.
    unpriced_ = unpriced_ || (answered && !turn.known);
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

  /// Takes the words of a turn, and tells what of them was not told yet. False when the listener
  /// has left.
  bool keep(const ModelTurn& turn) {
    if (turn.stop == Stop::kLength && !turn.calls.empty()) {
      throw_error("the answer is longer than " + std::to_string(kMaxOutputTokens) +
                  " tokens, and was cut in the middle of a tool call");
    }
    const bool cut = turn.stop == Stop::kLength && !turn.text.empty();
    return say(turn.text + (cut ? kCutMark : ""));
  }

  /// Adds a turn's whole text to the reply.
  bool say(const std::string& text) {
    if (text.empty()) return true;
    add_text(text);
    if (!on_text_) return true;
    const std::string_view rest =
        text.starts_with(told_of_turn_) ? std::string_view{text}.substr(told_of_turn_.size()) : "";
    return rest.empty() || tell(rest);
  }

  void add_text(std::string_view text) {
    if (!text_.empty()) text_ += kBetweenTurns;
    text_ += text;
  }

  /// Carries out what the model hands over and tells it how that went.
  void answer_calls(const ModelTurn& turn) {
    std::string faults;
    const std::vector<ToolResult> results = desk_.run(turn.calls, faults);
    if (!faults.empty()) {
      if (had_faults_)
        throw_error("the model called its tool wrongly twice: " + clean_text(faults, 300));
      had_faults_ = true;
    } else if (had_faults_) {
      mended_ = true;
    }
    dialogue_->answer_calls(results);
  }

  /// The last turn is there; an answer it must be.
  AgentReply finish_with(const ModelTurn& turn) {
    // Calls that came too late were not carried out, so the words beside them may be wrong.
    if (!turn.text.empty() && turn.calls.empty()) return finish(false);
    if (!desk_.empty()) return confirm(false);
    if (!turn.text.empty()) return finish(false);
    throw_error(turn.stop == Stop::kLength
                    ? "no answer within " + std::to_string(kMaxOutputTokens) + " tokens"
                : turn.calls.empty() ? "an empty answer"
                                     : "the model calls tools and says nothing");
  }

  /// The last words in the model's stead.
  AgentReply confirm(bool refused) {
    told_of_turn_.clear();
    if (!say(desk_.confirmation())) return finish(true);
    AgentReply reply = finish(false);
    reply.refused = refused;
    return reply;
  }

  /// The model would not answer. What it had logged before is confirmed; else the words that were
  /// not told yet are left to the caller, who may ask somebody else.
  AgentReply refuse(const ModelTurn& turn) {
    if (!desk_.empty()) return confirm(true);
    std::string text = turn.text;
    if (text.size() <= told_of_turn_.size()) {
      if (!text.empty()) text += kBetweenTurns;
      text += "I would rather not answer that. Tell me what you ate, and I will log it.";
    }
    add_text(text);
    AgentReply reply = finish(false);
    reply.refused = true;
    return reply;
  }

  AgentReply finish(bool cancelled) {
    AgentReply reply;
    reply.cancelled = cancelled;
    reply.text = cancelled ? std::move(told_) : std::move(text_);
    if (!cancelled) desk_.give(reply);
    reply.usage = usage_;
    reply.cost_usd = cost();
    reply.model = answered_model_.empty() ? agent_.endpoint_.model : answered_model_;
    return reply;
  }

  /// Hands text out; false when the listener has left.
  bool tell(std::string_view text) {
    const bool begins = told_of_turn_.empty();
    const std::string piece = (begins && !told_.empty() ? kBetweenTurns : "") + std::string{text};
    told_of_turn_ += text;
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
  static constexpr const char* kCutMark = " […]";

  const RemoteAgent& agent_;
  const World& world_;
  const AgentRequest& request_;
  const OnText& on_text_;
  World::Time end_;
  std::unique_ptr<Dialogue> dialogue_;
  std::string text_;
  std::string told_;
  std::string told_of_turn_;
  bool left_ = false;
  bool had_faults_ = false;
  bool mended_ = false;
  ToolDesk desk_;
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

std::vector<std::string> RemoteAgent::probe() const {
  // With a limit of one token, models of GPT's kind that reason first answer an error.
  const bool claude = endpoint_.type == AgentType::kClaude;
  const Asking asking{.streamed = !claude, .tools_allowed = true, .max_tokens = claude ? 1 : 16};
  const auto dialogue = endpoint_.open(
      {.system = "Answer with one word.", .conversation = {{.by_user = true, .text = "Hi"}}});
  std::string fault;
  for (;;) {  // once more for each refusal that the dialogue adapts to
    HttpRequest http;
    http.url = endpoint_.url;
    http.headers = endpoint_.headers;
    http.body = dialogue->body(asking);
    http.timeout = std::min(timeout_, kProbeTimeout);
    try {
      const HttpAnswer answer = world_.send(http, [](std::string_view) { return true; });
      if (answer.status >= 200 && answer.status <= 299) return endpoint_.learnt();
      fault = describe_error(answer.status, answer.body);
      if (!dialogue->adapt(answer.status, answer.body)) break;
    } catch (const HttpError& error) {
      fault = error.what();
      break;
    }
  }
  throw AgentError(endpoint_.vendor + " " + endpoint_.model + ": " +
                   printable(without_keys(std::move(fault), endpoint_.key)));
}

}  // namespace health_agent::agent
