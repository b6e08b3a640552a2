#include "delivery/gzip.h"

#include <libdeflate.h>

namespace vitals::delivery::detail {
namespace {

/// The fastest level: JSON shrinks about as well, and the thread competes with the service.
constexpr int kLevel = 1;

}  // namespace

Gzip::Gzip() noexcept : compressor_(libdeflate_alloc_compressor(kLevel)) {}

Gzip::~Gzip() {
  libdeflate_free_compressor(compressor_);
}

bool Gzip::compress(std::string_view text, std::string& out) {
  if (compressor_ == nullptr) return false;
  out.resize(libdeflate_gzip_compress_bound(compressor_, text.size()));
  const std::size_t size =
      libdeflate_gzip_compress(compressor_, text.data(), text.size(), out.data(), out.size());
  out.resize(size);
  return size != 0;
}

}  // namespace vitals::delivery::detail
