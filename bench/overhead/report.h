#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/overhead/instructions.h"
#include "bench/overhead/load.h"

namespace overhead {

/// All that was measured: for each variant, a slot for each round.
struct Measured {
  Load load;
  std::vector<Variant> variants;
  std::vector<std::vector<Slot>> slots;
  Instructions instructions;
  /// `vitals_sentry_events_total` of (d), summed over its rounds: `category/outcome` -> count.
  std::map<std::string, double> sentry_events;
  std::string sink;  ///< What the answering sink got.
};

/// The tables for people.
[[nodiscard]] std::string to_text(const Measured& measured);

/// The whole process' table in Markdown, as README.md and MONITORING.md quote it.
[[nodiscard]] std::string to_markdown(const Measured& measured);

/// The same for programs.
[[nodiscard]] std::string to_json(const Measured& measured);

}  // namespace overhead
