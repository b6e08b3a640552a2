#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "crash/report_format.h"

namespace vitals::crash::detail {

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

/// The name of a report's file, ended with a zero.
using ReportName = std::array<char, 80>;

/// A file that is open and empty before anything happens: a process that dies may have no
/// descriptor left, or no right to the folder any more. It lies in a folder of its own and is
/// locked by flock(2) for as long as its process lives, so a start tells one that is in use from
/// one that was left. Closed with this object, and removed if it is empty still. Threads: one,
/// but for what a handler reads.
class PreparedReport {
 public:
  /// Makes the file in the folder open at `folder`, which must stay open. Without one there is
  /// none, which costs a report nothing but its safety.
  void prepare(int folder) noexcept;
  void remove() noexcept;
  /// In a child of fork(): the file, and the lock on it, are the parent's.
  void forget() noexcept;

  /// Takes the open file, which is then the caller's; -1 when there is none. Async-signal-safe.
  [[nodiscard]] int take() noexcept { return file_.exchange(-1, std::memory_order_acq_rel); }
  [[nodiscard]] bool is_there() const noexcept {
    return file_.load(std::memory_order_acquire) >= 0;
  }
  [[nodiscard]] const char* name() const noexcept { return name_.data(); }
  [[nodiscard]] int folder() const noexcept { return folder_; }

 private:
  std::atomic<int> file_{-1};
  int folder_ = -1;
  ReportName name_{};
};

/// A report's file while it is written: under a name of its own until it is done. Errors end the
/// report, not the handler. Async-signal-safe; threads: one.
class ReportFile {
 public:
  /// Writes into the prepared file, or else into a new one. `temporary_name` lies in the folder
  /// open at `folder`; it and `prepared` must live as long as this is used.
  void open(int folder, const char* temporary_name, PreparedReport& prepared) noexcept;
  /// A part that would make the report larger than `limit` is left out.
  void write_part(Part part, std::string_view bytes, std::size_t limit = kMaxReport) noexcept;
  /// Gives the file, as far as it got, its final name.
  void finish(const char* name) noexcept;
  /// Removes what finish() has left.
  void discard(const char* name) noexcept;

 private:
  void write_all(std::string_view bytes) noexcept;

  int folder_ = -1;
  int file_ = -1;
  int place_ = -1;  // the folder that temporary_name_ lies in
  const char* temporary_name_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace vitals::crash::detail
