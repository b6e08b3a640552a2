#include "health_agent/agent/food/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "health_agent/agent/food/units.h"
#include "vitals/base/utf8.h"

namespace health_agent::agent {
namespace {

constexpr std::size_t kMaxWordBytes = 64;

bool is_digit(char32_t c) {
  return c >= U'0' && c <= U'9';
}
bool is_ascii_letter(char32_t c) {
  return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z');
}

/// The code point at `at` and its length; a byte that is not UTF-8 reads as a space of length 1.
std::pair<char32_t, std::size_t> code_point(std::string_view text, std::size_t at) {
  const auto [code, length] = vitals::base::decode_utf8(text.substr(at));
  if (length == 0) return {U' ', 1};
  return {code, length};
}

/// The unaccented letters of U+00C0 to U+017F, one or two for each; `*` for what is no letter.
std::string_view unaccented(char32_t c) {
  static constexpr std::string_view kLatin1 =
      "aaaaaa\1ceeeeiiiidnooooo*ouuuuy\2\3"
      "aaaaaa\1ceeeeiiiidnooooo*ouuuuy\2y";
  static constexpr std::string_view kExtendedA =
      "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii\4\4jjkkkllllllllll"
      "nnnnnnnnnoooooo\5\5rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";
  static_assert(kLatin1.size() == 64 && kExtendedA.size() == 128);
  static constexpr std::array<std::string_view, 6> kPairs{"", "ae", "th", "ss", "ij", "oe"};
  const bool latin1 = c < 0x100;
  const std::string_view row = latin1 ? kLatin1 : kExtendedA;
  const std::size_t index = c - (latin1 ? 0xC0U : 0x100U);
  const auto letter = static_cast<unsigned char>(row[index]);
  if (letter < kPairs.size()) return kPairs[letter];
  return row.substr(index, 1);
}

double unicode_fraction(char32_t c) {
  if (c == 0xBC) return 0.25;
  if (c == 0xBD) return 0.5;
  if (c == 0xBE) return 0.75;
  static constexpr std::array<double, 15> kFrom2150{1.0 / 7, 1.0 / 9, 0.1,   1.0 / 3, 2.0 / 3,
                                                    0.2,     0.4,     0.6,   0.8,     1.0 / 6,
                                                    5.0 / 6, 0.125,   0.375, 0.625,   0.875};
  return c >= 0x2150 && c <= 0x215E ? kFrom2150[c - 0x2150] : 0;
}

bool is_dash(char32_t c) {
  return c == U'-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

bool is_apostrophe(char32_t c) {
  return c == U'\'' || c == 0x2019 || c == 0x2018 || c == 0x02BC;
}

bool is_mark_or_emoji(char32_t c) {
  if (c < 0x80) return !is_ascii_letter(c) && !is_digit(c);
  if (c < 0xC0) return true;
  return c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x2BFF) || (c >= 0x3000 && c <= 0x303F) ||
         (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFF00 && c <= 0xFF0F) || c == 0xFEFF ||
         (c >= 0xFFF0 && c <= 0xFFFF) || (c >= 0x1F000 && c <= 0x1FAFF) || c >= 0xE0000;
}

bool is_letter(char32_t c) {
  return is_ascii_letter(c) || (c >= 0xC0 && !is_mark_or_emoji(c));
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    tokens_.reserve(text_.size() / 4 + 1);
    while (at_ < text_.size())
      step();
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] char32_t peek(std::size_t at) const {
    return at < text_.size() ? code_point(text_, at).first : U' ';
  }

  void step() {
    const auto [c, length] = code_point(text_, at_);
    if (is_digit(c) || unicode_fraction(c) > 0 || (c == U'.' && is_digit(peek(at_ + 1))) ||
        is_leading_comma(c)) {
      number();
    } else if (is_letter(c)) {
      word();
    } else {
      mark(c, length);
    }
  }

  void push(TokenKind kind, std::string_view text = {}) {
    Token& token = tokens_.emplace_back();
    token.kind = kind;
    token.text = text;
    glued_end_ = std::string_view::npos;
  }

