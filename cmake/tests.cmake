# How a test is declared. Headers that nearly every test includes are compiled once, and nlohmann-json's code too.
find_package(GTest REQUIRED)
find_package(nlohmann_json REQUIRED)
include(GoogleTest)

# CMake precompiles a header only where a file of the target takes it: that is the empty one.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/vitals_test_base.cc CONTENT "")
add_library(vitals_test_base STATIC ${PROJECT_SOURCE_DIR}/tests/house/json.cc ${CMAKE_BINARY_DIR}/vitals_test_base.cc)
target_link_libraries(vitals_test_base PUBLIC GTest::gmock nlohmann_json::nlohmann_json PRIVATE vitals_warnings)
# Found by its folder: a path in the text of the header would keep checkouts from sharing what is compiled.
target_include_directories(vitals_test_base PRIVATE ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR})
target_precompile_headers(vitals_test_base PRIVATE <house/precompiled.h>)

# vitals_test_code(TARGET): compiles it as a test's code, which is compiled far more often than it runs. A target that shall
# not share the precompiled header, since its flags are others, says so by DISABLE_PRECOMPILE_HEADERS.
function(vitals_test_code target)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL EXECUTABLE)
    # The header is for programs; the code in it would be another one with -fPIC.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIE)
  endif()
  target_compile_options(${target} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0 -g1> ${vitals_precompiled_options})
  if(NOT target STREQUAL vitals_test_base)
    target_precompile_headers(${target} REUSE_FROM vitals_test_base)
    target_link_libraries(${target} PRIVATE vitals_test_base)
  endif()
endfunction()
vitals_test_code(vitals_test_base)
# Compiled once and run by nearly every test: worth the optimiser, which the precompiled header knows nothing of.
set_source_files_properties(${PROJECT_SOURCE_DIR}/tests/house/json.cc TARGET_DIRECTORY vitals_test_base
  PROPERTIES COMPILE_OPTIONS "$<$<CONFIG:RelWithDebInfo>:-O1>" SKIP_PRECOMPILE_HEADERS ON)

# vitals_test(NAME SOURCES ... DEPS ... [LABEL unit|integration] [TIMEOUT seconds]): one gtest program, each TEST a ctest entry.
function(vitals_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE vitals_warnings ${ARG_DEPS} GTest::gmock_main)
  vitals_test_code(${name})
  vitals_unity(${name} 16)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
