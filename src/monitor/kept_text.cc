#include "vitals/monitor/detail/kept_text.h"

#include <new>

namespace vitals::monitor::detail {

char* copy_text(std::string_view text) noexcept {
  char* const copy = new (std::nothrow) char[text.size()];
  if (copy != nullptr) text.copy(copy, text.size());
  return copy;
}

void free_text(char* text) noexcept {
  delete[] text;
}

}  // namespace vitals::monitor::detail
