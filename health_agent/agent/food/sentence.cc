#include "health_agent/agent/food/sentence.h"

#include <algorithm>
#include <array>

namespace health_agent::agent {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, word) != words.end();
}

/// "is a banana healthy", without its question mark
bool begins_a_question(std::string_view first, std::string_view second) {
  static constexpr std::array<std::string_view, 14> kVerbs{"is",     "are", "do",  "does",  "would",
                                                           "should", "did", "can", "could", "shall",
                                                           "will",   "may", "has", "am"};
  const bool inverted = (first == "have" || first == "had") && (second == "i" || second == "we");
  return is_one_of(first, kVerbs) || inverted;
}

}  // namespace

std::string_view Sentence::text(std::size_t at) const {
  return at < tokens_.size() && tokens_[at].kind == TokenKind::kWord
             ? std::string_view{tokens_[at].text}
             : std::string_view{};
}

/// "calories in an apple", "tell me about pizza"
bool Sentence::asks_for_figures(std::size_t at) const {
  static constexpr std::array<std::string_view, 14> kFigures{
      "calories",  "calorie", "kcal", "kcals",   "macros",    "nutrition", "nutritional",
      "nutrients", "tell",    "show", "explain", "calculate", "estimate",  "compare"};
  return !has_verb_ && me_ == Who::kNobody && is_one_of(text(at), kFigures);
}

void Sentence::begin(std::size_t at) {
  end_clause();
  begin_ = at;
  if (!keeps_) {
    me_ = Who::kNobody;
    has_verb_ = false;
    verb_ = Stance::kEaten;
    present_ = false;
  }
  hypothetical_ = false;
  asks_first_ = false;
  spoke_ = false;
  doubtful_ = is_question(at) || begins_a_question(text(at), text(at + 1));
  const bool have_i =
      (text(at) == "have" || text(at) == "had") && begins_a_question(text(at), text(at + 1));
  static constexpr std::array<std::string_view, 4> kQuestionWords{"who", "whose", "where", "why"};
  if (have_i || is_one_of(text(at), kQuestionWords)) hear_question(at);
}

/// Whether the sentence that begins at `at` ends with a question mark.
bool Sentence::is_question(std::size_t at) const {
  while (at < tokens_.size() && tokens_[at].kind != TokenKind::kBreak)
    ++at;
  return at < tokens_.size() && tokens_[at].text == "?";
}

void Sentence::end_clause() noexcept {
  end_predicate();
  denied_ = false;
  chat_ = false;
  aside_ = false;
}

void Sentence::end_predicate() noexcept {
  fresh_ = true;
  said_since_fresh_ = false;
  ++separators_;
}

bool Sentence::begins_predicate() const noexcept {
  return !said_since_fresh_ && (fresh_ || (me_ != Who::kNobody && !has_verb_));
}

void Sentence::hear(std::size_t at, WordRole role) {
  hear_short_will(at);
  // "I can eat 3 burgers"
  if (text(at) == "can" && me_ != Who::kNobody && begins_predicate()) hear_verb(Stance::kPlanned);
  switch (role) {
    case WordRole::kI:
      if (me_ == Who::kOther && !has_verb_ && text(at - 1) == "and") return hear_subject(Who::kUs);
      // "treated myself", "for me"
      if (text(at) == "myself") return;
      return hear_subject(Who::kMe);
    case WordRole::kWe:
      // "the three of us"
      if (text(at) != "us" || (!has_verb_ && at > begin_ && text(at - 1) == "of"))
        hear_subject(Who::kUs);
      return;
    case WordRole::kPerson:
      return hear_person(at);
    case WordRole::kChat:
      chat_ = true;
      if (asks_for_figures(at)) hear_question(at);
      // "going to eat", "need to eat"
      if (text(at) == "going" || (text(at + 1) == "to" && text(at + 2) != "the"))
        hear_verb(Stance::kPlanned);
      return;
    case WordRole::kGlue:
      // "maybe eggs", but not "I had maybe 2 eggs"
      if ((text(at) == "maybe" || text(at) == "perhaps") && !spoke_ && !has_verb_ &&
          me_ == Who::kNobody)
        hear_wish(at);
      if (text(at) == "about" && text(at + 1) == "to") hear_verb(Stance::kPlanned);
      return;
    case WordRole::kAside:
      aside_ = true;
      // "while my wife had salad"
      if (text(at) != "at" && text(at) != "in" && text(at) != "from" && text(at) != "into" &&
          text(at) != "during")
        end_predicate();
      // "it's been weeks since I had pizza"
      if (text(at) == "since" && role_of(text(at + 2)) == WordRole::kEat) {
        hypothetical_ = true;
        modal_ = Stance::kUnclear;
        modal_at_ = separators_;
      }
      return;
    case WordRole::kAsk:
      return hear_question(at);
    case WordRole::kWish:
      return hear_wish(at);
    case WordRole::kHabit:
      if (at > 0 && text(at - 1) == "as") return;
      hypothetical_ = true;
      modal_ = Stance::kHabit;
      modal_at_ = separators_;
      return;
    case WordRole::kEat:
    case WordRole::kEating:
    case WordRole::kLog:
      return hear_eating(at, role);
    case WordRole::kBuy:
      if (at > 0 && (text(at - 1) == "store" || text(at - 1) == "shop")) return;
      if (begins_predicate() || !said_since_fresh_) hear_verb(Stance::kBought);
      return;
    case WordRole::kMake:
      return hear_made(at);
    case WordRole::kStored:
      // "ate the burger but left the fries"
      if (text(at) == "left" && begins_predicate()) hear_verb(Stance::kUnclear);
      return;
    case WordRole::kLike:
      if (begins_predicate()) hear_verb(Stance::kLiked);
      return;
    case WordRole::kOther:
      if (begins_predicate()) hear_verb(Stance::kUnclear);
      return;
    case WordRole::kNegate:
      return hear_negation(at);
    case WordRole::kBreakfast:
    case WordRole::kLunch:
    case WordRole::kDinner:
    case WordRole::kSnack:
      aside_ = false;
      return;
    default:
      return;
  }
}

