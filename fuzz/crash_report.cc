// A crash report of any bytes, and one whose parts are of any bytes but bear the right checks, as
// a process with a broken heap may leave it: what is read is well-formed, and a report that was cut
// still says what happened.

#include "crash/report.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "context/records.h"
#include "fuzz/require.h"

namespace {

using namespace vitals::crash::detail;  // NOLINT: a program of one file
using vitals::fuzz::require;

void check(const CrashReport& report) {
  for (std::string_view rest = report.scope.records; !rest.empty();)
    static_cast<void>(take_record(rest));
  for (std::string_view rest = report.scope.breadcrumbs; !rest.empty();)
    static_cast<void>(vitals::context::detail::take_breadcrumb(rest));
  require(report.stack.size() <= kMaxReport / sizeof(std::uint64_t));
  require(report.registers.size() <= kMaxReport / sizeof(std::uint64_t));
  std::uintptr_t end = 0;
  for (const vitals::stack::Module& module : report.modules) {
    require(module.begin >= end && module.end > module.begin);
    end = module.end;
  }
}

void append_part(std::string& report, std::uint32_t part, std::string_view bytes) {
  PartHeader header{static_cast<Part>(part), static_cast<std::uint32_t>(bytes.size()), 0};
  header.check = part_check(header.part, bytes);
  report.append(reinterpret_cast<const char*>(&header), sizeof header);
  report.append(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = vitals::fuzz::text_of(data, size);
  if (const auto read = parse_crash_report(input)) check(*read);
  if (const auto read = parse_crash_report(std::string{kReportMagic} += input)) check(*read);

  CrashFacts facts;
  facts.signal = 11;
  std::string report{kReportMagic};
  append_part(report, static_cast<std::uint32_t>(Part::kCrash),
              {reinterpret_cast<const char*>(&facts), sizeof facts});
  const std::size_t least = report.size();
  for (std::string_view rest = input; rest.size() >= 2;) {
    const auto part = static_cast<unsigned char>(rest[0]);
    const std::size_t length =
        std::min<std::size_t>(static_cast<unsigned char>(rest[1]) * 4UL, rest.size() - 2);
    append_part(report, part % 14U, rest.substr(2, length));
    rest.remove_prefix(2 + length);
  }
  const auto whole = parse_crash_report(report);
  require(whole.has_value());
  require(whole->facts.signal == 11 || report.size() > least);
  check(*whole);
  const std::size_t cut = least + (size == 0 ? 0 : data[0] % (report.size() - least + 1));
  const auto torn = parse_crash_report(std::string_view{report}.substr(0, cut));
  require(torn.has_value());
  check(*torn);
  return 0;
}
