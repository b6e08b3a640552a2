#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/result.h"

namespace vitals::sentry::detail {

/// A pattern with `*` (anything), `?` (one character), `[a-z]` or `[!a-z]` (one of them, or none of
/// them) and `\` before a character that is meant as it is.
/// Of a path, `*` and `?` stop at a slash, `**` does not, and `\` is a slash too.
/// Threads: any. Cost of a match: at most the pattern's length times the text's, whatever they are.
/// Source: the globs of Sentry's fingerprint rules.
class Glob {
 public:
  enum class Kind : std::uint8_t {
    kExact,
    kAnyCase,  // of ASCII letters
    kPath,     // any case as well
  };

  /// Errors: a `[` without its `]`.
  [[nodiscard]] static Result<Glob> compile(std::string_view pattern, Kind kind);

  /// A text as matches() of this kind wants it. Made once for many patterns.
  [[nodiscard]] static std::string subject(std::string_view text, Kind kind);

  [[nodiscard]] bool matches(std::string_view subject) const;

 private:
  /// What may stand between two pieces.
  enum class Gap : std::uint8_t {
    kNone,
    kAny,
    kWithinFolder,  // no slash
    kFolders,       // nothing, or all up to a slash
  };
  struct Range {
    char32_t first;
    char32_t last;
  };
  struct Token {
    enum class Type : std::uint8_t { kPlain, kOne, kOneOf, kOneNotOf } type = Type::kPlain;
    std::string plain{};
    std::vector<Range> ranges{};
  };
  struct Piece {
    Gap gap = Gap::kNone;
    std::vector<Token> tokens{};
  };

  [[nodiscard]] bool matches_text(std::string_view subject) const;
  [[nodiscard]] bool matches_path(std::string_view subject) const;
  [[nodiscard]] std::size_t match_at(const Piece& piece, std::string_view subject,
                                     std::size_t at) const noexcept;
  [[nodiscard]] std::size_t find(const Piece& piece, std::string_view subject, std::size_t from,
                                 bool at_end) const noexcept;

  Kind kind_ = Kind::kExact;
  std::vector<Piece> pieces_;
};

}  // namespace vitals::sentry::detail
