#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace vitals::sentry::detail {

/// Compresses to gzip, one text after the other with the same memory. Threads: one.
class Gzip {
 public:
  Gzip();
  ~Gzip();

  /// Puts `text` compressed in place of `out`. False when zlib would not: send it plain then.
  [[nodiscard]] bool compress(std::string_view text, std::string& out);

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

}  // namespace vitals::sentry::detail
