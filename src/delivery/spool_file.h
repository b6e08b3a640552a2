#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "delivery/parcel.h"
#include "vitals/result.h"

namespace vitals::delivery::detail {

/// A parcel as it lies on disk.
struct SpooledParcel {
  std::string_view address;  // whom it is for; of the file's text
  Parcel parcel;
};

/// The file's text: a line that says what follows, then the parcel's text as it is.
///
///     vitals-spool 1 CRC32 LENGTH ID KIND COUNT,COUNT,… ADDRESS
///
/// CRC32 (eight hexadecimal digits) is of all that follows it, so that a file which was cut short
/// or written over is told from a whole one.
[[nodiscard]] std::string write_spool_file(const Parcel& parcel, std::string_view address);

/// Reads it back. An error names what is wrong with it. Pure: fit to be fuzzed.
[[nodiscard]] Result<SpooledParcel> parse_spool_file(std::string_view text);

/// What a file says it held whose checksum does not fit, as when it was cut short; nothing where
/// its first line is damaged too.
[[nodiscard]] std::optional<Contents> contents_of_damaged(std::string_view text);

}  // namespace vitals::delivery::detail
