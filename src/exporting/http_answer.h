#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vitals::exporting {

struct HeadFault;
class HostRule;
class ScrapeHandler;

/// An HTTP answer as it goes out. Apart, so that a large body is not copied.
struct HttpAnswer {
  std::string head;
  std::string body;

  [[nodiscard]] std::size_t size() const noexcept { return head.size() + body.size(); }
};

/// See ExposerOptions::on_refused.
using OnRefused = std::function<int(std::string_view address)>;

/// What an exposer serves.
struct ExposedPages {
  /// Paths with who answers them; the first is /metrics.
  std::vector<std::pair<std::string, ScrapeHandler*>> scrapes;
  std::string health_path;
  std::function<bool()> healthy;
};

/// Answers what the head of a request from `address` asks for: pages of metrics by their handlers,
/// the health, 404 for other paths, 421 for Hosts that `hosts` does not allow. Every answer says that
/// its connection closes, so a body that the request may have is nobody's next request; no answer to
/// HEAD has one. Threads: any.
[[nodiscard]] HttpAnswer answer_to(std::string_view request, const ExposedPages& pages,
                                   const HostRule& hosts, std::string_view address,
                                   const OnRefused& on_refused);

/// The answer to a request that is refused before anybody looks at what it asks for. `request` is
/// what has come of it.
[[nodiscard]] HttpAnswer refusal(const HeadFault& fault, std::string_view request);

/// An answer of one line.
[[nodiscard]] HttpAnswer plain_answer(int status, std::string_view text);

}  // namespace vitals::exporting
