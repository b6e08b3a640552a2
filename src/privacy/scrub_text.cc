#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "privacy/scrub.h"
#include "privacy/secret_names.h"
#include "vitals/base/ascii.h"

namespace vitals::privacy {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;
constexpr std::size_t kLongestName = 64;
constexpr std::size_t kShortestCut = 190;  // the shortest text that may be only the front of one

bool is_space(char c) noexcept {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
bool is_quote(char c) noexcept {
  return c == '"' || c == '\'' || c == '`';
}
bool is_name_character(char c) noexcept {
  return base::is_letter(c) || base::is_digit(c) || c == '_' || c == '-' || c == '.';
}
bool is_token_character(char c) noexcept {
  return is_name_character(c) || c == '~' || c == '+' || c == '/' || c == '=';
}

template <class Is>
bool all_of(std::string_view text, Is is) noexcept {
  return std::all_of(text.begin(), text.end(), is);
}
template <class Is>
bool any_of(std::string_view text, Is is) noexcept {
  return std::any_of(text.begin(), text.end(), is);
}

/// Bytes at which something secret may begin or end. All others are passed over.
constexpr std::array<bool, 256> kTriggers = [] {
  std::array<bool, 256> table{};
  for (const char c : {'=', ':', ' ', '\t', '?', '>', '.'})
    table[static_cast<unsigned char>(c)] = true;
  for (char c = '0'; c <= '9'; ++c)
    table[static_cast<unsigned char>(c)] = true;
  return table;
}();

/// A value that nobody would mind: not there, a word of a language, a place to fill in, masked.
bool is_harmless(std::string_view value) noexcept {
  constexpr std::array<std::string_view, 8> kWords{"true", "false", "null",      "none",
                                                   "nil",  "empty", "undefined", "%s"};
  const auto is = [value](std::string_view word) { return base::equal_ignoring_case(value, word); };
  return value.empty() || std::any_of(kWords.begin(), kWords.end(), is) ||
         all_of(value, [](char c) { return c == '*' || c == '?' || c == '.'; }) ||
         (value.front() == '$' && value.size() < 5 && all_of(value.substr(1), base::is_digit));
}

/// Where a run of bytes ends, asked for places that only grow: each byte is looked at once, however
/// many URLs a hostile text has.
class RunEnd {
 public:
  template <class Find>
  [[nodiscard]] std::size_t end_of(std::size_t at, const Find& find) {
    if (at < begin_ || at > end_) {
      begin_ = at;
      end_ = find(at);
    }
    return end_;
  }

 private:
  std::size_t begin_ = 1;
  std::size_t end_ = 0;
};

class TextScrubber {
 public:
  TextScrubber(std::string_view text, bool pii, std::string& out, Strictness strictness) noexcept
      : text_(text), pii_(pii), strictness_(strictness), out_(out) {}

  [[nodiscard]] std::string_view run() {
    const char* const begin = text_.data();
    const char* const end = begin + text_.size();
    for (const char* next = begin; next != end;) {
      if (!kTriggers[static_cast<unsigned char>(*next)]) {
        ++next;
        continue;
      }
      const auto at = static_cast<std::size_t>(next - begin);
      next = begin + std::max(handle(*next, at), at + 1);
    }
    if (done_ == 0) return text_;
    out_.append(text_.substr(done_));
    return out_;
  }

 private:
  /// Where to go on.
  [[nodiscard]] std::size_t handle(char c, std::size_t at) {
    switch (c) {
      case '=':
        return equals(at);
      case ':':
        return colon(at);
      case '?':
        return at == query_ ? query(at) : at;
      case '>':
        return element(at);
      case '.':
        return text_.substr(at + 1).starts_with("eyJ") ? web_token(at) : at;
      case ' ':
      case '\t':
        return scheme(at);
      default:
        return digits(at);
    }
  }

  void mask(std::size_t from, std::size_t to) { replace(from, to, kFiltered); }
  void replace(std::size_t from, std::size_t to, std::string_view with) {
    if (done_ == 0) out_.clear();
    out_.append(text_.substr(done_, from - done_));
    out_ += with;
    done_ = to;
  }
  [[nodiscard]] char char_at(std::size_t at) const noexcept {
    return at < text_.size() ? text_[at] : '\0';
  }
  template <class Is>
  [[nodiscard]] std::size_t skip(std::size_t at, Is is) const noexcept {
    while (at < text_.size() && is(text_[at]))
      ++at;
    return at;
  }

  /// What is said of the name that ends before `at`.
  struct Name {
    SecretKind kind = SecretKind::kNone;
    bool quoted = false;  // a field of JSON or of something like it
    bool line = false;    // its value goes on to the line's end, as a header's does
  };
  [[nodiscard]] Name name_before(std::size_t at) const noexcept {
    std::size_t end = at;
    while (end > done_ && at - end < 2 && text_[end - 1] == ' ')
      --end;
    Name name;
    if (end > done_ && (is_quote(text_[end - 1]) || text_[end - 1] == ']')) {
      name.quoted = true;
      --end;
      while (end > done_ && text_[end - 1] == '\\')
        --end;
    }
    std::size_t start = end;
    while (start > done_ && end - start < kLongestName && is_name_character(text_[start - 1]))
      --start;
    const std::string_view word = text_.substr(start, end - start);
    name.kind = secret_kind(word);
    if (name.kind == SecretKind::kNone && name.quoted && strictness_ == Strictness::kJson &&
        is_sensitive(word)) {
      name.kind = SecretKind::kPassword;
    }
    name.line = name.kind == SecretKind::kToken && !name.quoted && is_header_name(word);
    return name;
  }

  [[nodiscard]] std::size_t equals(std::size_t at) {
    if (at > 0 && (text_[at - 1] == '!' || text_[at - 1] == '<' || text_[at - 1] == '>')) return at;
    if (char_at(at + 1) == '=') return skip(at, [](char c) { return c == '='; });
    const Name name = name_before(at);
    if (name.kind == SecretKind::kNone) return at;
    return value(name, char_at(at + 1) == '>' ? at + 2 : at + 1, false);
  }

  [[nodiscard]] std::size_t colon(std::size_t at) {
    if (text_.substr(at + 1).starts_with("//")) return url(at);
    if (char_at(at + 1) == ':') return at + 2;
    const Name name = name_before(at);
    if (name.kind == SecretKind::kNone) return at;
    return value(name, at + 1, !name.quoted);
  }

  /// Masks what stands under a sensitive name. With `prose` only where it does not read like the
  /// rest of a sentence.
  [[nodiscard]] std::size_t value(const Name& name, std::size_t at, bool prose) {
    const std::size_t start = skip(at, [](char c) { return c == ' ' || c == '\t'; });
    if (start == text_.size() || start - at > 8) return at;
    if (text_.substr(start).starts_with(kFiltered)) return start + kFiltered.size();
    const bool escaped = text_[start] == '\\' && is_quote(char_at(start + 1));
    if (escaped || is_quote(text_[start])) return quoted_value(name, start, escaped, prose);
    if (name.quoted && (text_[start] == '{' || text_[start] == '[')) {
      const std::size_t end = bracket_end(start);
      mask(start, end);
      return end;
    }
    const std::size_t end = word_end(start);
    if (is_credential_scheme(text_.substr(start, end - start)) && char_at(end) == ' ') {
      const std::size_t credential = skip(end, [](char c) { return c == ' '; });
      if (text_.substr(credential).starts_with(kFiltered)) return credential + kFiltered.size();
      const std::size_t line = line_end(start);
      const std::string_view word = text_.substr(credential, word_end(credential) - credential);
      if (prose && all_of(word, base::is_letter) && word.size() < 8) return at;
      mask(start, name.line ? line : std::max(word_end(credential), end));
      return done_;
    }
    const std::string_view word = text_.substr(start, end - start);
    if (is_harmless(word) || (prose && is_prose(name.kind, word, at, start, end))) return at;
    mask(start, name.line ? line_end(start) : end);
    return done_;
  }

  [[nodiscard]] std::size_t quoted_value(const Name& name, std::size_t start, bool escaped,
                                         bool prose) {
    const char quote = text_[escaped ? start + 1 : start];
    const std::size_t inner = start + (escaped ? 2 : 1);
    std::size_t end = inner;
    if (escaped) {
      while (end < text_.size() && !(text_[end] == '\\' && char_at(end + 1) == quote))
        ++end;
    } else {
      while (end < text_.size() && text_[end] != quote)
        end += text_[end] == '\\' && end + 1 < text_.size() ? 2U : 1U;
    }
    const std::string_view word = text_.substr(inner, end - inner);
    const bool token_of_a_parser =
        prose && name.kind == SecretKind::kToken &&
        (word.size() < 4 || (word.size() < 16 && all_of(word, base::is_letter)));
    if (word.empty() || word == kFiltered || token_of_a_parser) return end;
    mask(inner, end);
    return end;
  }

  /// Where an object or array in JSON ends, or the text.
  [[nodiscard]] std::size_t bracket_end(std::size_t at) const noexcept {
    int depth = 0;
    bool in_string = false;
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '\\') {
        ++at;
      } else if (c == '"') {
        in_string = !in_string;
      } else if (!in_string && (c == '{' || c == '[')) {
        ++depth;
      } else if (!in_string && (c == '}' || c == ']') && --depth == 0) {
        return at + 1;
      }
    }
    return text_.size();
  }

