// Grouping rules of any bytes against an event of any texts, and globs against a slow and simple
// reading of the same pattern.

#include "sentry/grouping/fingerprint_rules.h"

#include <string>
#include <vector>

#include "fuzz/require.h"

namespace {

using vitals::fuzz::require;
using vitals::fuzz::take_part;
using vitals::sentry::Event;
using vitals::sentry::detail::Glob;

/// Of stars and question marks alone.
bool matches_slowly(std::string_view pattern, std::string_view text) {
  std::vector<bool> row(text.size() + 1, false);
  row[0] = true;
  for (const char c : pattern) {
    std::vector<bool> next(text.size() + 1, false);
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (c == '*') {
        next[i] = row[i] || (i > 0 && next[i - 1]);
      } else if (i > 0) {
        next[i] = row[i - 1] && (c == '?' || c == text[i - 1]);
      }
    }
    row.swap(next);
  }
  return row[text.size()];
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void check_globs(std::string_view pattern, std::string_view text) {
  for (const Glob::Kind kind : {Glob::Kind::kExact, Glob::Kind::kAnyCase, Glob::Kind::kPath}) {
    const auto glob = Glob::compile(pattern, kind);
    if (glob) static_cast<void>(glob->matches(Glob::subject(text, kind)));
  }
  const auto itself = Glob::compile(escaped(text), Glob::Kind::kExact);
  require(itself && itself->matches(text));
  const auto around =
      Glob::compile("*" + escaped(text.substr(text.size() / 2)) + "*", Glob::Kind::kExact);
  require(around && around->matches(text));

  const auto plain = [](std::string_view part) {
    for (const char c : part) {
      if (c == '[' || c == '\\' || static_cast<unsigned char>(c) >= 0x80) return false;
    }
    return part.size() < 300;
  };
  if (!plain(pattern) || !plain(text)) return;
  const auto glob = Glob::compile(pattern, Glob::Kind::kExact);
  require(glob && glob->matches(text) == matches_slowly(pattern, text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input = vitals::fuzz::text_of(data, size);
  const std::string_view text = take_part(input);
  const std::string_view first = take_part(input);
  const std::string_view second = take_part(input);
  check_globs(first, second);

  const auto rules = vitals::sentry::detail::parse_fingerprint_rules(text);
  if (!rules) {
    require(rules.error().message.starts_with("fingerprint rules"));
    return 0;
  }
  Event event;
  event.message = second;
  event.tags = {{"a", std::string{first}}};
  event.fingerprint = {"as it was"};
  vitals::sentry::ExceptionRecord exception;
  exception.type = first;
  exception.value = second;
  vitals::sentry::FrameRecord frame;
  frame.function = first;
  frame.abs_path = second;
  exception.frames = {frame, frame};
  event.exceptions = {exception};
  Event again = event;
  if (rules->apply(event)) {
    require(!event.fingerprint.empty() && event.fingerprint.size() <= 32);
    for (const std::string& value : event.fingerprint)
      require(value.size() <= vitals::sentry::detail::kMaxFingerprintValue);
    require(rules->apply(again) && again.fingerprint == event.fingerprint);
  } else {
    require(event.fingerprint == std::vector<std::string>{"as it was"});
    require(event.tags.size() == 1);
  }
  return 0;
}
