#include "health_agent/agent/orders.h"

#include "health_agent/agent/numbers.h"

namespace health_agent::agent {

std::size_t first_word(const Words& words) {
  std::size_t at = 0;
  while (at < words.size() &&
         (words.tokens()[at].kind == TokenKind::kComma ||
          words.tokens()[at].kind == TokenKind::kBreak ||
          words.is(at, {"please", "pls",  "plz",      "oops", "sorry", "hey",  "hi",     "ok",
                        "okay",   "can",  "could",    "you",  "would", "i",    "want",   "need",
                        "to",     "wait", "no",       "just", "id",    "like", "whoops", "ah",
                        "oh",     "lets", "actually", "then", "now",   "nope", "um"})))
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
  if (words.is(at, {"take"}) && words.is(at + 1, {"off", "out", "away"})) return 2;
  if (words.is(at, {"take"}) && words.find({"off", "out"}, at) != kNowhere) return 1;
  const bool rest =
      words.is(at + 1, {"that", "it", "the", "all", "everything", "my", "about", "this", "last"});
  return words.is(at, {"clear", "forget", "drop"}) && rest ? 1 : 0;
}

bool orders_change(const Words& words, std::size_t at) {
  if (words.ends_clause(at + 1)) return words.is(at, {"edit", "change"});
  if (words.is(at, {"change", "correct", "edit", "update", "adjust", "modify", "fix", "replace",
                    "swap", "switch", "move", "rename"}))
    return true;
  if (words.is(at, {"set"})) return words.find({"to"}, at) != kNowhere;
  return words.is(at, {"make"}) &&
         words.is(at + 1, {"it", "that", "them", "those", "this", "the", "my"});
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
