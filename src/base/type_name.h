#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace vitals::base {

/// The readable name of a mangled type, without the wrapper that std::throw_with_nested derives
/// from it. The name as it is when it cannot be read.
class TypeName {
 public:
  explicit TypeName(const char* mangled) noexcept {
    int status = 0;
    readable_.reset(abi::__cxa_demangle(mangled, nullptr, nullptr, &status));
    view_ = status == 0 && readable_ ? readable_.get() : mangled;
    for (const std::string_view wrapper : {"std::_Nested_exception<", "std::__1::__nested<"}) {
      if (!view_.starts_with(wrapper) || !view_.ends_with('>')) continue;
      view_.remove_prefix(wrapper.size());
      view_.remove_suffix(1);
      while (view_.ends_with(' '))
        view_.remove_suffix(1);
    }
  }

  [[nodiscard]] std::string_view view() const noexcept { return view_; }

 private:
  std::unique_ptr<char, void (*)(void*)> readable_{nullptr, std::free};
  std::string_view view_;
};

}  // namespace vitals::base
