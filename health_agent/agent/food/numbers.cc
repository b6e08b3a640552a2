#include "health_agent/agent/food/numbers.h"

#include <limits>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace health_agent::agent {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

enum class NumberRole { kPlain, kTens, kArticle, kPart, kGroup };

struct NumberWord {
  NumberRole role;
  double value;
};

const std::unordered_map<std::string_view, NumberWord>& number_words() {
  using enum NumberRole;
  static const auto* const words = new std::unordered_map<std::string_view, NumberWord>{
      {"a", {kArticle, 1}},
      {"an", {kArticle, 1}},
      {"zero", {kPlain, 0}},
      {"one", {kPlain, 1}},
      {"two", {kPlain, 2}},
      {"three", {kPlain, 3}},
      {"four", {kPlain, 4}},
      {"five", {kPlain, 5}},
      {"six", {kPlain, 6}},
      {"seven", {kPlain, 7}},
      {"eight", {kPlain, 8}},
      {"nine", {kPlain, 9}},
      {"ten", {kPlain, 10}},
      {"eleven", {kPlain, 11}},
      {"twelve", {kPlain, 12}},
      {"thirteen", {kPlain, 13}},
      {"fourteen", {kPlain, 14}},
      {"fifteen", {kPlain, 15}},
      {"sixteen", {kPlain, 16}},
      {"seventeen", {kPlain, 17}},
      {"eighteen", {kPlain, 18}},
      {"nineteen", {kPlain, 19}},
      {"twenty", {kTens, 20}},
      {"thirty", {kTens, 30}},
      {"forty", {kTens, 40}},
      {"fifty", {kTens, 50}},
      {"sixty", {kTens, 60}},
      {"seventy", {kTens, 70}},
      {"eighty", {kTens, 80}},
      {"ninety", {kTens, 90}},
      {"couple", {kGroup, 2}},
      {"pair", {kGroup, 2}},
      {"few", {kGroup, 3}},
      {"several", {kGroup, 4}},
      {"dozen", {kGroup, 12}},
      {"dozens", {kGroup, 24}},
      {"hundred", {kGroup, 100}},
      {"thousand", {kGroup, 1e3}},
      {"million", {kGroup, 1e6}},
      {"millions", {kGroup, 1e6}},
      {"billion", {kGroup, 1e9}},
      {"billions", {kGroup, 1e9}},
      {"trillion", {kGroup, 1e12}},
      {"half", {kPart, 0.5}},
      {"halves", {kPart, 0.5}},
      {"third", {kPart, 1.0 / 3}},
      {"thirds", {kPart, 1.0 / 3}},
      {"quarter", {kPart, 0.25}},
      {"quarters", {kPart, 0.25}},
      {"fourths", {kPart, 0.25}},
      {"fifth", {kPart, 0.2}},
      {"fifths", {kPart, 0.2}},
      {"sixth", {kPart, 1.0 / 6}},
      {"sixths", {kPart, 1.0 / 6}},
      {"eighth", {kPart, 0.125}},
      {"eighths", {kPart, 0.125}},
      {"tenth", {kPart, 0.1}},
      {"nan", {kPlain, kNan}},
      {"inf", {kPlain, kInfinity}},
      {"infinity", {kPlain, kInfinity}},
      {"infinite", {kPlain, kInfinity}},
  };
  return *words;
}

class NumberReader {
 public:
  NumberReader(std::span<const Token> tokens, std::size_t at) : tokens_(tokens), at_(at) {}

  SpokenNumber read() {
    const std::size_t start = at_;
    const bool negative = is_word("minus") && number_follows(1);
    if (negative) ++at_;
    SpokenNumber number = one_number();
    if (number.tokens == 0) return {};
    if (const std::optional<double> upper = range_end()) number.value = (number.value + *upper) / 2;
    if (negative) number.value = -number.value;
    number.tokens = at_ - start;
    return number;
  }

 private:
  [[nodiscard]] const Token* token(std::size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr;
  }

  [[nodiscard]] bool is_word(std::string_view text, std::size_t ahead = 0) const {
    const Token* const next = token(ahead);
    return next != nullptr && next->kind == TokenKind::kWord && next->text == text;
  }

  [[nodiscard]] const NumberWord* word(std::size_t ahead = 0) const {
    const Token* const next = token(ahead);
    if (next == nullptr || next->kind != TokenKind::kWord) return nullptr;
    const auto found = number_words().find(next->text);
    return found == number_words().end() ? nullptr : &found->second;
  }

  [[nodiscard]] bool number_follows(std::size_t ahead) const {
    const Token* const next = token(ahead);
    return next != nullptr && (next->kind == TokenKind::kNumber || word(ahead) != nullptr);
  }

