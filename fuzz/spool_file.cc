// A file of the spool of any bytes: what is read is the same when it is written and read again, and
// a file that was altered by a byte is refused.

#include "sentry/delivery/spool_file.h"

#include "fuzz/require.h"

namespace {

using namespace vitals::sentry::detail;  // NOLINT: a program of one file
using vitals::fuzz::require;

void check_round_trip(const Envelope& envelope, std::string_view dsn) {
  const std::string written = write_spool_file(envelope, dsn);
  const auto read = parse_spool_file(written);
  require(read.has_value());
  require(read->dsn == dsn);
  require(read->envelope.text == envelope.text);
  require(read->envelope.event_id == envelope.event_id);
  require(read->envelope.category == envelope.category);
  require(read->envelope.contents == envelope.contents);
  require(write_spool_file(read->envelope, read->dsn) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = vitals::fuzz::text_of(data, size);
  if (const auto read = parse_spool_file(text)) {
    check_round_trip(read->envelope, read->dsn);
  }
  if (size == 0) return 0;  // no envelope is empty
  Envelope envelope;
  envelope.text = text;
  envelope.event_id.bytes[0] = 1;
  const std::string_view dsn = "https://key@host/1";
  check_round_trip(envelope, dsn);
  std::string altered = write_spool_file(envelope, dsn);
  const std::size_t at = altered.size() - 1 - data[0] % size;  // within the envelope
  altered[at] = static_cast<char>(altered[at] ^ 1);
  require(!parse_spool_file(altered));
  altered.resize(at);
  require(!parse_spool_file(altered));
  return 0;
}
