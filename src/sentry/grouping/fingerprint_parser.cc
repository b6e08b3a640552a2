#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "sentry/grouping/fingerprint_rules.h"
#include "vitals/base/ascii.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kMaxFaults = 20;
constexpr std::size_t kMaxAlternatives = 64;  // that the braces of one pattern may make
constexpr std::size_t kMaxValues = 32;
constexpr std::size_t kQuoted = 60;  // of what was given, in an error

struct SubjectName {
  std::string_view name;
  Subject subject;
};
constexpr std::array<SubjectName, 19> kSubjects{{
    {"error.type", Subject::kType},   {"type", Subject::kType},
    {"error.value", Subject::kValue}, {"value", Subject::kValue},
    {"message", Subject::kMessage},   {"logger", Subject::kLogger},
    {"level", Subject::kLevel},       {"release", Subject::kRelease},
    {"sdk", Subject::kSdk},           {"family", Subject::kFamily},
    {"app", Subject::kApp},           {"stack.abs_path", Subject::kPath},
    {"path", Subject::kPath},         {"stack.function", Subject::kFunction},
    {"function", Subject::kFunction}, {"stack.module", Subject::kModule},
    {"module", Subject::kModule},     {"stack.package", Subject::kPackage},
    {"package", Subject::kPackage},
}};

struct VariableName {
  std::string_view name;
  Variable variable;
};
constexpr std::array<VariableName, 18> kVariables{{
    {"default", Variable::kDefault},
    {"type", Variable::kType},
    {"error.type", Variable::kType},
    {"value", Variable::kValue},
    {"error.value", Variable::kValue},
    {"message", Variable::kMessage},
    {"function", Variable::kFunction},
    {"stack.function", Variable::kFunction},
    {"path", Variable::kPath},
    {"stack.abs_path", Variable::kPath},
    {"stack.filename", Variable::kFilename},
    {"module", Variable::kModule},
    {"stack.module", Variable::kModule},
    {"package", Variable::kPackage},
    {"stack.package", Variable::kPackage},
    {"level", Variable::kLevel},
    {"logger", Variable::kLogger},
    {"transaction", Variable::kTransaction},
}};

bool is_space(char c) noexcept {
  return c == ' ' || c == '\t';
}

bool is_key_character(char c) noexcept {
  return base::is_letter(c) || base::is_digit(c) || c == '_' || c == '.' || c == '-';
}

bool is_frame_subject(Subject subject) noexcept {
  return subject >= Subject::kFunction;
}

Glob::Kind glob_kind(Subject subject) noexcept {
  switch (subject) {
    case Subject::kMessage:
    case Subject::kValue:
    case Subject::kLevel:
      return Glob::Kind::kAnyCase;
    case Subject::kPath:
    case Subject::kPackage:
    case Subject::kRelease:
      return Glob::Kind::kPath;
    default:
      return Glob::Kind::kExact;
  }
}

