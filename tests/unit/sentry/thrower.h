#pragma once

/// Built as a library of its own and loaded by the tests: throws from there.
extern "C" int throw_from_library(int value);
