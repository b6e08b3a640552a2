#include "thrower.h"

namespace thrower {
[[gnu::noinline]] void deep_in_library(int value) {
  if (value > 0) throw std::out_of_range{"from the library"};
}
}  // namespace thrower

extern "C" [[gnu::visibility("default")]] void throw_from_library(int value) {
  thrower::deep_in_library(value);
}