  /// Where a value without quotes ends. What may close a bracket around it stays outside.
  [[nodiscard]] std::size_t word_end(std::size_t start) const noexcept {
    std::size_t end = start;
    while (end < text_.size() && !is_space(text_[end]) && !is_quote(text_[end]) &&
           std::string_view{",;&<"}.find(text_[end]) == kNowhere &&
           !(text_[end] == '\\' && is_quote(char_at(end + 1))))
      ++end;
    while (end > start && std::string_view{")]}>"}.find(text_[end - 1]) != kNowhere)
      --end;
    return end;
  }
  [[nodiscard]] std::size_t line_end(std::size_t start) const noexcept {
    std::size_t end = start;
    while (end < text_.size() && text_[end] != '\n' && text_[end] != '\r')
      ++end;
    return end;
  }

  [[nodiscard]] bool is_prose(SecretKind kind, std::string_view word, std::size_t at,
                              std::size_t start, std::size_t end) const noexcept {
    const bool letters =
        all_of(word, [](char c) { return base::is_letter(c) || c == '-' || c == '.'; });
    if (kind == SecretKind::kPassword) {
      // `password: must have 8 characters` goes on, `password: swordfish` does not.
      return start > at && letters && !any_of(word.substr(1), base::is_upper) &&
             char_at(end) == ' ' && base::is_letter(char_at(end + 1));
    }
    return word.size() < 4 || (word.size() < 16 && letters) ||
           !any_of(word, [](char c) { return base::is_letter(c) || base::is_digit(c); });
  }