std::string quoted(std::string_view text) {
  std::string out{"`"};
  std::size_t end = std::min(text.size(), kQuoted);
  while (end > 0 && end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
    --end;
  out += text.substr(0, end);
  out += text.size() > end ? "…`" : "`";
  return out;
}

/// What is wrong and, in bytes from 1, where.
struct Fault {
  std::size_t column;
  std::string text;
};

/// One line of rules. Throws a Fault.
class Line {
 public:
  explicit Line(std::string_view text) noexcept : text_(text) {}

  /// Nothing of an empty line or a comment.
  [[nodiscard]] std::optional<FingerprintRule> parse() {
    skip_spaces();
    if (done() || peek() == '#') return std::nullopt;
    FingerprintRule rule;
    if (peek() == '[') rule.matchers.push_back(caller());
    for (skip_spaces(); !arrow() && !done() && peek() != '|'; skip_spaces()) {
      rule.matchers.push_back(matcher());
    }
    if (!done() && peek() == '|') rule.matchers.push_back(callee());
    if (std::none_of(rule.matchers.begin(), rule.matchers.end(), [](const Matcher& matcher) {
          return matcher.frame == Matcher::Frame::kThis;
        })) {
      refuse("a matcher should come first, as in `type:DatabaseError`");
    }
    skip_spaces();
    if (!arrow()) refuse("`->` and a fingerprint should follow the matchers");
    at_ += 2;
    values(rule);
    return rule;
  }

 private:
  [[nodiscard]] bool done() const noexcept { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const noexcept { return done() ? '\0' : text_[at_]; }
  [[nodiscard]] std::string_view rest() const noexcept { return text_.substr(at_); }
  [[nodiscard]] bool arrow() const noexcept { return rest().starts_with("->"); }
  void skip_spaces() noexcept {
    while (!done() && is_space(peek()))
      ++at_;
  }
  [[noreturn]] void refuse(std::string text) const { refuse_at(at_, std::move(text)); }
  [[noreturn]] static void refuse_at(std::size_t at, std::string text) {
    throw Fault{at + 1, std::move(text)};
  }

  [[nodiscard]] std::string_view word(bool (*belongs)(char)) noexcept {
    const std::size_t start = at_;
    while (!done() && belongs(peek()))
      ++at_;
    return text_.substr(start, at_ - start);
  }

  /// What a backslash in quotes is for: of a text, itself; of a pattern, also something of its own.
  enum class Backslash : std::uint8_t { kPlain, kEscapes };

  /// What stands in double quotes. `\"`, `\\`, `\n`, `\r`, `\t` are what they are elsewhere; any
  /// other backslash stays, for the pattern to make sense of.
  [[nodiscard]] std::string quotation(Backslash backslash = Backslash::kPlain) {
    const std::size_t start = at_++;
    std::string out;
    while (!done() && peek() != '"') {
      char c = text_[at_++];
      if (c == '\\' && !done()) {
        const char next = peek();
        const std::size_t known = std::string_view{"\"\\nrt"}.find(next);
        if (known != std::string_view::npos) {
          c = "\"\\\n\r\t"[known];
          ++at_;
          if (c == '\\' && backslash == Backslash::kEscapes) out += '\\';
        }
      }
      out += c;
    }
    if (done()) refuse_at(start, "a quotation mark without its second one");
    ++at_;
    return out;
  }

  [[nodiscard]] Matcher caller() {
    ++at_;
    Matcher made = frame_matcher(Matcher::Frame::kCaller);
    expect(']', "`]` should end what is said of the caller");
    expect('|', "`|` should follow the caller, as in `[ function:a ] | function:b`");
    return made;
  }
  [[nodiscard]] Matcher callee() {
    ++at_;
    expect('[', "`[` should follow `|`, as in `function:a | [ function:b ]`");
    Matcher made = frame_matcher(Matcher::Frame::kCallee);
    expect(']', "`]` should end what is said of the callee");
    return made;
  }
  [[nodiscard]] Matcher frame_matcher(Matcher::Frame frame) {
    skip_spaces();
    const std::size_t start = at_;
    Matcher made = matcher();
    if (!is_frame_subject(made.subject)) {
      refuse_at(start, "only function, path, module, package and app speak of a frame");
    }
    made.frame = frame;
    return made;
  }
  void expect(char c, const char* otherwise) {
    skip_spaces();
    if (done() || peek() != c) refuse(otherwise);
    ++at_;
  }

  [[nodiscard]] Matcher matcher() {
    Matcher made;
    if (peek() == '!') {
      made.negated = true;
      ++at_;
    }
    const std::size_t start = at_;
    std::string key;
    if (!done() && peek() == '"') {
      key = quotation();
    } else {
      key = word([](char c) { return is_key_character(c); });
    }
    if (key.empty()) refuse("a matcher should be here, as in `type:DatabaseError`");
    if (done() || peek() != ':') {
      refuse("`:` and a pattern should follow " + quoted(key) + ", as in `type:DatabaseError`");
    }
    ++at_;
    set_subject(made, key, start);
    const std::size_t pattern_start = at_;
    if (!done() && peek() == '"') {
      const std::string pattern = quotation(
          glob_kind(made.subject) == Glob::Kind::kPath ? Backslash::kPlain : Backslash::kEscapes);
      if (!done() && !is_space(peek())) refuse("a space should end the pattern");
      set_pattern(made, pattern, pattern_start);
      return made;
    }
    const std::string_view pattern = word([](char c) { return !is_space(c); });
    if (pattern.empty()) refuse("a pattern should follow `" + key + ":`; of nothing it is `\"\"`");
    set_pattern(made, pattern, pattern_start);
    return made;
  }

  static void set_subject(Matcher& made, const std::string& key, std::size_t start) {
    if (key.starts_with("tags.") && key.size() > 5) {
      made.subject = Subject::kTag;
      made.tag = key.substr(5);
      return;
    }
    for (const SubjectName& known : kSubjects) {
      if (known.name != key) continue;
      made.subject = known.subject;
      return;
    }
    refuse_at(start, quoted(key) +
                         " is no matcher; it should be one of type, value, message, logger, level, "
                         "tags.NAME, release, sdk, family, app, path, function, module, package");
  }

  static void set_pattern(Matcher& made, std::string_view pattern, std::size_t start) {
    if (made.subject == Subject::kApp) {
      constexpr std::array<std::string_view, 3> kYes{"yes", "true", "1"};
      constexpr std::array<std::string_view, 3> kNo{"no", "false", "0"};
      const auto is = [pattern](std::string_view word) {
        return base::equal_ignoring_case(pattern, word);
      };
      made.yes = std::any_of(kYes.begin(), kYes.end(), is);
      if (!made.yes && std::none_of(kNo.begin(), kNo.end(), is)) {
        refuse_at(start, quoted(pattern) + " should be yes or no");
      }
      return;
    }
    if (made.subject == Subject::kSdk || made.subject == Subject::kFamily) {
      for (std::size_t at = 0; at <= pattern.size();) {
        const std::size_t end = std::min(pattern.find(',', at), pattern.size());
        made.names.emplace_back(pattern.substr(at, end - at));
        at = end + 1;
      }
      return;
    }
    std::vector<std::string> alternatives;
    if (const char* fault = expand({}, pattern, alternatives)) refuse_at(start, fault);
    for (const std::string& alternative : alternatives) {
      Result<Glob> glob = Glob::compile(alternative, glob_kind(made.subject));
      if (!glob) refuse_at(start, quoted(pattern) + " has " + glob.error().message);
      made.globs.push_back(std::move(*glob));
    }
  }

  /// `a{b,c}d` as `abd` and `acd`. Null, or what is wrong.
  [[nodiscard]] static const char* expand(const std::string& before, std::string_view pattern,
                                          std::vector<std::string>& out) {
    constexpr const char* kUnclosed = "a `{` without its `}`; meant as it is, write `[{]`";
    std::size_t open = 0;
    while (open < pattern.size() && pattern[open] != '{') {
      if (pattern[open] == '\\') ++open;
      if (open < pattern.size() && pattern[open] == '[') {
        open = std::min(pattern.find(']', open + 2), pattern.size());
      }
      ++open;
    }
    if (open >= pattern.size()) {
      if (out.size() == kMaxAlternatives) return "braces that make more than 64 patterns";
      out.push_back(before + std::string{pattern});
      return nullptr;
    }
    const std::size_t close = pattern.find('}', open);
    if (close == std::string_view::npos) return kUnclosed;
    const std::string_view inside = pattern.substr(open + 1, close - open - 1);
    for (std::size_t at = 0; at <= inside.size();) {
      const std::size_t end = std::min(inside.find(',', at), inside.size());
      const std::string head =
          before + std::string{pattern.substr(0, open)} + std::string{inside.substr(at, end - at)};
      if (const char* fault = expand(head, pattern.substr(close + 1), out)) return fault;
      at = end + 1;
    }
    return nullptr;
  }

  void values(FingerprintRule& rule) {
    bool has_title = false;
    for (;;) {
      while (!done() && (is_space(peek()) || peek() == ','))
        ++at_;
      if (done()) break;
      if (const std::size_t equals = attribute_end(); equals != 0) {
        title(rule, equals, has_title);
        continue;
      }
      if (rule.values.size() == kMaxValues) refuse("a fingerprint of more than 32 values");
      const std::size_t start = at_;
      ValueTemplate value = this->value();
      const bool has_default = std::any_of(value.begin(), value.end(), [](const ValuePart& part) {
        return part.variable == Variable::kDefault;
      });
      if (has_default && value.size() > 1) {
        refuse_at(start, "`{{ default }}` should be a value of its own");
      }
      rule.values.push_back(std::move(value));
    }
    if (rule.values.empty()) refuse("a fingerprint should follow `->`, as in `-> db-timeout`");
  }

  /// Where the `=` of `name="…"` stands, when that is what comes next; else 0.
  [[nodiscard]] std::size_t attribute_end() const noexcept {
    std::size_t end = at_;
    while (end < text_.size() && is_key_character(text_[end]))
      ++end;
    return end > at_ && text_.substr(end).starts_with("=\"") ? end : 0;
  }
  void title(FingerprintRule& rule, std::size_t equals, bool& has_title) {
    const std::string_view name = text_.substr(at_, equals - at_);
    if (name != "title") refuse(quoted(name) + " is no attribute; the only one is title");
    if (has_title) refuse("a second title");
    has_title = true;
    at_ = equals + 1;
    const std::size_t start = at_;
    add_parts(rule.title, quotation(), start);
  }

  /// A value up to the next comma or space, in quotes or not.
  [[nodiscard]] ValueTemplate value() {
    ValueTemplate parts;
    while (!done() && !is_space(peek()) && peek() != ',') {
      const std::size_t start = at_;
      if (peek() == '"') {
        const std::string inside = quotation();
        if (inside.empty()) parts.emplace_back();
        add_parts(parts, inside, start);
      } else if (rest().starts_with("{{")) {
        const std::size_t end = text_.find("}}", at_);
        if (end == std::string_view::npos) refuse("`{{` without its `}}`, as in `{{ type }}`");
        parts.push_back(variable(text_.substr(at_ + 2, end - at_ - 2), start));
        at_ = end + 2;
      } else {
        while (!done() && !is_space(peek()) && peek() != ',' && peek() != '"' &&
               !rest().starts_with("{{"))
          ++at_;
        parts.push_back({Variable::kNone, std::string{text_.substr(start, at_ - start)}});
      }
    }
    return parts;
  }

  static void add_parts(ValueTemplate& parts, std::string_view text, std::size_t start) {
    while (!text.empty()) {
      const std::size_t open = text.find("{{");
      const std::size_t close = open == std::string_view::npos ? open : text.find("}}", open);
      if (open == std::string_view::npos) {
        parts.push_back({Variable::kNone, std::string{text}});
        return;
      }
      if (close == std::string_view::npos) {
        refuse_at(start, "`{{` without its `}}`, as in `{{ type }}`");
      }
      if (open > 0) parts.push_back({Variable::kNone, std::string{text.substr(0, open)}});
      parts.push_back(variable(text.substr(open + 2, close - open - 2), start));
      text.remove_prefix(close + 2);
    }
  }

  [[nodiscard]] static ValuePart variable(std::string_view name, std::size_t start) {
    while (!name.empty() && is_space(name.front()))
      name.remove_prefix(1);
    while (!name.empty() && is_space(name.back()))
      name.remove_suffix(1);
    if (name.starts_with("tags.") && name.size() > 5) {
      return {Variable::kTag, std::string{name.substr(5)}};
    }
    for (const VariableName& known : kVariables) {
      if (known.name == name) return {known.variable, {}};
    }
    refuse_at(start, quoted(name) +
                         " is no variable; it should be one of default, type, value, message, "
                         "function, path, module, package, level, logger, transaction, tags.NAME");
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<FingerprintRules> parse_fingerprint_rules(std::string_view text) {
  if (text.size() > kMaxRulesBytes) {
    return Error{"fingerprint rules should have at most 1 MiB, and have " +
                 std::to_string(text.size()) + " bytes"};
  }
  std::vector<FingerprintRule> rules;
  std::vector<std::string> faults;
  const auto add_fault = [&faults](std::size_t line, std::size_t column, std::string_view what) {
    faults.push_back("fingerprint rules, line " + std::to_string(line) + ", column " +
                     std::to_string(column) + ": " + std::string{what});
  };
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // an editor's mark of UTF-8
  std::size_t number = 0;
  while (!text.empty() && faults.size() < kMaxFaults) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > kMaxRulesLine) {
      add_fault(number, kMaxRulesLine + 1, "a rule should have at most 8192 bytes");
      continue;
    }
    try {
      std::optional<FingerprintRule> rule = Line{line}.parse();
      if (!rule) continue;
      if (rules.size() == kMaxRules) {
        add_fault(number, 1, "more than 1000 rules");
        break;
      }
      rules.push_back(std::move(*rule));
    } catch (const Fault& fault) {
      add_fault(number, fault.column, fault.text);
    }
  }
  if (faults.empty()) return FingerprintRules{std::move(rules)};
  std::string message;
  for (const std::string& fault : faults) {
    if (!message.empty()) message += '\n';
    message += fault;
  }
  if (faults.size() == kMaxFaults && !text.empty()) message += "\nand perhaps more";
  return Error{std::move(message)};
}

}  // namespace vitals::sentry::detail
