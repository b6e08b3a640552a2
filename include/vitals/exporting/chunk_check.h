#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#pragma GCC visibility push(default)

namespace vitals::exporting {

/// Reads the frame of a chunked body (RFC 9112, 7.1) as strictly as the standard lets a server be,
/// in front of a parser that is not: bare CR or LF, NUL and other control characters are refused
/// wherever they stand outside of the data, also in a quoted string, and so are extensions and
/// trailer fields that are malformed, folded, or say where a message ends. For the body of one
/// request.
///
/// Threads: one. Cost: a look at each byte outside of the data, no allocation, never throws.
class ChunkCheck {
 public:
  /// Reads on. `received` begins with the first byte that was not read yet. Gives how many bytes of
  /// it are right and can be given to the parser: whole lines and data, and nothing behind the end
  /// of the body.
  [[nodiscard]] std::size_t read(std::string_view received) noexcept;

  /// What was read cannot become right any more.
  [[nodiscard]] bool failed() const noexcept { return state_ == State::kFailed; }
  /// The body has come to its end.
  [[nodiscard]] bool done() const noexcept { return state_ == State::kDone; }

 private:
  enum class State { kSize, kData, kDataEnd, kTrailer, kDone, kFailed };

  /// False when the line is malformed.
  [[nodiscard]] bool read_size(std::string_view line) noexcept;
  [[nodiscard]] bool read_trailer(std::string_view line) noexcept;
  [[nodiscard]] std::size_t fail() noexcept;

  State state_ = State::kSize;
  std::uint64_t left_ = 0;     // of the chunk's data
  std::size_t fields_ = 0;     // of the trailer
  std::size_t looked_at_ = 0;  // bytes of an unfinished line that are right so far
};

}  // namespace vitals::exporting

#pragma GCC visibility pop