  void mark(char32_t c, std::size_t length) {
    const std::size_t start = at_;
    at_ += length;
    if (is_dash(c)) {
      const bool glued = glued_end_ == start;
      const bool number_follows = is_digit(peek(at_)) || unicode_fraction(peek(at_)) > 0;
      if (glued) {
        hyphen_end_ = at_;
      } else if (number_follows) {
        negative_ = true;
      }
      return;
    }
    switch (c) {
      case U',':
      case 0x3001:
      case 0xFF0C:
      case 0x60C:
        push(TokenKind::kComma);
        break;
      case U'.':
        push(TokenKind::kBreak, ".");
        break;
      case U'?':
        push(TokenKind::kBreak, "?");
        break;
      case U';':
      case U'!':
      case U'\n':
      case U'|':
      case 0x2022:
      case 0x2026:
      case 0x3002:
      case 0x2028:
      case 0x2029:
        push(TokenKind::kBreak);
        break;
      case U'(':
      case U'[':
      case U'{':
        push(TokenKind::kOpen);
        break;
      case U')':
      case U']':
      case U'}':
        push(TokenKind::kClose);
        break;
      case U':':
      case U'=':
        push(TokenKind::kColon);
        break;
      case U'&':
      case U'+':
      case U'/':
        if (c == U'/' && short_with(start)) break;
        push_word(c == U'/' && !is_digit(peek(at_)) ? "or" : "and");
        break;
      case U'@':
        push_word("at");
        break;
      case U'<':
      case U'>':
        push_word("vs");
        break;
      case U'$':
      case 0xA3:
      case 0x20AC:
        money(start);
        break;
      case 0xD7:
      case U'*':
        push_word("x");
        break;
      default:
        break;
    }
  }

  void push_word(std::string text) {
    Token& token = tokens_.emplace_back();
    token.stem = text;
    token.text = std::move(text);
    glued_end_ = std::string_view::npos;
  }

  /// "w/o" and "w/", where the w is read already
  bool short_with(std::size_t slash) {
    if (glued_end_ != slash || tokens_.empty() || tokens_.back().text != "w") return false;
    const bool o = (peek(at_) | 0x20U) == U'o' && !is_letter(peek(at_ + 1));
    const bool out = (peek(at_) | 0x20U) == U'o' && (peek(at_ + 1) | 0x20U) == U'u' &&
                     (peek(at_ + 2) | 0x20U) == U't' && !is_letter(peek(at_ + 3));
    Token& token = tokens_.back();
    token.text = o || out ? "without" : "with";
    token.stem = token.text;
    at_ += o ? 1 : out ? 3 : 0;
    return true;
  }

  /// "$5", "5 €": a price is no quantity.
  void money(std::size_t sign) {
    if (is_digit(peek(at_))) {
      price_ = true;
    } else if (!tokens_.empty() && tokens_.back().kind == TokenKind::kNumber &&
               (glued_end_ == sign || (sign > 0 && glued_end_ == sign - 1))) {
      tokens_.back().kind = TokenKind::kWord;
    }
  }

  /// ",5 l": a decimal whose nought is not written; but not the comma of "eggs ,5 olives"
  [[nodiscard]] bool is_leading_comma(char32_t c) const {
    if (c != U',' || digits_at(at_ + 1) == 0 || digits_at(at_ + 1) > 2) return false;
    if (at_ > 0 && text_[at_ - 1] != ' ' && text_[at_ - 1] != '\n') return false;
    std::size_t at = at_ + 1 + digits_at(at_ + 1);
    if (peek(at) == U' ') ++at;
    Token token;
    while (is_ascii_letter(peek(at)) && token.text.size() < kMaxWordBytes)
      token.text.push_back(static_cast<char>(text_[at++] | 0x20));
    token.stem = stem_of(token.text);
    const Unit* const unit = find_unit(token);
    return unit != nullptr && unit->kind != UnitKind::kCount;
  }

  /// "a.m.": the whole of it is one word
  [[nodiscard]] std::size_t dotted_half_day() const {
    const char32_t first = peek(at_) | 0x20U;
    if ((first != U'a' && first != U'p') || peek(at_ + 1) != U'.') return 0;
    if ((peek(at_ + 2) | 0x20U) != U'm' || is_letter(peek(at_ + 3))) return 0;
    return peek(at_ + 3) == U'.' ? 4 : 3;
  }

