#include "vitals/stack/exception.h"

#include <cxxabi.h>

#include <array>
#include <cstring>
#include <typeinfo>
#include <utility>

#include "vitals/base/utf8.h"
#include "vitals/stack/throw.h"

namespace vitals::stack {
namespace {

constexpr std::size_t kMaxChain = 32;
constexpr std::size_t kMaxText = 8192;

/// What it points to is the object that was thrown, and all that it holds.
const void* object_of(const std::exception_ptr& exception) noexcept {
  static_assert(sizeof exception == sizeof(void*));
  const void* object = nullptr;
  std::memcpy(&object, static_cast<const void*>(&exception), sizeof object);
  return object;
}

void add_link(std::vector<ThrownException>& chain, const std::type_info* type, const void* object,
              const char* text) {
  ThrownException link;
  link.mangled_type = type == nullptr ? "unknown" : type->name();
  link.value = base::cut(text == nullptr ? "" : text, kMaxText);
  if (type != nullptr) {
    std::array<std::uintptr_t, kMaxThrowDepth> stack;
    const std::size_t depth = throw_stack(object, *type, stack);
    link.stack.assign(stack.begin(), stack.begin() + static_cast<std::ptrdiff_t>(depth));
  }
  chain.push_back(std::move(link));
}

void follow(std::vector<ThrownException>& chain, const std::exception_ptr& pointer);

void follow_nested(std::vector<ThrownException>& chain, const std::nested_exception* nested) {
  if (nested != nullptr && nested->nested_ptr()) follow(chain, nested->nested_ptr());
}

void follow(std::vector<ThrownException>& chain, const std::exception& exception) {
  // The whole object's address is what was thrown; a base of it may stand elsewhere.
  add_link(chain, &typeid(exception), dynamic_cast<const void*>(&exception), exception.what());
  follow_nested(chain, dynamic_cast<const std::nested_exception*>(&exception));
}

/// What an exception_ptr holds can only be seen by throwing it once more.
void follow(std::vector<ThrownException>& chain, const std::exception_ptr& pointer) {
  if (chain.size() >= kMaxChain) return;
  const void* const object = object_of(pointer);
  const auto add = [&](const char* text) {
    add_link(chain, abi::__cxa_current_exception_type(), object, text);
  };
  try {
    std::rethrow_exception(pointer);
  } catch (const std::exception& exception) {
    follow(chain, exception);
  } catch (const std::nested_exception& nested) {
    add(nullptr);
    follow_nested(chain, &nested);
  } catch (const std::string& text) {
    add(text.c_str());
  } catch (const char* text) {
    add(text);
  } catch (...) {
    add(nullptr);
  }
}

}  // namespace

std::vector<ThrownException> exception_chain(const std::exception& exception) {
  std::vector<ThrownException> chain;
  follow(chain, exception);
  return chain;
}

std::vector<ThrownException> exception_chain(const std::exception_ptr& exception) {
  std::vector<ThrownException> chain;
  follow(chain, exception);
  return chain;
}

std::uint64_t throw_stamp(const std::exception& exception) noexcept {
  return throw_stamp(dynamic_cast<const void*>(&exception), typeid(exception));
}

std::uint64_t throw_stamp(const std::exception_ptr& exception) noexcept {
  const std::type_info* const type = exception.__cxa_exception_type();
  return type == nullptr ? 0 : throw_stamp(object_of(exception), *type);
}

}  // namespace vitals::stack