void Sentence::hear_subject(Who who) {
  me_ = who;
  has_verb_ = false;
  verb_ = Stance::kEaten;
  present_ = false;
  fresh_ = true;
  said_since_fresh_ = false;
  denied_ = false;
  keeps_ = false;
  if (hypothetical_ && modal_at_ != separators_) hypothetical_ = false;
}

/// The word that leads a person in: the `with` of "with my wife".
std::string_view Sentence::before_person(std::size_t at) const {
  static constexpr std::array<std::string_view, 11> kDeterminers{
      "my", "the", "our", "a", "his", "her", "their", "your", "little", "old", "best"};
  while (at > 0) {
    --at;
    if (!is_one_of(text(at), kDeterminers)) return text(at);
  }
  return {};
}

bool Sentence::is_recipient(std::size_t at) const {
  return before_person(at) == "for";
}

void Sentence::hear_person(std::size_t at) {
  static constexpr std::array<std::string_view, 12> kLeads{
      "with", "from", "at", "by", "to", "like", "of", "than", "near", "for", "without", "w"};
  // "she's having" is no possession, "my wife's eating" neither
  static constexpr std::array<std::string_view, 7> kPronouns{
      "he", "she", "everyone", "everybody", "someone", "somebody", "nobody"};
  const bool owns = tokens_[at].possessive && !is_one_of(text(at), kPronouns) &&
                    role_of(text(at + 1)) != WordRole::kEating;
  if (owns || is_one_of(before_person(at), kLeads)) return;
  // "family dinner", "kids menu"
  const bool attribute = (text(at) == "family" || text(at) == "team" || text(at) == "baby") &&
                         (at == 0 || text(at - 1) == before_person(at));
  if (attribute) return;
  if (me_ == Who::kMe && !has_verb_ && before_person(at) == "and") return hear_subject(Who::kUs);
  if (has_verb_ && !fresh_) return;
  hear_subject(Who::kOther);
}

/// "I'll", "she'd": something that is not done
void Sentence::hear_short_will(std::size_t at) {
  const std::string_view word = text(at);
  const bool apostrophe = tokens_[at].apostrophe && !tokens_[at].possessive;
  const bool ill = word == "ill" && role_of(text(at + 1)) == WordRole::kEating;
  if (!ill && !(apostrophe && (word.ends_with("ll") || word.ends_with('d')))) return;
  hear_subject(word == "ill" || word == "id" ? Who::kMe : Who::kOther);
  hear_verb(Stance::kPlanned);
}

void Sentence::hear_verb(Stance stance) {
  const bool chained = has_verb_ && !fresh_;
  // "thinking about having", "would have eaten": the first verb decides
  if (chained && verb_ != Stance::kEaten) return;
  if (hypothetical_ && modal_at_ != separators_) hypothetical_ = false;
  has_verb_ = true;
  verb_ = stance;
  present_ = false;
  fresh_ = false;
  keeps_ = false;
}

void Sentence::hear_eating(std::size_t at, WordRole role) {
  const bool was_fresh = fresh_;
  const bool denies = denied_ && denied_at_ + 1 == at;
  if (denied_ && !denies && was_fresh) denied_ = false;
  chat_ = false;
  aside_ = false;
  // "should I log 2 eggs", but "can you log 2 eggs"
  static constexpr std::array<std::string_view, 10> kOfQuestions{
      "should", "did", "do", "does", "have", "has", "is", "was", "may", "are"};
  const bool asks = role == WordRole::kLog && begin_ != at && is_one_of(text(begin_), kOfQuestions);
  if (asks) hear_question(at);
  if (role == WordRole::kLog && !asks && !denied_ && verb_ != Stance::kDenied) {
    has_verb_ = false;
    hypothetical_ = false;
    asks_first_ = false;
    doubtful_ = false;
    me_ = Who::kNobody;
  }
  // "had to", "have to"
  const bool must = text(at + 1) == "to" && role != WordRole::kLog;
  hear_verb(denies ? Stance::kDenied : must ? Stance::kPlanned : Stance::kEaten);
  if (denies) denied_ = false;
  if (verb_ != Stance::kEaten) return;
  verb_at_ = at;
  present_ = role == WordRole::kEating;
  have_ = text(at) == "have" || text(at) == "has";
  eat_ = text(at) == "eat" || text(at) == "eats" || text(at) == "drink" || text(at) == "drinks";
  ate_ = true;
  spoke_ = true;
}

