// A file of the spool of any bytes: what is read is the same when it is written and read again, and
// a file that was altered by a byte is refused.

#include "delivery/spool_file.h"

#include "fuzz/require.h"

namespace {

using namespace vitals::delivery::detail;  // NOLINT: a program of one file
using vitals::fuzz::require;

void check_round_trip(const Parcel& parcel, std::string_view address) {
  const std::string written = write_spool_file(parcel, address);
  const auto read = parse_spool_file(written);
  require(read.has_value());
  require(read->address == address);
  require(read->parcel.text == parcel.text);
  require(read->parcel.id == parcel.id);
  require(read->parcel.kind == parcel.kind);
  require(read->parcel.contents == parcel.contents);
  require(write_spool_file(read->parcel, read->address) == written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = vitals::fuzz::text_of(data, size);
  if (const auto read = parse_spool_file(text)) {
    check_round_trip(read->parcel, read->address);
  }
  if (size == 0) return 0;  // no parcel is empty
  Parcel parcel;
  parcel.text = text;
  parcel.id[0] = 1;
  const std::string_view address = "https://key@host/1";
  check_round_trip(parcel, address);
  std::string altered = write_spool_file(parcel, address);
  const std::size_t at = altered.size() - 1 - data[0] % size;  // within the parcel
  altered[at] = static_cast<char>(altered[at] ^ 1);
  require(!parse_spool_file(altered));
  altered.resize(at);
  require(!parse_spool_file(altered));
  return 0;
}
