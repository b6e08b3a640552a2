#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sentry/grouping/glob.h"
#include "vitals/result.h"
#include "vitals/sentry/event.h"

namespace vitals::sentry::detail {

inline constexpr std::size_t kMaxRulesBytes = 1024 * 1024;
inline constexpr std::size_t kMaxRules = 1000;
inline constexpr std::size_t kMaxRulesLine = 8192;         // of one rule
inline constexpr std::size_t kMaxFingerprintValue = 1024;  // with its variables filled in

/// What a matcher looks at.
enum class Subject : std::uint8_t {
  kMessage,
  kType,
  kValue,
  kLogger,
  kLevel,
  kTag,
  kRelease,
  kSdk,
  kFamily,
  kFunction,
  kPath,
  kModule,
  kPackage,
  kApp,
};

/// One condition of a rule.
struct Matcher {
  /// Which frame of a stack: the one in hand, the one that called it, or the one it called.
  enum class Frame : std::uint8_t { kThis, kCaller, kCallee };

  Subject subject = Subject::kMessage;
  Frame frame = Frame::kThis;
  bool negated = false;
  bool yes = false;                  // kApp
  std::string tag{};                 // kTag
  std::vector<Glob> globs{};         // any of them
  std::vector<std::string> names{};  // kSdk and kFamily: any of them, or `all`
};

/// What stands for a piece of a fingerprint or title.
enum class Variable : std::uint8_t {
  kNone,  // the text itself
  kDefault,
  kType,
  kValue,
  kMessage,
  kFunction,
  kPath,
  kFilename,
  kModule,
  kPackage,
  kLevel,
  kLogger,
  kTransaction,
  kTag,
};
struct ValuePart {
  Variable variable = Variable::kNone;
  std::string text{};  // kNone: itself; kTag: the tag's name
};
using ValueTemplate = std::vector<ValuePart>;

struct FingerprintRule {
  std::vector<Matcher> matchers{};
  std::vector<ValueTemplate> values{};
  ValueTemplate title{};
};

/// Rules that say which errors belong together, in the syntax and with the meaning of Sentry's
/// fingerprint rules:
///
///     # comment
///     type:DatabaseError message:"*timeout*" -> db-timeout
///     logger:payments.* !level:info -> payments, {{ type }} title="Payments: {{ message }}"
///
/// The first rule whose matchers all hold gives the fingerprint. It stands in place of one that the
/// scope or the capture set, as the server's rules do; before_send still has the last word.
/// `type` and `value` have to hold of one and the same exception of the chain, and matchers of
/// frames (function, path, module, package, app) of one and the same frame; `message` holds of the
/// message or of any exception's value. `[ function:f ] |` before, and `| [ function:f ]` behind
/// them speak of the frame that called, and of the one that was called.
/// Of an event that has no such thing (no exception, no frame) nothing holds, negated or not.
///
/// Beyond what Sentry does: `type:DatabaseError` holds of `shop::DatabaseError` too, `function`
/// also of the name without namespaces or arguments, `module` is the file name of the package, and
/// a variable may stand inside a longer value. A server takes no title from a client: it travels as
/// the tag `fingerprint.title`.
/// Threads: any. Source: Sentry documentation, "Fingerprint Rules".
class FingerprintRules {
 public:
  FingerprintRules() = default;
  explicit FingerprintRules(std::vector<FingerprintRule> rules);

  [[nodiscard]] std::size_t size() const noexcept { return rules_.size(); }
  /// Gives the event the fingerprint of the first rule that holds. False when none does.
  bool apply(Event& event) const;

 private:
  std::vector<FingerprintRule> rules_;
  bool looks_at_frames_ = false;
};

/// Reads rules, one a line. Errors: each fault with its line and column and what would be right,
/// the first 20 of them; more than 1 MiB, or more than 1000 rules.
[[nodiscard]] Result<FingerprintRules> parse_fingerprint_rules(std::string_view text);

/// Makes these the rules of the process. Threads: any.
void use_fingerprint_rules(FingerprintRules rules);
/// What the client's thread does with each error, by the rules of the process.
void apply_fingerprint_rules(Event& event);

}  // namespace vitals::sentry::detail
