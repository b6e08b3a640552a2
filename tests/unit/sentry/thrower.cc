#include "thrower.h"

#include <stdexcept>

namespace thrower {
[[gnu::noinline]] int deep_in_library(int value) {
  if (value > 0) throw std::out_of_range{"from the library"};
  return value;
}
}  // namespace thrower

extern "C" [[gnu::visibility("default")]] int throw_from_library(int value) {
  // More than a call at the end, which would leave no frame.
  return thrower::deep_in_library(value) + 1;
}
