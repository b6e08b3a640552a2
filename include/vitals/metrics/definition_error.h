#pragma once

#include <stdexcept>

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// A metric that must not be defined so: a bad name, no help, a clash with another one, buckets out
/// of order. A mistake of the program, thrown when it starts; the message says which metric, what
/// was given and what would be right.
class DefinitionError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop
