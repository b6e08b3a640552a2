#pragma once

#include <unistd.h>

#include <utility>

namespace vitals::base {

/// A file descriptor that is closed with its owner; negative: none.
class Descriptor {
 public:
  constexpr explicit Descriptor(int number = -1) noexcept : number_(number) {}
  Descriptor(Descriptor&& from) noexcept : number_(from.release()) {}
  Descriptor& operator=(Descriptor&& from) noexcept {
    Descriptor gone{std::exchange(number_, from.release())};
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  [[nodiscard]] explicit operator bool() const noexcept { return number_ >= 0; }
  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_;
};

}  // namespace vitals::base
