#include "sentry/grouping/fingerprint_rules.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "sentry/context_names.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::string_view kTitleTag = "fingerprint.title";

std::string_view trimmed(std::string_view text) noexcept {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && blank(text.back()))
    text.remove_suffix(1);
  return text;
}

std::string_view file_name(std::string_view path) noexcept {
  const std::size_t slash = path.find_last_of("/\\");
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// A demangled name without what it gives back and takes, and the same without namespaces.
struct ShortNames {
  std::string_view qualified;
  std::string_view unqualified;
};

ShortNames short_names(std::string_view name) noexcept {
  constexpr std::string_view kAnonymous = "(anonymous namespace)";
  std::size_t qualified = 0;
  std::size_t unqualified = 0;
  std::size_t end = name.size();
  int depth = 0;
  for (std::size_t at = 0; at < name.size(); ++at) {
    const std::string_view rest = name.substr(at);
    if (rest.starts_with("operator") && depth == 0) {
      // What follows it up to the arguments is its name, brackets and spaces too.
      const std::size_t from = rest.starts_with("operator()") ? 10 : 8;
      end = std::min(name.find('(', at + from), name.size());
      break;
    }
    if (rest.starts_with(kAnonymous)) {
      at += kAnonymous.size() - 1;
    } else if (name[at] == '<') {
      ++depth;
    } else if (name[at] == '>') {
      --depth;
    } else if (depth == 0 && name[at] == '(') {
      end = at;
      break;
    } else if (depth == 0 && name[at] == ' ') {
      qualified = unqualified = at + 1;
    } else if (depth == 0 && rest.starts_with("::")) {
      unqualified = at + 2;
    }
  }
  if (qualified >= end) return {name, name};
  return {name.substr(qualified, end - qualified),
          name.substr(unqualified, unqualified < end ? end - unqualified : 0)};
}

/// The texts of an event as the globs want them.
struct ExceptionTexts {
  std::string_view type;
  std::string_view unqualified_type;
  std::string value;
};
struct FrameTexts {
  std::string_view function;
  ShortNames short_function;
  std::string path;
  std::string filename;
  std::string package;
  std::string_view module;
  bool in_app = false;
  bool first = false;  // of its stack
};
struct EventTexts {
  std::string message;
  std::string release;
  std::vector<ExceptionTexts> exceptions;
  std::vector<FrameTexts> frames;
};

EventTexts texts_of(const Event& event, bool with_frames) {
  EventTexts texts;
  texts.message = Glob::subject(trimmed(event.message), Glob::Kind::kAnyCase);
  texts.release = Glob::subject(trimmed(event.release), Glob::Kind::kPath);
  for (const ExceptionRecord& exception : event.exceptions) {
    texts.exceptions.push_back({exception.type, short_names(exception.type).unqualified,
                                Glob::subject(trimmed(exception.value), Glob::Kind::kAnyCase)});
    if (!with_frames) continue;
    for (const FrameRecord& frame : exception.frames) {
      const std::string& path = frame.abs_path.empty() ? frame.filename : frame.abs_path;
      texts.frames.push_back(
          {frame.function, short_names(frame.function), Glob::subject(path, Glob::Kind::kPath),
           Glob::subject(frame.filename, Glob::Kind::kPath),
           Glob::subject(frame.package, Glob::Kind::kPath), file_name(frame.package), frame.in_app,
           &frame == &exception.frames.front()});
    }
  }
  return texts;
}

bool any_glob(const Matcher& matcher, std::string_view subject) {
  return std::any_of(matcher.globs.begin(), matcher.globs.end(),
                     [subject](const Glob& glob) { return glob.matches(subject); });
}

/// A relative path matches as if it began at the root, too: `**/src/*.cc` then holds of `src/a.cc`.
bool any_path_glob(const Matcher& matcher, const std::string& path) {
  if (path.empty()) return false;
  return any_glob(matcher, path) || (path.front() != '/' && any_glob(matcher, '/' + path));
}

bool any_name(const Matcher& matcher, std::string_view name) {
  return std::any_of(matcher.names.begin(), matcher.names.end(),
                     [name](const std::string& held) { return held == "all" || held == name; });
}

bool holds_of_event(const Matcher& matcher, const Event& event, const EventTexts& texts) {
  switch (matcher.subject) {
    case Subject::kLogger:
      return !event.logger.empty() && any_glob(matcher, event.logger);
    case Subject::kLevel:
      return any_glob(matcher, to_string(event.level));
    case Subject::kRelease:
      return any_path_glob(matcher, texts.release);
    case Subject::kSdk:
      return any_name(matcher, "vitals.cpp");
    case Subject::kFamily:
      return any_name(matcher, "native");
    case Subject::kTag:
      return std::any_of(event.tags.begin(), event.tags.end(), [&matcher](const auto& tag) {
        return tag.first == matcher.tag && any_glob(matcher, trimmed(tag.second));
      });
    default:
      return false;
  }
}

bool holds_of_frame(const Matcher& matcher, const FrameTexts& frame) {
  switch (matcher.subject) {
    case Subject::kFunction:
      return any_glob(matcher, frame.function.empty() ? "<unknown>" : frame.function) ||
             any_glob(matcher, frame.short_function.qualified) ||
             any_glob(matcher, frame.short_function.unqualified);
    case Subject::kPath:
      return any_path_glob(matcher, frame.path) || any_path_glob(matcher, frame.filename);
    case Subject::kModule:
      return !frame.module.empty() && any_glob(matcher, frame.module);
    case Subject::kPackage:
      return any_path_glob(matcher, frame.package);
    case Subject::kApp:
      return matcher.yes == frame.in_app;
    default:
      return false;
  }
}

enum class Group : std::uint8_t { kEvent, kMessages, kExceptions, kFrames };

Group group_of(Subject subject) noexcept {
  if (subject == Subject::kMessage) return Group::kMessages;
  if (subject == Subject::kType || subject == Subject::kValue) return Group::kExceptions;
  return subject >= Subject::kFunction ? Group::kFrames : Group::kEvent;
}

/// Whether all matchers of a group hold, each as `holds` says of it.
template <class Holds>
bool all_of_group(const FingerprintRule& rule, Group group, Holds holds) {
  return std::all_of(rule.matchers.begin(), rule.matchers.end(), [&](const Matcher& matcher) {
    return group_of(matcher.subject) != group || holds(matcher) != matcher.negated;
  });
}

bool messages_hold(const FingerprintRule& rule, const EventTexts& texts) {
  const auto hold = [&rule](const std::string& text) {
    return all_of_group(rule, Group::kMessages,
                        [&text](const Matcher& matcher) { return any_glob(matcher, text); });
  };
  return (!texts.message.empty() && hold(texts.message)) ||
         std::any_of(texts.exceptions.begin(), texts.exceptions.end(),
                     [&hold](const ExceptionTexts& exception) { return hold(exception.value); });
}

bool exceptions_hold(const FingerprintRule& rule, const EventTexts& texts) {
  return std::any_of(
      texts.exceptions.begin(), texts.exceptions.end(), [&rule](const ExceptionTexts& exception) {
        return all_of_group(rule, Group::kExceptions, [&](const Matcher& matcher) {
          if (matcher.subject == Subject::kValue) {
            return any_glob(matcher, exception.value);
          }
          return any_glob(matcher, exception.type) || any_glob(matcher, exception.unqualified_type);
        });
      });
}

bool frames_hold(const FingerprintRule& rule, const std::vector<FrameTexts>& frames) {
  for (std::size_t at = 0; at < frames.size(); ++at) {
    const bool has_caller = !frames[at].first;
    const bool has_callee = at + 1 < frames.size() && !frames[at + 1].first;
    const bool all =
        std::all_of(rule.matchers.begin(), rule.matchers.end(), [&](const Matcher& matcher) {
          if (group_of(matcher.subject) != Group::kFrames) return true;
          const FrameTexts* frame = &frames[at];
          if (matcher.frame == Matcher::Frame::kCaller) frame = has_caller ? frame - 1 : nullptr;
          if (matcher.frame == Matcher::Frame::kCallee) frame = has_callee ? frame + 1 : nullptr;
          return frame != nullptr && holds_of_frame(matcher, *frame) != matcher.negated;
        });
    if (all) return true;
  }
  return false;
}

bool holds(const FingerprintRule& rule, const Event& event, const EventTexts& texts) {
  std::array<bool, 4> asked{};
  for (const Matcher& matcher : rule.matchers) {
    asked[static_cast<std::size_t>(group_of(matcher.subject))] = true;
  }
  const auto concerns = [&asked](Group group) { return asked[static_cast<std::size_t>(group)]; };
  if (concerns(Group::kEvent) && !all_of_group(rule, Group::kEvent, [&](const Matcher& matcher) {
        return holds_of_event(matcher, event, texts);
      })) {
    return false;
  }
  if (concerns(Group::kExceptions) && !exceptions_hold(rule, texts)) return false;
  if (concerns(Group::kMessages) && !messages_hold(rule, texts)) return false;
  return !concerns(Group::kFrames) || frames_hold(rule, texts.frames);
}

/// Where it went wrong: the innermost frame of the service's own, else the innermost.
const FrameRecord* crash_frame(const Event& event) noexcept {
  if (event.exceptions.empty() || event.exceptions.back().frames.empty()) return nullptr;
  const std::vector<FrameRecord>& frames = event.exceptions.back().frames;
  const auto own = std::find_if(frames.rbegin(), frames.rend(),
                                [](const FrameRecord& frame) { return frame.in_app; });
  return own == frames.rend() ? &frames.back() : &*own;
}

std::string_view or_else(std::string_view text, std::string_view otherwise) noexcept {
  return text.empty() ? otherwise : text;
}

std::string_view value_of_tag(const Event& event, std::string_view name) noexcept {
  for (const auto& [key, value] : event.tags) {
    if (key == name) return value;
  }
  return {};
}

/// The words for what an event has not are Sentry's, so that a rule groups alike on either side.
std::string value_of(const ValuePart& part, const Event& event) {
  static const auto& kNoException = *new ExceptionRecord;  // also while statics end
  static const auto& kNoFrame = *new FrameRecord;
  const ExceptionRecord& exception =
      event.exceptions.empty() ? kNoException : event.exceptions.back();
  const FrameRecord* const found = crash_frame(event);
  const FrameRecord& frame = found == nullptr ? kNoFrame : *found;
  switch (part.variable) {
    case Variable::kNone:
      return part.text;
    case Variable::kDefault:
      return "{{ default }}";
    case Variable::kType:
      return std::string{or_else(exception.type, "<no-type>")};
    case Variable::kValue:
      return std::string{or_else(exception.value, "<no-value>")};
    case Variable::kMessage:
      return std::string{or_else(event.message, or_else(exception.value, "<no-message>"))};
    case Variable::kFunction:
      return std::string{or_else(frame.function, "<no-function>")};
    case Variable::kPath:
      return std::string{or_else(frame.abs_path, or_else(frame.filename, "<no-abs-path>"))};
    case Variable::kFilename:
      return std::string{or_else(frame.filename, or_else(frame.abs_path, "<no-filename>"))};
    case Variable::kModule:
      return std::string{or_else(file_name(frame.package), "<no-module>")};
    case Variable::kPackage:
      return std::string{or_else(file_name(frame.package), "<no-package>")};
    case Variable::kLevel:
      return std::string{to_string(event.level)};
    case Variable::kLogger:
      return std::string{or_else(event.logger, "<no-logger>")};
    case Variable::kTransaction:
      return std::string{or_else(event.transaction, "<no-transaction>")};
    case Variable::kTag:
      break;
  }
  const std::string_view tag = value_of_tag(event, part.text);
  return tag.empty() ? "<no-value-for-tag-" + part.text + ">" : std::string{tag};
}

std::string filled_in(const ValueTemplate& parts, const Event& event) {
  std::string out;
  for (const ValuePart& part : parts)
    out += value_of(part, event);
  return std::string{cut(out, kMaxFingerprintValue)};
}

/// What the client's thread reads and a reload changes.
struct Shared {
  std::mutex mutex;
  std::shared_ptr<const FingerprintRules> rules;
};
Shared& shared() {
  static auto* const made = new Shared;  // never destroyed: the client's thread may outlive statics
  return *made;
}

}  // namespace

