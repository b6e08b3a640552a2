#include "vitals/monitor/error_type.h"

#include <gtest/gtest.h>

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