  /// At the colon of `://`.
  [[nodiscard]] std::size_t url(std::size_t colon) {
    if (colon == 0 || !(base::is_letter(text_[colon - 1]) || base::is_digit(text_[colon - 1])))
      return colon + 3;
    const std::size_t start = colon + 3;
    std::size_t authority_end = skip(start, [](char c) {
      return !is_space(c) && !is_quote(c) && c != '/' && c != '?' && c != '#' && c != '<' &&
             c != '>';
    });
    const std::size_t found = text_.substr(start, authority_end - start).rfind('@');
    std::size_t at = found == kNowhere ? kNowhere : start + found;
    if (at == kNowhere && has_odd_port(start, authority_end)) {
      // No host has a port of letters: this is a password with a character that ends a host.
      const std::size_t words_end = words_.end_of(start, [this](std::size_t from) {
        const std::size_t end = skip(from, [](char c) { return !is_space(c); });
        const std::size_t last = text_.substr(from, end - from).rfind('@');
        last_at_ = last == kNowhere ? kNowhere : from + last;
        return end;
      });
      if (last_at_ != kNowhere && last_at_ >= start) at = last_at_;
      if (at == kNowhere && words_end == text_.size() && text_.size() >= kShortestCut) {
        const std::size_t from = text_.find(':', start) + 1;
        if (!text_.substr(from).starts_with(kFiltered)) mask(from, text_.size());
        return text_.size();
      }
    }
    if (at != kNowhere) {
      if (text_.substr(start, at - start) != kFiltered) mask(start, at);
      authority_end = std::max(authority_end, at);
    }
    const std::size_t url_end = urls_.end_of(authority_end, [this](std::size_t from) {
      return skip(from,
                  [](char c) { return !is_space(c) && !is_quote(c) && c != '<' && c != '>'; });
    });
    const std::size_t question = questions_.end_of(authority_end, [this](std::size_t from) {
      return std::min(text_.find_first_of("?#", from), text_.size());
    });
    query_ = kNowhere;
    if (question < url_end && text_[question] == '?') {
      query_ = question;
      query_end_ = url_end;
    }
    return std::max(start, done_);
  }

