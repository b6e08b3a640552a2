# What every target of this project shares: the language, the warnings, the sanitizers, and how a room or a test is declared.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The presets' folders differ, their objects do not: without the folder in the hash they share the cache. Checkouts do not:
  # the debug information names the source, which an event's stack shows lines of.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_NAMESPACE=${PROJECT_SOURCE_DIR} ${CCACHE})
endif()

set(VITALS_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target (address,undefined or thread)")
if(VITALS_SANITIZE)
  add_compile_options(-fsanitize=${VITALS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VITALS_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Between the checks that it adds g++ loses sight of what is initialised, also in its own library.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

add_library(vitals_warnings INTERFACE)
target_compile_options(vitals_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                                                 -Wold-style-cast -Woverloaded-virtual -Werror)

find_package(Threads REQUIRED)

# vitals_library(NAME SOURCES ... [DEPS public...] [PRIVATE_DEPS ...]): one room of the library, as target vitals::NAME.
function(vitals_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  add_library(vitals_${name} STATIC ${ARG_SOURCES})
  add_library(vitals::${name} ALIAS vitals_${name})
  set_target_properties(vitals_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(vitals_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(vitals_${name} PUBLIC Threads::Threads ${ARG_DEPS} PRIVATE $<BUILD_INTERFACE:vitals_warnings> ${ARG_PRIVATE_DEPS})
endfunction()

# vitals_test(NAME SOURCES ... DEPS ... [LABEL unit|integration] [TIMEOUT seconds]): one gtest program, each TEST a ctest entry.
function(vitals_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PRIVATE vitals_warnings ${ARG_DEPS} GTest::gmock_main)
  # A test's own code is compiled far more often than it runs.
  target_compile_options(${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-O0 -g1>)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT})
endfunction()
