// A program that links vitals::stack and nothing else: where did it throw?
#include <iostream>
#include <stdexcept>

#include "vitals/stack/exception.h"
#include "vitals/stack/symbolizer.h"
#include "vitals/stack/throw.h"

namespace {

[[gnu::noinline]] void boil_an_egg() {
  throw std::runtime_error{"no water"};
}

}  // namespace

int main() {
  const vitals::stack::ThrowRecording recording;
  try {
    boil_an_egg();
  } catch (const std::exception& error) {
    const auto chain = vitals::stack::exception_chain(error);
    vitals::stack::Symbolizer symbolizer;
    for (const auto& frame : symbolizer.frames(chain.front().stack)) {
      if (frame.function.find("boil_an_egg") == std::string::npos) continue;
      std::cout << "stack alone: thrown in " << frame.function << '\n';
      return 0;
    }
  }
  return 1;
}