  [[nodiscard]] bool has_odd_port(std::size_t start, std::size_t end) const noexcept {
    const std::string_view authority = text_.substr(start, end - start);
    if (authority.starts_with('[')) return false;  // an address of IPv6
    const std::size_t colon = authority.find(':');
    return colon != kNowhere && colon + 1 < authority.size() &&
           !all_of(authority.substr(colon + 1),
                   [](char c) { return base::is_digit(c) || c == ',' || c == '.' || c == ')'; });
  }

  /// At the question mark of a URL.
  [[nodiscard]] std::size_t query(std::size_t question) {
    const std::size_t start = question + 1;
    std::size_t end = std::min(text_.find('#', start), query_end_);
    while (end > start && std::string_view{").,;]}!:"}.find(text_[end - 1]) != kNowhere &&
           !text_.substr(start, end - start).ends_with(kFiltered))
      --end;
    const std::string_view given = text_.substr(start, end - start);
    const std::string scrubbed = scrub_query(given, pii_);
    if (scrubbed == given) return pii_ ? start : end;
    replace(start, end, scrubbed);
    return end;
  }

  /// At the end of `<name>`: masks up to `</name>`.
  [[nodiscard]] std::size_t element(std::size_t at) {
    std::size_t start = at;
    while (start > done_ && at - start < kLongestName && is_name_character(text_[start - 1]))
      --start;
    if (start == at || start == done_ || text_[start - 1] != '<') return at;
    const std::string_view name = text_.substr(start, at - start);
    if (secret_kind(name) == SecretKind::kNone) return at;
    const std::size_t close = text_.find('<', at);
    if (close == kNowhere || close == at + 1 || char_at(close + 1) != '/' ||
        !text_.substr(close + 2).starts_with(name)) {
      return at;
    }
    if (text_.substr(at + 1, close - at - 1) != kFiltered) mask(at + 1, close);
    return close;
  }

  /// At a dot that is followed by the second part of a JSON Web Token.
  [[nodiscard]] std::size_t web_token(std::size_t dot) {
    std::size_t start = dot;
    while (start > done_ && is_name_character(text_[start - 1]))
      --start;
    if (!text_.substr(start).starts_with("eyJ")) return dot;
    const std::size_t end = skip(dot, [](char c) { return is_name_character(c); });
    mask(start, end);
    return end;
  }

  /// At a space: masks what follows `Bearer` or `Basic`.
  [[nodiscard]] std::size_t scheme(std::size_t space) {
    const auto before = [&](std::string_view word) {
      return space >= done_ + word.size() &&
             base::equal_ignoring_case(text_.substr(space - word.size(), word.size()), word) &&
             (space == word.size() || !is_name_character(text_[space - word.size() - 1]));
    };
    const char last = space == 0 ? ' ' : base::lower(text_[space - 1]);
    const bool bearer = last == 'r' && before("bearer");
    if (!bearer && !(last == 'c' && before("basic"))) return space;
    const std::size_t start = skip(space, [](char c) { return c == ' ' || c == '\t'; });
    const std::size_t end = skip(start, [](char c) { return is_token_character(c); });
    const std::string_view word = text_.substr(start, end - start);
    const bool mixed =
        any_of(word, base::is_digit) || (!word.empty() && any_of(word.substr(1), base::is_upper));
    const bool odd =
        mixed || word.size() >= 24 || word.ends_with('=') ||
        (bearer && !all_of(word, [](char c) { return base::is_letter(c) || c == '.'; }));
    if (word.size() < 6 || !odd) return space;
    mask(start, end);
    return end;
  }

  [[nodiscard]] std::size_t digits(std::size_t at) {
    const std::size_t end = skip(at, base::is_digit);
    if (at > 0 &&
        (base::is_letter(text_[at - 1]) || base::is_digit(text_[at - 1]) || text_[at - 1] == '_')) {
      return end;
    }
    if (end - at != 4 && end - at < 13) return end;
    const std::size_t card = card_end(text_, at);
    if (card == 0) return end;
    mask(at, card);
    return card;
  }

