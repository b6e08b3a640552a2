#include "exporting/host_rule.h"

#include <algorithm>
#include <utility>

#include "exporting/negotiate.h"

namespace vitals::exporting {

HostRule::HostRule(bool strict, std::vector<std::string> allowed)
    : strict_(strict), allowed_(std::move(allowed)) {}

bool HostRule::allows(std::string_view host) const noexcept {
  if (!strict_ || host.starts_with('[')) return true;
  std::string_view name = host.substr(0, host.find(':'));
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.find('%') != std::string_view::npos) return false;  // no browser and no scraper sends it
  // No domain is all digits and dots, so this is an address.
  if (name.find('.') == std::string_view::npos ||
      name.find_first_not_of("0123456789.") == std::string_view::npos)
    return true;
  constexpr std::string_view kOwn = ".localhost";  // RFC 6761, 6.3
  if (name.size() > kOwn.size() &&
      equal_ignoring_case(name.substr(name.size() - kOwn.size()), kOwn))
    return true;
  return std::ranges::any_of(allowed_, [name](const std::string& allowed) {
    return allowed == "*" ||
           equal_ignoring_case(name, std::string_view{allowed}.substr(0, allowed.find(':')));
  });
}

}  // namespace vitals::exporting
