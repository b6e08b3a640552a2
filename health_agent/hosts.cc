#include "health_agent/hosts.h"

#include <algorithm>
#include <charconv>

#include "health_agent/address.h"
#include "vitals/base/ascii.h"

namespace health_agent {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 253 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace

std::optional<HostName> parse_host(std::string_view text) {
  HostName host;
  std::string_view name = text;
  const std::size_t after = text.starts_with('[') ? text.find(']') : 0;
  if (after == std::string_view::npos) return std::nullopt;
  if (const std::size_t colon = text.find(':', after); colon != std::string_view::npos) {
    name = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), host.port);
    if (error != std::errc{} || end != port.data() + port.size() || host.port < 1 ||
        host.port > 65535)
      return std::nullopt;
  }
  if (const auto address = IpAddress::parse(name)) {
    host.address = true;
    host.loopback = address->is_loopback();
    host.name = address->str();
    return host;
  }
  host.name = vitals::base::lower(name);
  if (host.name.ends_with('.')) host.name.pop_back();
  if (!is_name(host.name)) return std::nullopt;
  host.loopback = host.name == "localhost";
  return host;
}

AllowedHosts::AllowedHosts(const std::vector<std::string>& listed, std::string_view api_host)
    : any_(listed.empty() && !is_loopback(api_host)),
      loopback_(listed.empty() && is_loopback(api_host)) {
  for (const std::string& item : listed) {
    if (item == "*") any_ = true;
    if (auto host = parse_host(item)) names_.push_back(std::move(*host));
  }
}

AllowedHosts::Answer AllowedHosts::ask(std::string_view host) const {
  if (any_) return Answer::kYes;
  const auto given = parse_host(host);
  if (!given) return Answer::kMalformed;
  if (loopback_ && given->loopback) return Answer::kYes;
  const bool listed = std::any_of(names_.begin(), names_.end(), [&](const HostName& name) {
    return name.name == given->name && (name.port == 0 || name.port == given->port);
  });
  if (listed) return Answer::kYes;
  return given->address || given->name.find('.') == std::string::npos ? Answer::kNoPagesName
                                                                      : Answer::kNo;
}

bool is_allowed_host(std::string_view item) {
  return item == "*" || parse_host(item).has_value();
}

std::optional<std::string> parse_origin(std::string_view text) {
  const std::string given = vitals::base::lower(text);
  for (const auto& [scheme, own_port] :
       {std::pair<std::string_view, int>{"http://", 80}, {"https://", 443}}) {
    if (!given.starts_with(scheme)) continue;
    const std::string_view rest = std::string_view{given}.substr(scheme.size());
    const auto host = parse_host(rest);
    if (!host || rest.ends_with('.')) return std::nullopt;
    std::string origin{scheme};
    origin += host->name.find(':') == std::string::npos ? host->name : "[" + host->name + "]";
    if (host->port != 0 && host->port != own_port) origin += ":" + std::to_string(host->port);
    return origin;
  }
  return std::nullopt;
}

}  // namespace health_agent
