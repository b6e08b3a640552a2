#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "sentry/crash/report_format.h"

namespace vitals::sentry::detail {

/// Bytes of one part while a signal handler gathers them: room is fixed, what is past it is left
/// out. Async-signal-safe.
class PartBuffer {
 public:
  static constexpr std::size_t kRoom = 192 * 1024;

  void clear() noexcept { size_ = 0; }
  [[nodiscard]] std::string_view view() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] std::size_t room() const noexcept { return kRoom - size_; }
  [[nodiscard]] char* end() noexcept { return bytes_.data() + size_; }
  void grow(std::size_t count) noexcept { size_ += count; }

  /// All of `bytes` or none.
  void append(std::string_view bytes) noexcept {
    if (bytes.empty() || bytes.size() > room()) return;
    std::memcpy(end(), bytes.data(), bytes.size());
    size_ += bytes.size();
  }
  template <class T>
  void append_object(const T& object) noexcept {
    static_assert(std::is_trivially_copyable_v<T>);
    append({reinterpret_cast<const char*>(&object), sizeof object});
  }
  /// Its size in 32 bits, then the text.
  void append_text(std::string_view text) noexcept {
    if (text.size() + sizeof(std::uint32_t) > room()) return;
    append_object(static_cast<std::uint32_t>(text.size()));
    append(text);
  }

 private:
  std::array<char, kRoom> bytes_{};
  std::size_t size_ = 0;
};

/// A report's file while it is written: under a name of its own until it is done. Errors end the
/// report, not the handler. Async-signal-safe; threads: one.
class ReportFile {
 public:
  /// `name` lies in the folder open at `folder` and must live as long as this is used.
  void open(int folder, const char* temporary_name) noexcept;
  /// A part that would make the report too large is left out.
  void write_part(Part part, std::string_view bytes) noexcept;
  /// Gives the file, as far as it got, its final name.
  void finish(const char* name) noexcept;

 private:
  void write_all(std::string_view bytes) noexcept;

  int folder_ = -1;
  int file_ = -1;
  const char* temporary_name_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace vitals::sentry::detail
