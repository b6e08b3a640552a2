#include "sentry/grouping/ignore_rules.h"

#include <algorithm>

#include "base/type_name.h"

namespace vitals::sentry::detail {
namespace {

std::vector<Glob> compiled(const std::vector<std::string>& patterns) {
  std::vector<Glob> globs;
  for (const std::string& pattern : patterns) {
    if (pattern.empty()) continue;  // would hold of every event without a text
    if (Result<Glob> glob = Glob::compile(pattern, Glob::Kind::kExact)) globs.push_back(*glob);
  }
  return globs;
}

bool any_matches(const std::vector<Glob>& globs, std::string_view text) {
  if (text.empty()) return false;
  const std::string subject = Glob::subject(text, Glob::Kind::kExact);
  return std::any_of(globs.begin(), globs.end(),
                     [&subject](const Glob& glob) { return glob.matches(subject); });
}

/// `shop::OutOfStock` as `OutOfStock`; a template's arguments may hold colons of their own.
std::string_view without_namespaces(std::string_view type) noexcept {
  const std::size_t colons = type.substr(0, type.find('<')).rfind("::");
  return colons == std::string_view::npos ? type : type.substr(colons + 2);
}

}  // namespace

IgnoreRules::IgnoreRules(const Options& options)
    : errors_(compiled(options.ignore_errors)),
      transactions_(compiled(options.ignore_transactions)) {}

bool IgnoreRules::ignores(const Event& event) const {
  if (event.type == Event::Type::kTransaction) {
    return !transactions_.empty() && any_matches(transactions_, event.transaction);
  }
  if (errors_.empty()) return false;
  if (event.exceptions.empty()) return ignores_error({}, {}, event.message);
  // The one that was captured; its causes are nobody's reason to look away.
  const ExceptionRecord& captured = event.exceptions.back();
  return ignores_error(captured.type, captured.value, event.message);
}

bool IgnoreRules::ignores(const ErrorItem& item) const {
  if (errors_.empty()) return false;
  if (item.chain.empty()) return ignores_error({}, {}, item.message);
  const stack::ThrownException& captured = item.chain.front();
  return ignores_error(base::TypeName{captured.mangled_type.c_str()}.view(), captured.value,
                       item.message);
}

bool IgnoreRules::ignores_error(std::string_view type, std::string_view text,
                                std::string_view message) const {
  return any_matches(errors_, message) || any_matches(errors_, type) ||
         any_matches(errors_, without_namespaces(type)) || any_matches(errors_, text);
}

std::string fault_in_ignore_rules(const Options& options) {
  for (const auto* const patterns : {&options.ignore_errors, &options.ignore_transactions}) {
    for (const std::string& pattern : *patterns) {
      const Result<Glob> glob = Glob::compile(pattern, Glob::Kind::kExact);
      if (!glob)
        return "the pattern '" + pattern + "' to ignore is no glob: " + glob.error().message;
    }
  }
  return {};
}

}  // namespace vitals::sentry::detail
