#pragma once

/// Marks a function whose result views its object, or a parameter that the result views, so that
/// clang warns (-Wdangling) where that one is a temporary. Nothing to other compilers. It stands
/// behind a parameter's name, or behind a member function's `const noexcept`.
#if defined(__has_cpp_attribute)
#if __has_cpp_attribute(clang::lifetimebound)
#define VITALS_LIFETIMEBOUND [[clang::lifetimebound]]
#endif
#endif
#ifndef VITALS_LIFETIMEBOUND
#define VITALS_LIFETIMEBOUND
#endif
