#pragma once

/// OpenSSL at the end of the process. It takes itself down by a handler of atexit() that it registers
/// when it is first used, while a static of ours may end after that, or a thread of ours be in the
/// middle of a transfer. Source: OPENSSL_init_crypto(3).
namespace vitals::delivery {

/// Tells OpenSSL, where it is linked, to stay until the process is gone. Does nothing when the
/// service has used it before. Threads: any.
void keep_openssl_to_the_end() noexcept;

/// Whether OpenSSL has taken itself down, as it does in a service that used it first: nothing may be
/// sent over TLS any more, nor what used it be freed. Threads: any.
[[nodiscard]] bool openssl_is_gone() noexcept;

}  // namespace vitals::delivery
