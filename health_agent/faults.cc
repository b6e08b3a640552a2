#include "health_agent/faults.h"

#include <array>
#include <atomic>
#include <charconv>
#include <random>
#include <stdexcept>

#include "health_agent/errors.h"

namespace health_agent::faults {
namespace {

std::array<std::atomic<double>, 3> g_shares{};

std::string_view take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view head = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return head;
}

}  // namespace

vitals::Result<Shares> parse(std::string_view text) {
  Shares shares;
  while (!text.empty()) {
    std::string_view rest = take(text, ',');
    const std::string part{rest};
    const std::string_view name = take(rest, ':');
    double share = -1;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), share);
    if (error != std::errc{} || end != rest.data() + rest.size() || !(share >= 0 && share <= 1))
      return vitals::Error{"'" + part + "': a share from 0.0 to 1.0 is wanted after the colon"};
    if (name == "handler") {
      shares.handler = share;
    } else if (name == "db") {
      shares.db = share;
    } else if (name == "agent") {
      shares.agent = share;
    } else {
      return vitals::Error{"'" + part + "': the places are handler, db and agent"};
    }
  }
  return shares;
}

void set(const Shares& shares) noexcept {
  g_shares[0].store(shares.handler, std::memory_order_relaxed);
  g_shares[1].store(shares.db, std::memory_order_relaxed);
  g_shares[2].store(shares.agent, std::memory_order_relaxed);
}

void maybe_fail(Fault where) {
  const double share = g_shares[static_cast<std::size_t>(where)].load(std::memory_order_relaxed);
  if (share <= 0) return;
  thread_local std::minstd_rand random{std::random_device{}()};
  if (std::uniform_real_distribution<double>{0, 1}(random) >= share) return;
  switch (where) {
    case Fault::kHandler:
      throw std::runtime_error("injected fault in a handler (FAULTS)");
    case Fault::kDb:
      throw DatabaseError(DatabaseError::Kind::kOther, "injected fault in a query (FAULTS)");
    case Fault::kAgent:
      throw AgentError("injected fault in an agent call (FAULTS)");
  }
}

}  // namespace health_agent::faults
