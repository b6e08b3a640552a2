#pragma once

#include <span>
#include <string_view>

namespace vitals::console::detail {

/// A file of the page, as embedded at build time.
struct Asset {
  std::string_view name;  ///< `app.css`
  std::string_view bytes;
};

/// All of them. Static storage.
[[nodiscard]] std::span<const Asset> assets() noexcept;

}  // namespace vitals::console::detail