  void word() {
    const std::size_t start = at_;
    if (const std::size_t length = dotted_half_day(); length > 0) {
      push_word((peek(at_) | 0x20U) == U'a' ? "am" : "pm");
      at_ += length;
      return;
    }
    std::string letters;
    const bool after_number =
        glued_end_ == start && !tokens_.empty() && tokens_.back().kind == TokenKind::kNumber;
    bool has_possessive = false;
    bool has_apostrophe = false;
    while (at_ < text_.size()) {
      const auto [c, length] = code_point(text_, at_);
      if (is_apostrophe(c) && is_letter(peek(at_ + length))) {
        const bool possessive = (peek(at_ + length) == U's' || peek(at_ + length) == U'S') &&
                                !is_letter(peek(at_ + length + 1));
        has_possessive = has_possessive || possessive;
        has_apostrophe = true;
        at_ += length + (possessive ? 1 : 0);
        continue;
      }
      if (!is_letter(c) && !is_digit(c)) break;
      if (is_digit(c) && letters == "x") break;  // "egg x3"
      if (is_digit(c) && after_number) break;    // "1lb4oz"
      append(letters, c, length);
      at_ += length;
    }
    if (letters.empty()) return;
    Token& token = tokens_.emplace_back();
    token.after_hyphen = hyphen_end_ == start;
    token.possessive = has_possessive;
    token.apostrophe = has_apostrophe;
    token.stem = stem_of(letters);
    token.plural = letters.size() > 3 && letters.ends_with('s') && !letters.ends_with("ss") &&
                   !letters.ends_with("us");
    token.text = std::move(letters);
    glued_end_ = at_;
  }

  void append(std::string& letters, char32_t c, std::size_t length) const {
    if (letters.size() + length > kMaxWordBytes) return;
    if (c >= 0x300 && c <= 0x36F) return;  // an accent that combines with the letter before it
    if (c >= U'A' && c <= U'Z') {
      letters.push_back(static_cast<char>(c + 32));
    } else if (c >= 0xC0 && c <= 0x17F) {
      letters.append(unaccented(c));
    } else {
      letters.append(text_.substr(at_, length));
    }
  }

  void number() {
    const std::size_t start = at_;
    if (clock() || date()) return;
    Token token;
    token.kind = TokenKind::kNumber;
    token.range =
        hyphen_end_ == start && !tokens_.empty() && tokens_.back().kind == TokenKind::kNumber;
    token.value = whole_and_decimals();
    if ((peek(at_) == U'/' && is_digit(peek(at_ + 1))) ||
        (peek(at_) == 0x2044 && is_digit(peek(at_ + 3)))) {
      at_ += peek(at_) == U'/' ? 1 : 3;
      const double below = whole_and_decimals();
      // "80/20 beef": how lean it is
      if (below > 0 && token.value + below == 100) token.kind = TokenKind::kWord;
      token.value = below == 0 ? std::numeric_limits<double>::infinity() : token.value / below;
      token.fraction = true;
    } else if (const double part = unicode_fraction(peek(at_)); part > 0) {
      token.fraction = at_ == start;
      token.value += part;
      at_ += code_point(text_, at_).second;
    }
    if (std::exchange(negative_, false)) token.value = -token.value;
    token.text = text_.substr(start, std::min(at_ - start, kMaxWordBytes));
    if (peek(at_) == U' ' && peek(at_ + 1) == U'%') ++at_;
    if (peek(at_) == U'%') {
      // A share describes ("2% milk", "100% whole wheat"); it is not a quantity.
      ++at_;
      token.kind = TokenKind::kWord;
      token.text.push_back('%');
    }
    if (is_ordinal_ending(at_)) {
      token.kind = TokenKind::kWord;
      token.text.append(text_.substr(at_, 2));
      at_ += 2;
    }
    if (std::exchange(price_, false)) token.kind = TokenKind::kWord;
    // "omega-3 egg": part of a name, unless a unit is bound to it ("rice-150g").
    if (hyphen_end_ == start && !token.range && !is_letter(peek(at_)))
      token.kind = TokenKind::kWord;
    token.stem = token.text;
    tokens_.push_back(std::move(token));
    glued_end_ = at_;
  }

  /// "12:30"; false and nothing taken where there is no time
  bool clock() {
    const std::size_t hour_digits = digits_at(at_);
    const std::size_t colon = at_ + hour_digits;
    if (hour_digits == 0 || hour_digits > 2 || peek(colon) != U':') return false;
    if (digits_at(colon + 1) != 2) return false;
    if (is_letter(peek(colon + 3)) && !is_half_day(colon + 3)) return false;
    const int hour = digits_value(at_, hour_digits);
    const int minute = digits_value(colon + 1, 2);
    if (hour > 24 || minute > 59) return false;
    Token& token = tokens_.emplace_back();
    token.kind = TokenKind::kClock;
    token.value = hour * 3600 + minute * 60;
    token.text = text_.substr(at_, hour_digits + 3);
    token.stem = token.text;
    at_ = colon + 3;
    negative_ = false;
    return true;
  }

