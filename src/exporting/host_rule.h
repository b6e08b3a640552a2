#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vitals::exporting {

/// Which Hosts a listener answers to. A page of any site can have its own name lead to a loopback
/// address (DNS rebinding) and then read what is answered there, but not by an address or by a name
/// without a dot. Threads: any. Cost: a few comparisons, no allocation.
class HostRule {
 public:
  /// `strict` on a loopback address; else every Host is answered. `allowed` are names, whose
  /// ports do not count, or `*`.
  HostRule(bool strict, std::vector<std::string> allowed);

  /// `host` is a Host field that is no malformed one, or empty.
  [[nodiscard]] bool allows(std::string_view host) const noexcept;

 private:
  bool strict_;
  std::vector<std::string> allowed_;
};

}  // namespace vitals::exporting