  SpokenNumber one_number() {
    SpokenNumber number;
    const std::size_t start = at_;
    if (const Token* const first = token(); first != nullptr && first->kind == TokenKind::kNumber) {
      number.value = first->value;
      ++at_;
      fraction_after(number.value, first->fraction);
    } else if (const NumberWord* const spoken = word();
               spoken != nullptr && (stands_alone(*spoken) || is_word("of", 1))) {
      number.value = spoken->value;
      number.article = spoken->role == NumberRole::kArticle;
      ++at_;
      if (spoken->role == NumberRole::kTens) ones_after(number.value);
      if (spoken->role == NumberRole::kPart) skip_of();
    } else {
      return {};
    }
    groups_after(number);
    number.tokens = at_ - start;
    return number;
  }

  static bool stands_alone_in_group(const NumberWord& word) {
    return word.role == NumberRole::kGroup || stands_alone(word);
  }

  /// `my third coffee` is not a third of a coffee.
  static bool stands_alone(const NumberWord& word) {
    return word.role != NumberRole::kPart || word.value == 0.5 || word.value == 0.25;
  }

  void ones_after(double& value) {
    const NumberWord* const ones = word();
    if (ones == nullptr || ones->role != NumberRole::kPlain ||
        !(ones->value >= 1 && ones->value <= 9))
      return;
    value += ones->value;
    ++at_;
  }

  /// The fifty of `one hundred fifty`, `a hundred and fifty`
  void rest_after(double& value) {
    const std::size_t skip = is_word("and") ? 1 : 0;
    const NumberWord* const rest = word(skip);
    const bool plain = rest != nullptr &&
                       (rest->role == NumberRole::kTens ||
                        (rest->role == NumberRole::kPlain && rest->value < 20 && rest->value > 0));
    if (!plain) return;
    at_ += skip + 1;
    value += rest->value;
    if (rest->role == NumberRole::kTens) ones_after(value);
  }

  /// `1 1/2`
  void fraction_after(double& value, bool is_fraction) {
    const Token* const next = token();
    if (is_fraction || next == nullptr || next->kind != TokenKind::kNumber || !next->fraction)
      return;
    value += next->value;
    ++at_;
  }

  /// `two dozen`, `a couple`, `three quarters`, `one and a half`, `half a dozen`, in any sensible
  /// order.
  void groups_after(SpokenNumber& number) {
    // Each kind once or twice is speech; more of them is somebody's joke, and is left where it
    // stands.
    for (int rounds = 0; rounds < 3; ++rounds) {
      if (const NumberWord* const next = word()) {
        if (next->role != NumberRole::kGroup && next->role != NumberRole::kPart) return;
        // "a third coffee" is one more, "a third of a cake" is not
        if (number.article && !stands_alone_in_group(*next) && !is_word("of", 1)) return;
        number.value *= next->value;
        number.article = false;
        ++at_;
        if (next->value == 100 || next->value == 1e3) rest_after(number.value);
        if (next->role == NumberRole::kPart) skip_of();
        continue;
      }
      if (!is_word("and")) return;
      const std::size_t skip = is_word("a", 1) || is_word("one", 1) ? 2 : 1;
      const Token* const part = token(skip);
      const NumberWord* const spoken = word(skip);
      if (spoken != nullptr && spoken->role == NumberRole::kPart) {
        number.value += spoken->value;
      } else if (skip == 1 && part != nullptr && part->kind == TokenKind::kNumber &&
                 part->fraction) {
        number.value += part->value;
      } else {
        return;
      }
      number.article = false;
      at_ += skip + 1;
    }
  }

  /// The little words after a part: half `of a`, half `the`.
  void skip_of() {
    if (is_word("of")) ++at_;
    if (is_word("a") || is_word("an") || is_word("the") || is_word("my")) ++at_;
  }

  /// The 3 of `2-3`, `2 to 3`, `two or three`.
  std::optional<double> range_end() {
    const Token* const next = token();
    if (next == nullptr) return std::nullopt;
    if (next->kind == TokenKind::kNumber && next->range) {
      ++at_;
      return next->value;
    }
    if (!is_word("to") && !is_word("or")) return std::nullopt;
    const Token* const end = token(1);
    if (end == nullptr) return std::nullopt;
    const NumberWord* const spoken = word(1);
    const bool plain = end->kind == TokenKind::kNumber ||
                       (spoken != nullptr && spoken->role == NumberRole::kPlain);
    if (!plain) return std::nullopt;
    at_ += 2;
    return spoken != nullptr ? spoken->value : end->value;
  }

  std::span<const Token> tokens_;
  std::size_t at_;
};

}  // namespace

SpokenNumber number_at(std::span<const Token> tokens, std::size_t at) {
  return NumberReader{tokens, at}.read();
}

}  // namespace health_agent::agent
