#include "health_agent/agent/local/deletion.h"

#include <algorithm>
#include <utility>

#include "health_agent/agent/food/moment.h"
#include "health_agent/agent/food/numbers.h"
#include "health_agent/agent/food/words.h"

namespace health_agent::agent {
namespace {

constexpr std::size_t kMostThings = 30;

class DeletionReader {
 public:
  DeletionReader(const Words& words, const NutritionTable& table, const RecentFood& log,
                 std::size_t from, std::size_t to)
      : words_(words),
        table_(table),
        log_(log),
        to_(std::min(to, words.size())),
        at_(from),
        begin_(from) {}

  Deletion read() {
    while (at_ < to_) {
      if (const std::size_t mark = keeps(); mark > 0) {
        close(mark);
        keeping_ = awaited_ = true;
        loose_ = false;
      } else if (begins_reason()) {
        close(0);
        skip_reason();
      } else if (words_.is(at_, {"but"}) && !words_.is(at_ + 1, {"also"}) && !keeping_) {
        // "everything but the eggs", "the eggs but not the toast"
        close(1);
        keeping_ = true;
      } else if (divides()) {
        const bool weak = words_.is(at_, {"and"});
        if (words_.is(at_, {"or"})) read_.unclear = true;
        close(1);
        loose_ = loose_ || (keeping_ && !weak);
      } else {
        ++at_;
      }
    }
    close(0);
    const auto has_name = [](const Description& item) { return !item.name.empty(); };
    const auto named = std::ranges::count_if(read_.kept, has_name);
    // "except toast and lunch"
    const bool mixed = named > 0 && named != std::ssize(read_.kept);
    if (awaited_ || mixed || read_.gone.size() + read_.kept.size() > kMostThings)
      read_.unclear = true;
    share_places();
    return std::move(read_);
  }

 private:
  /// How many words say at `at_` that what follows stays.
  [[nodiscard]] std::size_t keeps() const {
    const bool denies_eating =
        at_ > 0 && words_.is(at_ - 1, {"i", "we", "they", "he", "she", "did", "was", "were", "is",
                                       "are", "has", "have", "had"});
    if (words_.is(at_, {"not", "dont", "do"})) {
      const std::size_t negation = words_.is(at_, {"do"}) ? 2 : 1;
      if (denies_eating || (negation == 2 && !words_.is(at_ + 1, {"not"}))) return 0;
      const bool verb = words_.is(at_ + negation, {"delete", "remove", "touch", "erase", "clear"});
      return verb ? negation + 1 : negation;
    }
    if (words_.is(at_, {"without"}))
      return words_.is(at_ + 1, {"touching", "deleting", "removing"}) ? 2 : 1;
    if (words_.is(at_, {"nothing"}) && words_.is(at_ + 1, {"else"})) return 1;
    if (words_.is(at_, {"except", "excepting", "excluding", "exclude", "keep", "keeping", "leave",
                        "leaving", "save", "saving", "spare", "besides", "beside", "minus"}))
      return 1;
    const bool apart = words_.is(at_, {"apart", "aside"}) && words_.is(at_ + 1, {"from"});
    const bool other =
        words_.is(at_, {"other", "rather", "different"}) && words_.is(at_ + 1, {"than"});
    const bool instead = words_.is(at_, {"instead"}) && words_.is(at_ + 1, {"of"});
    return apart || other || instead ? 2 : 0;
  }

  /// "I didn't eat it", "it was a mistake", "because ..."
  [[nodiscard]] bool begins_reason() const {
    if (words_.is(at_, {"because", "cause", "cuz", "coz", "since", "its", "thats", "theyre"}))
      return true;
    return words_.is(at_,
                     {"i", "it", "that", "this", "they", "those", "these", "we", "he", "she"}) &&
           words_.is(at_ + 1, {"was", "were", "is", "are", "isnt", "wasnt", "arent", "werent",
                               "did", "didnt", "do", "dont", "never", "havent", "hadnt", "cant",
                               "accidentally", "mistakenly", "wrongly"});
  }

  /// A reason is passed over; one that has more to say of food is not.
  void skip_reason() {
    begin_ = at_;
    while (at_ < to_ && !ends_part() && !words_.is(at_, {"but"}) && keeps() == 0)
      ++at_;
    if (has_content(describe(words_, table_, begin_, at_))) read_.unclear = true;
    begin_ = at_;
    loose_ = true;
  }

  [[nodiscard]] bool ends_part() const {
    const TokenKind kind = words_.tokens()[at_].kind;
    return kind != TokenKind::kWord && kind != TokenKind::kNumber && kind != TokenKind::kClock;
  }

  [[nodiscard]] bool divides() const {
    if (ends_part() || words_.is(at_, {"or", "but", "then", "also", "plus"})) return true;
    if (!words_.is(at_, {"and"})) return false;
    // "mac and cheese", "one and a half eggs"
    std::size_t name = begin_;
    while (words_.is(name, {"the", "my", "a", "an", "that"}))
      ++name;
    return name >= at_ || (table_.longest_match(words_.tokens(), name).tokens <= at_ - name &&
                           number_at(words_.tokens(), name).tokens <= at_ - name);
  }

  static bool has_content(const Description& said) {
    return !said.name.empty() || said.has_amount() || said.kcal || said.has_place() || said.all ||
           said.unread;
  }

