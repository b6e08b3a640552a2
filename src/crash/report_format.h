#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vitals::crash::detail {

// How a crash report lies in its file: the magic, then parts, each a PartHeader and its bytes.
// Numbers are in this machine's own order: a report is read where it was written. A process dies
// while it writes, so each part stands for itself, what matters most comes first, and a reader
// takes what is whole.

inline constexpr std::string_view kReportMagic = "VTLCRSH1";

/// A report may not be larger, but for attachments; what would be is left out of it.
inline constexpr std::size_t kMaxReport = 1024 * 1024;
inline constexpr std::size_t kMaxReportWithFiles = 42 * kMaxReport;
inline constexpr std::size_t kMaxCrashFrames = 128;
/// Under contexts.crash the registers that a report keeps beside these are not shown.
inline constexpr std::size_t kMaxRegisters = 40;

enum class Part : std::uint32_t {
  kCrash = 1,        // CrashFacts
  kProcess = 2,      // four texts: release, environment, server name, dist
  kException = 3,    // two texts: mangled type, what()
  kRecords = 4,      // of the scope
  kBorrowed = 5,     // records of what the scope had borrowed; again for the request's headers
  kBreadcrumbs = 6,  // as CrumbLog packs them
  kTrace = 7,        // TraceIds, then the transaction's name
  kRegisters = 8,    // 64 bits each; program counter, stack and frame pointer first
  kModules = 9,      // ModuleFacts, path, build id; again and again
  kStack = 10,       // return addresses of 64 bits, the innermost first
  kMaps = 11,        // text of /proc/self/maps
  kEnd = 12,         // empty: the report is whole
  kCause = 13,       // of the exception, the nearest first: two texts as above, then its stack
  kAttachment = 14,  // two texts: file name, content type
  kBytes = 15,       // more of the attachment before it
  kSampling = 16,    // SamplingFacts, then the frozen dynamic sampling context, if there is one
};

struct PartHeader {
  Part part;
  std::uint32_t size;
  std::uint32_t check;  // of part, size and bytes, see part_check()
};

enum class CrashKind : std::uint32_t { kSignal = 0, kTerminate = 1 };

struct CrashFacts {
  CrashKind kind = CrashKind::kSignal;
  std::int32_t signal = 0;
  std::int32_t code = 0;
  std::int32_t process = 0;
  std::int32_t thread = 0;
  std::int32_t sender = 0;    // the process that sent the signal; 0: a fault of its own
  std::uint64_t address = 0;  // of a fault
  std::int64_t time = 0;      // nanoseconds since 1970
  std::int64_t uptime = 0;    // nanoseconds since the client's start
  std::array<std::uint8_t, 16> event_id{};
  std::array<char, 16> thread_name{};  // ends with a zero
};

struct TraceIds {
  std::array<std::uint8_t, 16> trace_id{};
  std::array<std::uint8_t, 8> span_id{};
  std::array<std::uint8_t, 8> parent_span_id{};
};

struct SamplingFacts {
  double sample_rate = -1;
  std::uint32_t sample_rand = 0;
  std::uint8_t sampled = 0;   // a Decision
  std::uint8_t names_it = 0;  // whether the transaction's name may go along
  std::uint16_t nothing = 0;
};

struct ModuleFacts {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t bias = 0;
  std::uint32_t path_size = 0;
  std::uint32_t build_id_size = 0;
};

inline constexpr std::array<std::uint32_t, 256> kCheckTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? 0xedb88320U ^ (value >> 1) : value >> 1;
    table[i] = value;
  }
  return table;
}();

/// Goes on with a CRC-32 over `bytes`. Async-signal-safe.
[[nodiscard]] constexpr std::uint32_t check_more(std::uint32_t check,
                                                 std::string_view bytes) noexcept {
  for (const char byte : bytes)
    check = kCheckTable[(check ^ static_cast<unsigned char>(byte)) & 0xff] ^ (check >> 8);
  return check;
}

/// What PartHeader::check has to be.
[[nodiscard]] constexpr std::uint32_t part_check(Part part, std::string_view bytes) noexcept {
  std::uint32_t check = 0xffffffffU;
  for (const std::uint32_t number :
       {static_cast<std::uint32_t>(part), static_cast<std::uint32_t>(bytes.size())}) {
    for (int shift = 0; shift < 32; shift += 8) {
      const char byte = static_cast<char>((number >> shift) & 0xff);
      check = check_more(check, {&byte, 1});
    }
  }
  return ~check_more(check, bytes);
}

}  // namespace vitals::crash::detail