void Sentence::hear_wish(std::size_t at) {
  static constexpr std::array<std::string_view, 15> kConditions{
      "if",   "when",   "whenever", "whether",  "suppose",  "imagine", "wish",   "wished",
      "hope", "hoping", "remind",   "thinking", "dreaming", "maybe",   "perhaps"};
  wished_ = true;
  if (is_one_of(text(at), kConditions)) {
    hypothetical_ = true;
    modal_ = Stance::kPlanned;
    modal_at_ = separators_;
    return;
  }
  if (text(at) == "later" && at > 0) return;
  // "almost 200 g" was eaten, "almost ate" was not
  const WordRole next = role_of(text(at + 1));
  const bool verb = next == WordRole::kEat || next == WordRole::kEating;
  if ((text(at) == "almost" || text(at) == "nearly") && !verb) return;
  hear_verb(Stance::kPlanned);
}

void Sentence::hear_question(std::size_t at) {
  if (text(at) == "what" && text(at + 1) == "a") return;  // "what a great lunch"
  // "I had a pizza, how much is that" does not begin as a question.
  if (spoke_) return;
  asks_first_ = true;
  asked_ = true;
}

void Sentence::hear_negation(std::size_t at) {
  static constexpr std::array<std::string_view, 12> kOfVerbs{"didnt",   "dont",  "doesnt", "havent",
                                                             "hasnt",   "hadnt", "never",  "cant",
                                                             "couldnt", "wont",  "cannot", "didn"};
  static constexpr std::array<std::string_view, 15> kAuxiliaries{
      "did",  "do", "does", "have",  "has",   "had", "was", "were",
      "will", "am", "im",   "would", "could", "can", "may"};
  const bool of_verb = text(at) == "not" && at > begin_ && is_one_of(text(at - 1), kAuxiliaries);
  // "instead of eating pizza", "rather than having pizza"
  const bool gerund = (text(at + 1) == "of" || text(at + 1) == "than") &&
                      role_of(text(at + 2)) == WordRole::kEating;
  if (of_verb || gerund || is_one_of(text(at), kOfVerbs)) {
    has_verb_ = false;
    return hear_verb(Stance::kDenied);
  }
  // "nothing except an apple" is an apple, "everything except the fries" is not
  if (text(at) == "except" && verb_ == Stance::kDenied) {
    has_verb_ = false;
    return hear_verb(Stance::kUnclear);
  }
  denied_ = true;
  denied_at_ = at;
}

/// "I cooked rice", "made pasta"; but not the "cooked rice" of a list, nor "homemade"
void Sentence::hear_made(std::size_t at) {
  static constexpr std::array<std::string_view, 13> kAlwaysVerbs{
      "cooking",  "baking",  "made",     "make",    "makes", "making", "cook",
      "prepared", "prepare", "prepping", "prepped", "prep",  "fixed"};
  // "a salad made with 200 g of chicken": of what it is made
  if (said_since_fresh_ && text(at) == "made" &&
      (text(at + 1) == "with" || text(at + 1) == "of" || text(at + 1) == "from")) {
    has_verb_ = false;
    return hear_verb(Stance::kUnclear);
  }
  const bool own = at > 0 && (text(at - 1) == "home" || text(at - 1) == "hand" ||
                              text(at - 1) == "self" || text(at - 1) == "store");
  if (own) return;
  const bool verb = is_one_of(text(at), kAlwaysVerbs);
  const bool after_had = has_verb_ && !fresh_ && !said_since_fresh_ && verb;
  const bool first = begins_predicate() && (me_ != Who::kNobody || verb || amount_follows(at + 1));
  const bool has_subject = me_ != Who::kNobody && !has_verb_;
  if (after_had || (first && (verb || has_subject || amount_follows(at + 1))))
    hear_verb(Stance::kMade);
}

bool Sentence::amount_follows(std::size_t at) const {
  static constexpr std::array<std::string_view, 8> kAmounts{"a",   "an",  "some",  "my",
                                                            "the", "two", "three", "four"};
  return at < tokens_.size() &&
         (tokens_[at].kind == TokenKind::kNumber || is_one_of(text(at), kAmounts));
}

Stance Sentence::stance(bool counted) const noexcept {
  if (me_ == Who::kOther) return Stance::kOthers;
  if (hypothetical_) return modal_;
  if (has_verb_ && verb_ != Stance::kEaten) return verb_;
  if (asks_first_) return Stance::kAsked;
  if (!has_verb_ && me_ != Who::kNobody) return Stance::kUnclear;
  if (doubtful_ && (!has_verb_ || present_)) return Stance::kAsked;
  if (me_ == Who::kUs && counted) return Stance::kShared;
  return Stance::kEaten;
}

}  // namespace health_agent::agent