  /// Ends the item that began at `begin_`; the next one begins `skip` words further on.
  void close(std::size_t skip) {
    const std::size_t begin = std::exchange(begin_, at_ + skip);
    const std::size_t end = std::exchange(at_, at_ + skip);
    if (begin >= end) return;
    Description said = describe(words_, table_, begin, end);
    // "thank you", "I skipped it" is nothing, "no, wait" is
    const bool tells = words_.is(begin, {"i", "we", "he", "she", "they", "my"});
    if (!has_content(said) && (!said.pronoun || tells)) {
      if (says_otherwise(begin, end)) read_.unclear = true;
      return;
    }
    const bool again = said.pronoun && !has_content(said) && !keeping_ && !read_.gone.empty();
    if (loose_ || again || !is_item(said, begin, end)) read_.unclear = true;
    awaited_ = false;
    if (keeping_) {
      read_.kept.push_back(std::move(said));
    } else {
      read_.gone.push_back(std::move(said));
      time_first_.push_back(moment_at(words_.tokens(), past_articles(begin)).tokens > 0);
    }
  }

  [[nodiscard]] std::size_t past_articles(std::size_t at) const {
    while (words_.is(at, {"the", "my", "all", "everything", "from", "of"}))
      ++at;
    return at;
  }

  [[nodiscard]] bool says_otherwise(std::size_t begin, std::size_t end) const {
    for (std::size_t i = begin; i < end; ++i)
      if (!is_last_change(i) &&
          words_.is(i, {"no",   "nope",   "wait", "stop",   "cancel",  "nvm",     "never",
                        "hold", "undo",   "redo", "add",    "log",     "put",     "make",
                        "swap", "double", "move", "change", "restore", "replace", "only",
                        "just", "both",   "each", "half"}))
        return true;
    return false;
  }

  /// "the last change", not "change the toast"
  [[nodiscard]] bool is_last_change(std::size_t at) const {
    return words_.is(at, {"change", "edit"}) &&
           words_.is(at - 1, {"the", "my", "that", "last", "latest", "previous"});
  }

  /// Whether all that was left out of the item's description says nothing there.
  [[nodiscard]] bool is_item(const Description& said, std::size_t begin, std::size_t end) const {
    if (said.rambles()) return false;
    std::size_t left_out = 0;
    return std::ranges::all_of(said.left_out, [&](std::size_t at) {
      const bool leads = at - begin == left_out++;
      if (words_.is(
              at, {"the",     "my",     "our",   "a",    "an",    "from",  "for",  "at",   "of",
                   "in",      "on",     "out",   "off",  "to",    "as",    "by",   "now",  "too",
                   "again",   "please", "pls",   "plz",  "me",    "you",   "meal", "food", "foods",
                   "whole",   "entire", "thing", "what", "which", "ok",    "okay", "well", "so",
                   "earlier", "thanks", "thank", "thx",  "today", "alone", "there"}))
        return true;
      if (is_last_change(at)) return true;
      const WordRole role = role_of(words_.at(at));
      if (role == WordRole::kMake || role == WordRole::kRaw) return true;
      const bool last = at + 1 == end;
      if (words_.is(at, {"only", "just"}))
        return last || (leads && (awaited_ || read_.gone.empty())) || words_.is(at - 1, {"i"});
      if (words_.is(at, {"instead"})) return last;
      if (words_.is(at, {"log"})) return at > begin && words_.is(at - 1, {"the", "my", "food"});
      // "the eggs I had", "what I ate"
      if (words_.is(at, {"i", "ive", "we", "weve", "had", "have", "ate", "eaten", "drank", "logged",
                         "added", "entered", "recorded", "tracked", "put"}))
        return !leads || words_.is(begin, {"what"}) || words_.find({"thing"}, begin) < at;
      return log_.has_word(words_.tokens()[at].stem);
    });
  }

  /// A meal or time at the end is that of all: "the eggs and the toast from breakfast". So is a day
  /// before the first: "yesterday's lunch and dinner". Days of some alone are not clear.
  void share_places() {
    std::vector<Description>& gone = read_.gone;
    if (gone.size() < 2) return;
    const auto to_all = [&](const Moment& moment) {
      for (Description& item : gone)
        if (item.moment == Moment{}) item.moment = moment;
    };
    const Description last = gone.back();
    for (Description& item : gone)
      if (!item.has_place() && !last.name.empty()) item.meal = last.meal;
    const bool day_alone = last.name.empty() && last.meal.empty() && !last.has_amount() &&
                           !last.all && read_.names_food();
    if (day_alone) gone.pop_back();
    if (time_first_.front()) to_all(gone.front().moment);
    if (day_alone || !time_first_.back()) to_all(last.moment);
    for (const Description& item : gone)
      if ((item.moment == Moment{}) != (gone.front().moment == Moment{})) read_.unclear = true;
  }

  const Words& words_;
  const NutritionTable& table_;
  const RecentFood& log_;
  std::size_t to_;
  std::size_t at_;
  std::size_t begin_;  // of the item that is being read
  bool keeping_ = false;
  bool awaited_ = false;          // "keep" was said, and not yet what
  bool loose_ = false;            // what follows may be meant to go or to stay
  std::vector<bool> time_first_;  // of `gone`: "yesterday's lunch", not "lunch yesterday"
  Deletion read_;
};

}  // namespace

Deletion read_deletion(const Words& words, const NutritionTable& table, const RecentFood& log,
                       std::size_t from, std::size_t to) {
  return DeletionReader{words, table, log, from, to}.read();
}

}  // namespace health_agent::agent
