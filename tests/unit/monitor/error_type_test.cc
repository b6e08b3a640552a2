#include "vitals/monitor/error_type.h"

#include <gtest/gtest.h>

#include <exception>
#include <stdexcept>
#include <string>

namespace vitals::monitor {
namespace {

template <class T>
struct Wrapped : std::runtime_error {
  using runtime_error::runtime_error;
};

TEST(ErrorType, IsTheUnqualifiedClassName) {
  EXPECT_EQ(ErrorType::of(std::runtime_error{"x"}).view(), "runtime_error");
}

TEST(ErrorType, OfATemplateHasNoArguments) {
  EXPECT_EQ(ErrorType::of(Wrapped<std::string>{"x"}).view(), "Wrapped");
}

template <class T>
struct Client {
  struct Timeout : std::runtime_error {
    using runtime_error::runtime_error;
  };
};

template <class T>
std::string local_class_of(T) {
  struct Refused : std::runtime_error {
    using runtime_error::runtime_error;
  };
  return std::string{ErrorType::of(Refused{"x"}).view()};
}

TEST(ErrorType, OfAClassInsideOfAnotherOrOfAFunctionIsItsOwn) {
  EXPECT_EQ(ErrorType::of(Client<std::string>::Timeout{"x"}).view(), "Timeout");
  EXPECT_EQ(local_class_of(std::string{}), "Refused");
}

TEST(ErrorType, OfANestedExceptionIsThatOfTheOneThrown) {
  try {
    std::throw_with_nested(std::range_error{"x"});
  } catch (const std::exception& error) {
    EXPECT_EQ(ErrorType::of(error).view(), "range_error");
    EXPECT_EQ(ErrorType::of_current_exception().view(), "range_error");
  }
}

TEST(ErrorType, OfTheCurrentExceptionWorksForWhatIsNoStdException) {
  try {
    throw 7;
  } catch (...) {
    EXPECT_EQ(ErrorType::of_current_exception().view(), "int");
  }
  EXPECT_EQ(ErrorType::of_current_exception().view(), "unknown");
}

TEST(ErrorType, CutsALongWord) {
  EXPECT_EQ(ErrorType{std::string(200, 'x')}.view(), std::string(63, 'x'));
}

}  // namespace
}  // namespace vitals::monitor
