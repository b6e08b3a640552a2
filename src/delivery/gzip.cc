#include "delivery/gzip.h"

#include <libdeflate.h>

#include <new>

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
  const std::size_t most = libdeflate_gzip_compress_bound(compressor_, text.size());
  // Room for the worst case would be as much memory again as the text itself, which shrinks to a
  // tenth as a rule.
  constexpr std::size_t kSmall = 16 * 1024;
  try {
    for (const std::size_t room : {most <= kSmall ? most : text.size() / 3, most}) {
      out.resize(room);
      const std::size_t size =
          libdeflate_gzip_compress(compressor_, text.data(), text.size(), out.data(), out.size());
      if (size == 0) continue;
      out.resize(size);
      return true;
    }
  } catch (const std::bad_alloc&) {
    // It goes plain.
  }
  return false;
}

}  // namespace vitals::delivery::detail
