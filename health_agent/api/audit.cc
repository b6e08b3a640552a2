#include "health_agent/api/audit.h"
#include "health_agent/log.h"

#include <functional>
#include <string_view>

namespace health_agent::api {
namespace {

using vitals::monitor::Method;

constexpr int kRefusalsPerMinute = 10;
/// Callers that are remembered; when there are more, all are forgotten and told of anew.
constexpr std::size_t kMostCallers = 4'096;

std::string_view template_of(const Entry& entry) noexcept {
  return entry.match.path.empty() ? vitals::monitor::kUnmatchedRoute : entry.match.path;
}

const char* reason(Entry::Login login) noexcept {
  switch (login) {
    case Entry::Login::kMissing:
      return "no key";
    case Entry::Login::kUnknownKey:
      return "an unknown key";
    case Entry::Login::kNoMetricsToken:
      return "not the METRICS_TOKEN";
    case Entry::Login::kNone:
    case Entry::Login::kKey:
      break;
  }
  return nullptr;
}

}  // namespace

Audit::Audit() : refusals_(kRefusalsPerMinute) {}

int ScrapeGuard::refused(std::string_view address) {
  constexpr int kUnauthorized = 401;
  Entry entry;
  entry.source = source_of(address, {}, {});
  entry.login = Entry::Login::kNoMetricsToken;
  entry.match.path = "/metrics";
  if (const int seconds = limit_.take(limited_as(entry.source)); seconds > 0) return seconds;
  audit_.record(entry, Method::kGet, kUnauthorized);
  return 0;
}

void Audit::record(const Entry& entry, Method method, int status) {
  const bool refused = status == 401 || status == 403;
  if (const char* why = refused ? reason(entry.login) : nullptr; why != nullptr) {
    if (refusals_.take("refused") > 0) {
      left_out_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const std::uint64_t left_out = left_out_.exchange(0, std::memory_order_relaxed);
    audit_log.warn(RequestFields{entry, method, status}, "audit: refused, {}: {} {} {}{}{}", why,
                   vitals::monitor::to_string(method), template_of(entry), status, described(entry),
                   left_out == 0 ? "" : " (" + std::to_string(left_out) + " before it left out)");
    return;
  }
  if (is_first_use(entry))
    audit_log.info(RequestFields{entry, method, status}, "audit: first use since the start of{}",
                   described(entry));
  if (method == Method::kDelete && entry.match.route != nullptr) {
    audit_log.info(RequestFields{entry, method, status}, "audit: {} {} {}{}",
                   vitals::monitor::to_string(method), template_of(entry), status,
                   described(entry));
  }
}

bool Audit::is_first_use(const Entry& entry) {
  if (entry.login != Entry::Login::kKey) return false;
  const std::hash<std::string_view> hash;
  const std::size_t use = hash(entry.key_name) * 31 + hash(entry.source);
  const std::lock_guard lock{mutex_};
  if (uses_.size() >= kMostCallers) uses_.clear();
  return uses_.insert(use).second;
}

RequestFields::RequestFields(const Entry& entry, Method method, int status) {
  add({"method", std::string_view{vitals::monitor::to_string(method)}});
  add({"route", template_of(entry)});
  add({"status", std::int64_t{status}});
  if (!entry.key_name.empty()) add({"key", std::string_view{entry.key_name}});
  add({"source", std::string_view{entry.source}});
}

RequestFields::RequestFields(const Entry& entry, Method method, int status, double ms)
    : RequestFields(entry, method, status) {
  add({"duration_ms", ms});
}

std::string described(const Entry& entry) {
  return (entry.key_name.empty() ? std::string{} : " key=" + entry.key_name) +
         " from=" + entry.source;
}

}  // namespace health_agent::api
