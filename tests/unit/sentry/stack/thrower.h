#pragma once

#include <stdexcept>

/// Built as a library of its own and loaded by the tests: throws from there.
extern "C" void throw_from_library(int value);

namespace thrower {
class LibraryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
}  // namespace thrower
