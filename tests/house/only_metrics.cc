// A program that links vitals::metrics and nothing else.
#include <iostream>

#include "vitals/metrics/registry.h"

int main() {
  vitals::metrics::Registry registry;
  auto eggs = registry.counter<"kind">("eggs_total", "Eggs by kind.");
  eggs.with("boiled").inc(3);
  if (eggs.with("boiled").value() != 3) return 1;
  std::cout << "metrics alone\n";
}