  /// "11/24/2026", "24.11.26", "2026-11-24"; false and nothing taken where there is no date
  bool date() {
    std::array<std::size_t, 3> digits{};
    std::size_t end = at_;
    const std::size_t first = digits_at(at_);
    const char32_t mark = peek(at_ + first);
    if (mark != U'/' && mark != U'.' && mark != U'-') return false;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      digits.at(i) = digits_at(end);
      end += digits.at(i);
      if (i < 2 && peek(end++) != mark) return false;
    }
    const auto short_one = [&](std::size_t i) { return digits.at(i) == 1 || digits.at(i) == 2; };
    const bool year_first = digits[0] == 4 && short_one(2);
    const bool year_last = short_one(0) && (digits[2] == 4 || (digits[2] == 2 && mark != U'-'));
    if (!short_one(1) || !(year_first || year_last) || is_letter(peek(end))) return false;
    Token& token = tokens_.emplace_back();
    token.kind = TokenKind::kDate;
    token.text = text_.substr(at_, end - at_);
    token.stem = token.text;
    at_ = end;
    negative_ = false;
    return true;
  }

  [[nodiscard]] bool is_half_day(std::size_t at) const {
    const char32_t first = peek(at) | 0x20U;
    if (first == U'h') return !is_letter(peek(at + 1));
    return (first == U'a' || first == U'p') &&
           ((peek(at + 1) | 0x20U) == U'm' || peek(at + 1) == U'.');
  }

  [[nodiscard]] int digits_value(std::size_t at, std::size_t count) const {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i)
      value = value * 10 + (text_[at + i] - '0');
    return value;
  }

  /// The end of "2nd"
  [[nodiscard]] bool is_ordinal_ending(std::size_t at) const {
    if (at + 2 > text_.size() || is_letter(peek(at + 2))) return false;
    const std::array<char, 2> end{static_cast<char>(text_[at] | 0x20),
                                  static_cast<char>(text_[at + 1] | 0x20)};
    const std::string_view ending{end.data(), end.size()};
    return ending == "st" || ending == "nd" || ending == "rd" || ending == "th";
  }

  /// `1,000` `1.5` `1,5` `.5` `1e9`; nothing there is 0.
  double whole_and_decimals() {
    std::string digits;
    take_digits(digits);
    while (peek(at_) == U',' && digits_at(at_ + 1) == 3 && !digits.empty()) {
      ++at_;
      take_digits(digits);
    }
    const char32_t point = peek(at_);
    if ((point == U'.' || (point == U',' && digits_at(at_ + 1) < 3)) && is_digit(peek(at_ + 1))) {
      ++at_;
      digits.push_back('.');
      take_digits(digits);
    }
    if (const char32_t e = peek(at_); (e == U'e' || e == U'E') && !digits.empty()) {
      std::size_t after = at_ + 1;
      if (peek(after) == U'+' || peek(after) == U'-') ++after;
      if (const std::size_t count = digits_at(after);
          count > 0 && !is_letter(peek(after + count))) {
        digits.append(text_.substr(at_, after - at_)).append(text_.substr(after, count));
        at_ = after + count;
        std::erase(digits, '+');
      }
    }
    if (digits.empty()) return 0;
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    // Out of range is too large for anybody's plate, or so small that it is nothing.
    if (error == std::errc::result_out_of_range)
      return digits.find("e-") == std::string::npos ? std::numeric_limits<double>::infinity() : 0;
    return value;
  }

  [[nodiscard]] std::size_t digits_at(std::size_t at) const {
    std::size_t count = 0;
    while (at + count < text_.size() && is_digit(static_cast<unsigned char>(text_[at + count])))
      ++count;
    return count;
  }

  void take_digits(std::string& digits) {
    const std::size_t count = digits_at(at_);
    digits.append(text_.substr(at_, count));
    at_ += count;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t glued_end_ = std::string_view::npos;   // where the last word or number ended
  std::size_t hyphen_end_ = std::string_view::npos;  // where a dash glued to it ended
  bool negative_ = false;
  bool price_ = false;  // a currency's sign stands before the number
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view message) {
  return Lexer{message.substr(0, kMaxTextBytes)}.run();
}

}  // namespace health_agent::agent
