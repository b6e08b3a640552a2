// An Accept and an Accept-Encoding header of any bytes: some format, and no more than that.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exporting/negotiate.h"
#include "vitals/base/ascii.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string header(reinterpret_cast<const char*>(data), size);
  using vitals::exporting::Format;
  const vitals::exporting::Agreed agreed = vitals::exporting::negotiate(header);
  const Format format = agreed.format;
  if (agreed.content_type().empty()) std::abort();
  // What names neither format cannot have asked for it.
  const std::string lower = vitals::base::lower(header);
  if (format == Format::kOpenMetrics && lower.find("openmetrics-text") == std::string::npos) {
    std::abort();
  }
  if (format == Format::kProtobuf && lower.find("metricfamily") == std::string::npos) std::abort();
  if (agreed.escaping != vitals::exporting::Escaping::kUnderscores &&
      lower.find("escaping") == std::string::npos) {
    std::abort();
  }
  const bool gzip = vitals::exporting::accepts_gzip(header);
  if (gzip && lower.find("gzip") == std::string::npos && lower.find('*') == std::string::npos) {
    std::abort();
  }
  return 0;
}
