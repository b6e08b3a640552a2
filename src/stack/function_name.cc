#include "stack/function_name.h"

#include <cxxabi.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>

namespace vitals::stack::detail {
namespace {

constexpr std::string_view kOperator = "operator";

bool cut_end(std::string_view& name, std::string_view end) noexcept {
  if (!name.ends_with(end)) return false;
  name.remove_suffix(end.size());
  return true;
}

void cut_qualifiers(std::string_view& name) noexcept {
  while (true) {
    if (cut_end(name, " const") || cut_end(name, " volatile") || cut_end(name, " &&") ||
        cut_end(name, " &") || cut_end(name, "const&") || cut_end(name, "const&&")) {
      continue;
    }
    const std::size_t clone = name.rfind(" [clone ");
    if (clone == std::string_view::npos || !name.ends_with(']')) return;
    name = name.substr(0, clone);
  }
}

void cut_parameters(std::string_view& name) noexcept {
  if (!name.ends_with(')')) return;
  int depth = 0;
  for (std::size_t i = name.size(); i-- > 0;) {
    if (name[i] == ')') ++depth;
    if (name[i] == '(' && --depth == 0) {
      const std::string_view before = name.substr(0, i);
      if (!before.empty() && !before.ends_with(kOperator) && !before.ends_with("::")) {
        name = before;
      }
      return;
    }
  }
}

bool is_word(char c) noexcept {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool operator_at(std::string_view name, std::size_t at) noexcept {
  const std::string_view rest = name.substr(at);
  return rest.starts_with(kOperator) && (at == 0 || !is_word(name[at - 1])) &&
         (rest.size() == kOperator.size() || !is_word(rest[kOperator.size()]));
}

/// A function made from a template says what it returns first: what stands before the last space
/// that is in no bracket.
void cut_result(std::string_view& name) noexcept {
  int depth = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
    if (depth != 0) continue;
    if (operator_at(name, i)) break;
    if (c == ' ') start = i + 1;
  }
  name.remove_prefix(start);
}

}  // namespace

std::string_view without_signature(std::string_view name) noexcept {
  std::string_view rest = name;
  cut_qualifiers(rest);
  cut_parameters(rest);
  cut_result(rest);
  return rest.empty() ? name : rest;
}

std::string function_name(const std::string& symbol) {
  if (!symbol.starts_with("_Z")) return symbol;
  // What a compiler's copy of a function is called (`.cold`, `.isra.0`) is of no interest.
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> readable{
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &status), &std::free};
  constexpr int kNoMemory = -1;
  if (status == kNoMemory) throw std::bad_alloc{};
  if (status != 0 || !readable) return symbol;
  return std::string{without_signature(readable.get())};
}

}  // namespace vitals::stack::detail