  const std::string_view text_;
  const bool pii_;
  const Strictness strictness_;
  std::string& out_;
  std::size_t done_ = 0;          // what is before it has been copied
  std::size_t query_ = kNowhere;  // the question mark of the last URL
  std::size_t query_end_ = 0;
  RunEnd words_;  // up to the next space, with the last '@' before it
  std::size_t last_at_ = kNowhere;
  RunEnd urls_;       // up to what no URL has
  RunEnd questions_;  // up to the next '?' or '#'
};

/// Whether a number of this length may begin so, and its last digit checks the others.
/// Source: ISO/IEC 7812, and the ranges that the schemes publish.
bool is_card(std::string_view number) noexcept {
  int prefix = 0;
  for (std::size_t i = 0; i < 4; ++i)
    prefix = prefix * 10 + (number[i] - '0');
  const std::size_t length = number.size();
  const int two = prefix / 100;
  const bool visa = prefix / 1000 == 4 && (length == 13 || length == 16 || length == 19);
  const bool mastercard =
      length == 16 && ((two >= 51 && two <= 55) || (prefix >= 2221 && prefix <= 2720));
  const bool amex = length == 15 && (two == 34 || two == 37);
  const bool discover = length >= 16 && (prefix == 6011 || two == 65 || two == 64);
  const bool diners = (length == 14 || length == 16) &&
                      (two == 36 || two == 38 || two == 39 || prefix / 10 <= 305) && two >= 30 &&
                      two <= 39;
  const bool jcb = length >= 16 && prefix >= 3528 && prefix <= 3589;
  const bool unionpay = length >= 16 && (two == 62 || two == 81);
  const bool maestro = two == 50 || two == 56 || two == 57 || two == 58 || two == 63 || two == 67;
  if (!(visa || mastercard || amex || discover || diners || jcb || unionpay || maestro))
    return false;
  int sum = 0;
  bool doubled = length % 2 == 0;  // every second digit, counted from the last
  for (const char letter : number) {
    const int digit = letter - '0';
    sum += !doubled ? digit : digit > 4 ? digit * 2 - 9 : digit * 2;
    doubled = !doubled;
  }
  return sum % 10 == 0;
}

}  // namespace

std::size_t card_end(std::string_view text, std::size_t at) noexcept {
  constexpr std::size_t kShortest = 13;
  constexpr std::size_t kLongest = 19;
  std::array<char, kLongest> number{};
  std::size_t count = 0;
  std::size_t result = 0;
  char separator = '\0';
  for (std::size_t group = at; group < text.size();) {
    std::size_t end = group;
    while (end < text.size() && base::is_digit(text[end]) && count < kLongest)
      number[count++] = text[end++];
    const bool more = end < text.size() && base::is_digit(text[end]);
    const bool joined = end < text.size() && (base::is_letter(text[end]) || text[end] == '_');
    if (more || joined) break;
    if (count >= kShortest && is_card({number.data(), count})) result = end;
    // In groups a number begins with four digits, and none of its groups is longer than six.
    const bool whole = group == at && end - group >= kShortest;
    if (whole || (group == at && end - group != 4) || end - group > 6 || count == kLongest) break;
    if (end + 1 >= text.size() || (text[end] != ' ' && text[end] != '-') ||
        !base::is_digit(text[end + 1]) || (separator != '\0' && text[end] != separator)) {
      break;
    }
    separator = text[end];
    group = end + 1;
  }
  return result;
}

std::string_view scrub_text(std::string_view text, bool send_default_pii, std::string& scratch,
                            Strictness strictness) {
  std::string_view scrubbed = TextScrubber{text, send_default_pii, scratch, strictness}.run();
  if (scrubbed.data() == text.data()) return text;
  // One secret may hide another (a URL in the query of a URL), so once more, which is for few
  // texts.
  constexpr int kMostPasses = 8;
  std::string next;
  for (int pass = 1; pass < kMostPasses; ++pass) {
    scrubbed = TextScrubber{scratch, send_default_pii, next, strictness}.run();
    if (scrubbed.data() == scratch.data()) break;
    scratch.swap(next);
  }
  return scratch;
}

}  // namespace vitals::privacy
