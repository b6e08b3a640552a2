#pragma once

#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

/// What the functions that measure a call share. Not for use from outside: it may change.
namespace vitals::monitor::detail {

/// Calls `call`, then `succeeded`, and gives back what `call` gave back. When it throws, calls
/// `failed` while the exception is being handled, and lets it go on.
template <class Call, class Succeeded, class Failed>
decltype(auto) measured_call(Call&& call, const Succeeded& succeeded,
                             [[maybe_unused]] const Failed& failed) {
  using Given = std::invoke_result_t<Call>;
  const auto run = [&]() -> Given {
    if constexpr (std::is_void_v<Given>) {
      std::forward<Call>(call)();
      succeeded();
    } else {
      decltype(auto) result = std::forward<Call>(call)();
      succeeded();
      return static_cast<Given>(std::forward<decltype(result)>(result));
    }
  };
#ifdef __cpp_exceptions
  try {
    return run();
  } catch (...) {
    failed();
    throw;
  }
#else
  return run();
#endif
}

}  // namespace vitals::monitor::detail

#pragma GCC visibility pop
