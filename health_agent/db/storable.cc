#include "health_agent/db/storable.h"

#include <cstddef>

#include "vitals/base/utf8.h"

namespace health_agent::db {

std::string storable(std::string text) {
  if (text.find('\0') == std::string::npos && vitals::base::is_utf8(text)) return text;
  std::string clean = vitals::base::mend_utf8(text);
  for (std::size_t nul = 0; (nul = clean.find('\0', nul)) != std::string::npos;)
    clean.replace(nul, 1, vitals::base::kReplacement);
  return clean;
}

}  // namespace health_agent::db
