#include "sentry/grouping/glob.h"

#include <algorithm>
#include <utility>

#include "vitals/base/ascii.h"
#include "vitals/base/utf8.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

/// The character at `at`, and moves on behind it. A byte that is no UTF-8 stands for itself.
char32_t take_character(std::string_view text, std::size_t& at) noexcept {
  const base::CodePoint next = base::decode_utf8(text.substr(at));
  const auto byte = static_cast<unsigned char>(text[at]);
  at += std::max<std::size_t>(next.length, 1);
  return next.length == 0 ? byte : next.code;
}

}  // namespace

std::string Glob::subject(std::string_view text, Kind kind) {
  std::string out{text};
  if (kind == Kind::kExact) return out;
  for (char& c : out) {
    c = kind == Kind::kPath && c == '\\' ? '/' : base::lower(c);
  }
  return out;
}

Result<Glob> Glob::compile(std::string_view pattern, Kind kind) {
  const std::string folded = subject(pattern, kind);
  const std::string_view text{folded};
  Glob glob;
  glob.kind_ = kind;
  glob.pieces_.emplace_back();
  const auto tokens = [&glob]() -> std::vector<Token>& { return glob.pieces_.back().tokens; };
  const auto add_plain = [&](char c) {
    if (tokens().empty() || tokens().back().type != Token::Type::kPlain) tokens().emplace_back();
    tokens().back().plain += c;
  };
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '*') {
      const std::size_t start = at;
      while (at < text.size() && text[at] == '*')
        ++at;
      Gap gap = Gap::kAny;
      if (kind == Kind::kPath && at - start == 1) gap = Gap::kWithinFolder;
      if (kind == Kind::kPath && at - start > 1 && at < text.size() && text[at] == '/' &&
          (start == 0 || text[start - 1] == '/')) {
        gap = Gap::kFolders;
        ++at;
      }
      glob.pieces_.push_back({gap, {}});
    } else if (c == '?') {
      tokens().push_back({Token::Type::kOne, {}, {}});
      ++at;
    } else if (c == '[') {
      std::size_t end = at + 1;
      if (end < text.size() && (text[end] == '!' || text[end] == '^')) ++end;
      const bool negated = end == at + 2;
      const std::size_t first = end;
      end = text.find(']', first + 1);  // one that comes first is meant as it is
      if (end == kNowhere) {
        return Error{kind == Kind::kPath ? "a `[` without its `]`"
                                         : "a `[` without its `]`; meant as it is, write `\\[`"};
      }
      Token token{negated ? Token::Type::kOneNotOf : Token::Type::kOneOf, {}, {}};
      const std::string_view set = text.substr(0, end);
      for (std::size_t i = first; i < end;) {
        const char32_t from = take_character(set, i);
        char32_t to = from;
        if (i + 1 < end && set[i] == '-') {
          ++i;
          to = take_character(set, i);
        }
        token.ranges.push_back({from, to});
      }
      tokens().push_back(std::move(token));
      at = end + 1;
    } else {
      if (c == '\\' && at + 1 < text.size()) ++at;
      add_plain(text[at]);
      ++at;
    }
  }
  return glob;
}

std::size_t Glob::match_at(const Piece& piece, std::string_view subject,
                           std::size_t at) const noexcept {
  for (const Token& token : piece.tokens) {
    if (token.type == Token::Type::kPlain) {
      if (!subject.substr(at).starts_with(token.plain)) return kNowhere;
      at += token.plain.size();
      continue;
    }
    if (at == subject.size() || (kind_ == Kind::kPath && subject[at] == '/')) return kNowhere;
    const char32_t character = take_character(subject, at);
    if (token.type == Token::Type::kOne) continue;
    const bool found =
        std::any_of(token.ranges.begin(), token.ranges.end(), [character](const Range& range) {
          return range.first <= character && character <= range.last;
        });
    if (found != (token.type == Token::Type::kOneOf)) return kNowhere;
  }
  return at;
}

/// Where the first match from `from` on ends; of one at the text's end, the last that does.
std::size_t Glob::find(const Piece& piece, std::string_view subject, std::size_t from,
                       bool at_end) const noexcept {
  const bool plain = piece.tokens.size() == 1 && piece.tokens.front().type == Token::Type::kPlain;
  if (piece.tokens.empty()) return at_end ? subject.size() : from;
  if (plain) {
    const std::string& wanted = piece.tokens.front().plain;
    if (at_end) {
      return subject.substr(from).ends_with(wanted) ? subject.size() : kNowhere;
    }
    const std::size_t found = subject.find(wanted, from);
    return found == kNowhere ? kNowhere : found + wanted.size();
  }
  for (std::size_t at = from; at <= subject.size(); ++at) {
    const std::size_t end = match_at(piece, subject, at);
    if (end != kNowhere && (!at_end || end == subject.size())) return end;
    // Not into the middle of a character.
    while (at + 1 < subject.size() && (static_cast<unsigned char>(subject[at + 1]) & 0xc0) == 0x80)
      ++at;
  }
  return kNowhere;
}

bool Glob::matches_text(std::string_view subject) const {
  std::size_t at = match_at(pieces_.front(), subject, 0);
  for (std::size_t i = 1; i < pieces_.size() && at != kNowhere; ++i) {
    // The first place is the best one: it leaves the most to the pieces that follow.
    at = find(pieces_[i], subject, at, i + 1 == pieces_.size());
  }
  return at == subject.size();
}

bool Glob::matches_path(std::string_view subject) const {
  const std::vector<Token>& last = pieces_.back().tokens;
  if (!last.empty() && last.back().type == Token::Type::kPlain &&
      !subject.ends_with(last.back().plain)) {
    return false;
  }
  // Most paths are refused here, where it costs least.
  for (const Piece& piece : pieces_) {
    for (const Token& token : piece.tokens) {
      if (token.type == Token::Type::kPlain && subject.find(token.plain) == kNowhere) return false;
    }
  }
  // Where the pieces so far may have ended. With gaps of two kinds the first place is not always
  // the best.
  std::vector<char> ends(subject.size() + 1, 0);
  const std::size_t first = match_at(pieces_.front(), subject, 0);
  if (first == kNowhere) return false;
  ends[first] = 1;
  for (std::size_t i = 1; i < pieces_.size(); ++i) {
    std::vector<char> next(subject.size() + 1, 0);
    bool open = false;  // whether a gap that began before may reach to here
    for (std::size_t at = 0; at <= subject.size(); ++at) {
      const bool behind_slash = at > 0 && subject[at - 1] == '/';
      if (pieces_[i].gap == Gap::kWithinFolder && behind_slash) open = false;
      open = open || ends[at] != 0;
      if (!open || (pieces_[i].gap == Gap::kFolders && ends[at] == 0 && !behind_slash)) continue;
      const std::size_t end = match_at(pieces_[i], subject, at);
      if (end != kNowhere) next[end] = 1;
    }
    ends.swap(next);
  }
  return ends[subject.size()] != 0;
}

bool Glob::matches(std::string_view subject) const {
  return kind_ == Kind::kPath ? matches_path(subject) : matches_text(subject);
}

}  // namespace vitals::sentry::detail
