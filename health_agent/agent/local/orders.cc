#include "health_agent/agent/local/orders.h"

#include "health_agent/agent/food/numbers.h"

namespace health_agent::agent {

namespace {

/// The "that's" of "that's wrong"
bool says_wrong(const Words& words, std::size_t at) {
  const bool is = words.is(at + 1, {"is", "was"});
  return words.is(at, {"that", "thats", "this", "it", "my", "is", "was"}) &&
         words.is(at + (is ? 2 : 1), {"wrong", "incorrect", "mistake"});
}

/// "the eggs", "it", "that last one": something that was logged
bool names_something(const Words& words, std::size_t at) {
  return words.is(at, {"that", "it", "the", "all", "everything", "my", "about", "this", "last",
                       "those", "them", "these"});
}

}  // namespace

std::size_t first_word(const Words& words) {
  std::size_t at = 0;
  while (at < words.size() &&
         (words.tokens()[at].kind == TokenKind::kComma ||
          words.tokens()[at].kind == TokenKind::kColon || says_wrong(words, at) ||
          words.tokens()[at].kind == TokenKind::kBreak ||
          words.is(at, {"please",  "pls",    "plz",      "oops",       "sorry", "hey",      "hi",
                        "ok",      "okay",   "can",      "could",      "you",   "would",    "i",
                        "want",    "need",   "to",       "wait",       "no",    "just",     "id",
                        "like",    "whoops", "ah",       "oh",         "lets",  "actually", "then",
                        "now",     "nope",   "um",       "correction", "well",  "hmm",      "x",
                        "mistake", "wrong",  "incorrect"})))
    ++at;
  return at;
}

bool orders_undo(const Words& words, std::size_t at) {
  if (words.is(at, {"undo", "revert", "restore", "redo"})) return true;
  if (words.is(at, {"scratch", "revoke"}) && words.is(at + 1, {"that", "this", "it", "the"}))
    return true;
  if (words.is(at, {"take", "bring"}) && (words.is(at + 1, {"back"}) || words.is(at + 2, {"back"})))
    return true;
  return words.size() <= 3 &&
         (words.is(at, {"nevermind"}) || (words.is(at, {"never"}) && words.is(at + 1, {"mind"})));
}

std::size_t orders_deletion(const Words& words, std::size_t at) {
  if (words.is(at, {"delete", "remove", "cancel", "erase", "unlog", "discard", "del", "rm"}))
    return 1;
  if (words.is(at, {"get"}) && words.is(at + 1, {"rid"})) return 3;
  // "take away pizza for dinner" was eaten
  if (words.is(at, {"take"}) && words.is(at + 1, {"off", "out", "away"}))
    return names_something(words, at + 2) ? 2 : 0;
  const bool rest = names_something(words, at + 1);
  if (words.is(at, {"take"}) && rest && words.find({"off", "out"}, at) != kNowhere) return 1;
  return words.is(at, {"clear", "forget", "drop", "ignore", "scrap", "disregard", "strike", "omit",
                       "nix", "scratch", "trash", "exclude"}) &&
                 rest
             ? 1
             : 0;
}

bool orders_change(const Words& words, std::size_t at) {
  if (words.ends_clause(at + 1)) return words.is(at, {"edit", "change"});
  if (words.is(at, {"change", "correct", "edit", "update", "adjust", "modify", "fix", "replace",
                    "swap", "switch", "move", "rename"}))
    return true;
  if (words.is(at, {"increase", "lower", "reduce", "decrease", "raise", "bump", "cut"}))
    return names_something(words, at + 1) || words.find({"to"}, at) != kNowhere;
  if (words.is(at, {"set"})) return words.find({"to"}, at) != kNowhere;
  return words.is(at, {"make"}) &&
         words.is(at + 1, {"it", "that", "them", "those", "this", "the", "my"});
}

double orders_scaling(const Words& words, std::size_t at) {
  const double times = words.is(at, {"double"})          ? 2
                       : words.is(at, {"triple"})        ? 3
                       : words.is(at, {"halve", "half"}) ? 0.5
                       : words.is(at, {"twice"})         ? 2
                       : words.is(at, {"only", "just"})  ? orders_scaling(words, at + 1)
                                                         : 0;
  const std::size_t of = words.is(at + 1, {"of"}) ? 2 : 1;
  const bool pronoun =
      words.is(at + of, {"it", "that", "them", "this", "those"}) && words.ends_clause(at + of + 1);
  const bool named = words.is(at, {"double", "triple", "halve"}) && names_something(words, at + 1);
  return times == 0 || words.is(at, {"only", "just"}) || pronoun || named ? times : 0;
}

bool orders_in_passing(const Words& words) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const bool begins = words.tokens()[i - 1].kind == TokenKind::kComma ||
                        words.tokens()[i - 1].kind == TokenKind::kBreak ||
                        words.is(i - 1, {"and", "please", "then", "but", "you", "to"});
    if (begins && words.is(i, {"delete", "remove", "undo", "erase", "unlog"})) return true;
  }
  return false;
}

std::size_t old_amount(const Words& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::size_t number = words.is(i, {"not"})                 ? i + 1
                               : words.is(i, {"instead", "rather"}) ? i + 2
                                                                    : kNowhere;
    if (number == kNowhere) continue;
    const SpokenNumber old = number_at(words.tokens(), number);
    if (old.tokens > 0 && !old.article && words.has_number(0, i)) return i;
  }
  return kNowhere;
}

}  // namespace health_agent::agent
