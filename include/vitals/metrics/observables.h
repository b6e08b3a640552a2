#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "vitals/metrics/label.h"
#include "vitals/metrics/scoped_definition.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

namespace detail {

class CallbackFamily;

/// Throws DefinitionError where the label values are taken.
[[nodiscard]] Definition add_callback(const std::weak_ptr<CallbackFamily>& family,
                                      std::span<const std::string_view> values,
                                      std::function<double()> read);

}  // namespace detail

/// A family whose values are read at the scrape, one function for each label set: a pool's size, a
/// connection's lag. Made by Registry::gauge_callback and counter_callback with labels.
///
///     auto sizes = registry.gauge_callback<"pool">("pool_size", "Connections that a pool holds.");
///     metrics::ScopedDefinition size = sizes.observe("orders", [&pool] { return pool.size(); });
///
/// A small value to copy and keep; when the registry is gone it does nothing.
template <Label... L>
class Observables {
  static_assert(sizeof...(L) > 0, "without labels give the function to the registry");
  static_assert(detail::all_distinct(std::array<std::string_view, sizeof...(L)>{L.name()...}),
                "the names of a family's labels must differ");

 public:
  Observables() noexcept = default;

  /// From now on scrapes have what `read` gives under these label values, until the guard is dropped.
  /// `read` is called on the scraping threads, by several at once where several scrape. When it
  /// throws, its series is left out of that scrape, which is counted and told of (see
  /// Registry::on_left_out()). Past the family's limit it is not read at all, which is counted as an
  /// overflow. Throws DefinitionError when the label values are observed already, or `read` is empty.
  /// Threads: any.
  ScopedDefinition observe(typename detail::LabelArgumentOf<L>::Type... values,
                           std::function<double()> read) const {
    const std::array<std::string_view, sizeof...(L)> texts{
        detail::LabelArgumentOf<L>::text(values)...};
    const std::span<const std::string_view> given{texts};
    return detail::add_callback(family_, given, std::move(read));
  }

 private:
  friend class Registry;
  explicit Observables(std::weak_ptr<detail::CallbackFamily> family) noexcept
      : family_(std::move(family)) {}

  std::weak_ptr<detail::CallbackFamily> family_;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
