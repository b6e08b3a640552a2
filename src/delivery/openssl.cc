#include "delivery/openssl.h"

#include <dlfcn.h>

#include <cstdint>

namespace vitals::delivery {
namespace {

/// Looked up by name: this room needs libcurl, which may be built with another TLS library.
using Init = int (*)(std::uint64_t options, const void* settings);

Init openssl_init() noexcept {
  return reinterpret_cast<Init>(::dlsym(RTLD_DEFAULT, "OPENSSL_init_crypto"));
}

}  // namespace

void keep_openssl_to_the_end() noexcept {
  constexpr std::uint64_t kNoAtexit = 0x00080000;  // OPENSSL_INIT_NO_ATEXIT
  if (const Init init = openssl_init()) init(kNoAtexit, nullptr);
}

bool openssl_is_gone() noexcept {
  constexpr std::uint64_t kBaseOnly = 0x00040000;  // OPENSSL_INIT_BASE_ONLY: starts nothing
  const Init init = openssl_init();
  return init != nullptr && init(kBaseOnly, nullptr) == 0;
}

}  // namespace vitals::delivery
