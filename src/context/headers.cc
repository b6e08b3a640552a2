#include "vitals/context/headers.h"

namespace vitals::context {

std::string HeaderLines::joined() const {
  std::string text;
  for (std::size_t i = 0; i < count_; ++i) {
    if (i > 0) text += ',';
    text += (*this)[i];
  }
  return text;
}

}  // namespace vitals::context
