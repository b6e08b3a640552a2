#pragma once

#include <unistd.h>

#include <array>
#include <string>

namespace vitals::base {

/// This machine's name; empty where the system does not say it.
[[nodiscard]] inline std::string host_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  return name.data();
}

}  // namespace vitals::base