FingerprintRules::FingerprintRules(std::vector<FingerprintRule> rules) : rules_(std::move(rules)) {
  for (const FingerprintRule& rule : rules_) {
    for (const Matcher& matcher : rule.matchers) {
      if (group_of(matcher.subject) == Group::kFrames) looks_at_frames_ = true;
    }
  }
}

bool FingerprintRules::apply(Event& event) const {
  if (rules_.empty()) return false;
  const EventTexts texts = texts_of(event, looks_at_frames_);
  const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const FingerprintRule& held) {
    return holds(held, event, texts);
  });
  if (rule == rules_.end()) return false;
  std::vector<std::string> values;
  for (const ValueTemplate& value : rule->values)
    values.push_back(filled_in(value, event));
  std::string title = filled_in(rule->title, event);
  event.fingerprint = std::move(values);
  if (!title.empty()) {
    std::erase_if(event.tags, [](const auto& tag) { return tag.first == kTitleTag; });
    event.tags.emplace_back(std::string{kTitleTag}, std::move(title));
  }
  return true;
}

void use_fingerprint_rules(FingerprintRules rules) {
  auto made = std::make_shared<const FingerprintRules>(std::move(rules));
  const std::lock_guard hold{shared().mutex};
  shared().rules.swap(made);
}

void apply_fingerprint_rules(Event& event) {
  std::shared_ptr<const FingerprintRules> rules;
  {
    const std::lock_guard hold{shared().mutex};
    rules = shared().rules;
  }
  if (rules) rules->apply(event);
}

}  // namespace vitals::sentry::detail
