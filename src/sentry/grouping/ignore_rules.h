#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sentry/grouping/glob.h"
#include "sentry/items.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// Options::ignore_errors and Options::ignore_transactions, made ready to match.
class IgnoreRules {
 public:
  /// What is no glob is left out: see fault_in_ignore_rules().
  explicit IgnoreRules(const Options& options);

  /// Threads: any. Cost: for each rule at most the texts' length times the pattern's.
  [[nodiscard]] bool ignores(const Event& event) const;
  /// The same of one that is captured just now. Cost: nothing where there is no rule for errors.
  [[nodiscard]] bool ignores(const ErrorItem& item) const;

 private:
  [[nodiscard]] bool ignores_error(std::string_view type, std::string_view text,
                                   std::string_view message) const;

  std::vector<Glob> errors_;
  std::vector<Glob> transactions_;
};

/// The first pattern that is no glob, with what is wrong; empty when there is none.
[[nodiscard]] std::string fault_in_ignore_rules(const Options& options);

}  // namespace vitals::sentry::detail
