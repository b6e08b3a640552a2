#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sentry/delivery/envelope.h"
#include "vitals/result.h"

namespace vitals::sentry::detail {

/// An envelope as it lies on disk.
struct SpooledEnvelope {
  std::string_view dsn;  // whom it is for; of the file's text
  Envelope envelope;
};

/// The file's text: a line that says what follows, then the envelope as it is.
///
///     vitals-envelope 1 CRC32 LENGTH EVENT_ID CATEGORY COUNT,COUNT,… DSN
///
/// CRC32 (eight hexadecimal digits) is of all that follows it, so that a file which was cut short
/// or written over is told from a whole one.
[[nodiscard]] std::string write_spool_file(const Envelope& envelope, std::string_view dsn);

/// Reads it back. An error names what is wrong with it. Pure: fit to be fuzzed.
[[nodiscard]] Result<SpooledEnvelope> parse_spool_file(std::string_view text);

/// What a file says it held whose checksum does not fit, as when it was cut short; nothing where
/// its first line is damaged too.
[[nodiscard]] std::optional<Contents> contents_of_damaged(std::string_view text);

}  // namespace vitals::sentry::detail
