#include "exporting/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace vitals::exporting {

void append_number(std::string& out, std::uint64_t value) {
  char text[20];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  out.append(text, end);
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value).ptr;
    out.append(text, end);
  }
}

void append_bound(std::string& out, double value) {
  if (!std::isfinite(value)) {
    append_number(out, value);
    return;
  }
  char text[32];
  const auto scientific =
      std::to_chars(text, text + sizeof text, value, std::chars_format::scientific).ptr;
  const char* mark = std::find(text, scientific, 'e');
  int exponent = 0;
  std::from_chars(mark[1] == '+' ? mark + 2 : mark + 1, scientific, exponent);
  // The series of a bucket is found by this text, so it is written as Go's %g does for the official
  // clients: 0.0001 and 100000, but 1e-05 and 1e+06.
  if (exponent < -4 || exponent >= 6) {
    out.append(text, scientific);
    return;
  }
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr;
  out.append(text, end);
}

void append_canonical(std::string& out, double value) {
  const std::size_t before = out.size();
  append_bound(out, value);
  if (!std::isfinite(value)) return;
  if (out.find_first_of(".e", before) == std::string::npos) out += ".0";
}

}  // namespace vitals::exporting
