#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <typeinfo>

#pragma GCC visibility push(default)

/// Where an exception was thrown. The library stands between each throw of the process and the
/// language's runtime, and keeps the return addresses of the latest throws:
///
///     const stack::ThrowRecording recording;  // at the start of the program
///     try {
///       serve();
///     } catch (const std::exception& error) {
///       std::array<std::uintptr_t, stack::kMaxThrowDepth> addresses;
///       const std::size_t depth = stack::throw_stack(error, addresses);
///     }
///
/// vitals::stack::Symbolizer makes readable frames of them. Built with VITALS_THROW_STACK=off,
/// nothing stands in between, and no stack is ever found.
namespace vitals::stack {

/// The most return addresses that are kept of a throw.
inline constexpr std::size_t kMaxThrowDepth = 64;

/// While one of these is alive, throws are recorded. Threads: any. Cost: each throw pays for the
/// walk of its stack, see unwind_stack().
class ThrowRecording {
 public:
  ThrowRecording() noexcept;
  ~ThrowRecording();
  ThrowRecording(const ThrowRecording&) = delete;
  ThrowRecording& operator=(const ThrowRecording&) = delete;
};

/// Copies the stack of the place that threw the exception object at `exception`, the innermost
/// return address first, and returns how many there were: 0 where none was kept. The address is
/// that of the whole object: of one caught by reference, dynamic_cast<const void*> gives it. `type`
/// is what was thrown; an address that was used again for another type finds nothing. Only the
/// latest throws are kept, some thousand of them, so ask while the exception is handled.
/// Threads: any, also another than the one that threw. Cost: a look and a copy, no lock, no
/// allocation.
[[nodiscard]] std::size_t throw_stack(const void* exception, const std::type_info& type,
                                      std::span<std::uintptr_t> out) noexcept;

#ifdef __cpp_rtti
/// The same of an exception that was caught by reference to a polymorphic base. Not there with
/// -fno-rtti.
template <class Exception>
[[nodiscard]] std::size_t throw_stack(const Exception& exception,
                                      std::span<std::uintptr_t> out) noexcept {
  return throw_stack(dynamic_cast<const void*>(&exception), typeid(exception), out);
}
#endif

/// A number of the throw that made the object, by the same rules: another object that comes to lie
/// at its address has another. 0: not known. Threads: any.
[[nodiscard]] std::uint64_t throw_stamp(const void* exception, const std::type_info& type) noexcept;

}  // namespace vitals::stack

#pragma GCC visibility pop
