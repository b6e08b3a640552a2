#include "sentry/delivery/gzip.h"

#include <zlib.h>

#include <bit>

namespace vitals::sentry::detail {

struct Gzip::Stream {
  z_stream state{};
  bool ready = false;
};

Gzip::Gzip() : stream_(std::make_unique<Stream>()) {
  constexpr int kGzipWindow = 15 + 16;  // the largest window, with a gzip header
  // The fastest level: JSON shrinks about as well, and the thread competes with the service. Tables
  // a quarter of the usual size: they are cleared for each envelope, most of which are 2 KiB.
  constexpr int kMemoryLevel = 6;
  stream_->ready = deflateInit2(&stream_->state, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow,
                                kMemoryLevel, Z_DEFAULT_STRATEGY) == Z_OK;
}

Gzip::~Gzip() {
  if (stream_->ready) deflateEnd(&stream_->state);
}

bool Gzip::compress(std::string_view text, std::string& out) {
  z_stream& state = stream_->state;
  if (!stream_->ready || deflateReset(&state) != Z_OK) return false;
  out.resize(deflateBound(&state, text.size()));
  state.next_in = std::bit_cast<Bytef*>(text.data());
  state.avail_in = static_cast<uInt>(text.size());
  state.next_out = std::bit_cast<Bytef*>(out.data());
  state.avail_out = static_cast<uInt>(out.size());
  if (deflate(&state, Z_FINISH) != Z_STREAM_END) return false;
  out.resize(out.size() - state.avail_out);
  return true;
}

}  // namespace vitals::sentry::detail
