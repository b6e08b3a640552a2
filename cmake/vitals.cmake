# What every target of this project shares: the language, the warnings, the sanitizers. How a room is declared is in
# rooms.cmake, how a test is in tests.cmake.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(THREADS_PREFER_PTHREAD_FLAG ON)

if(PROJECT_IS_TOP_LEVEL AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # g++ collects garbage less often, for a few hundred megabytes more: a tenth to a fifth of the time of a large file.
  add_compile_options(--param=ggc-min-heapsize=600000)
endif()

if(PROJECT_IS_TOP_LEVEL AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # The forty programs of a build are linked in a fifth of the time.
  find_program(MOLD mold)
  if(MOLD)
    add_link_options(-fuse-ld=mold)
  endif()
endif()

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The presets' folders differ, their objects do not: without the folder in the hash they share the cache. Checkouts do not:
  # the debug information names the source, which an event's stack shows lines of. The sloppiness is what ccache wants to be
  # allowed for precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_NAMESPACE=${PROJECT_SOURCE_DIR}
                                  CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

set(VITALS_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target (address,undefined or thread)")
if(VITALS_SANITIZE)
  add_compile_options(-fsanitize=${VITALS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${VITALS_SANITIZE})
  if(VITALS_SANITIZE MATCHES undefined)
    # It asks by a pipe whether an object's memory can be read, and reports a healthy object where no descriptor is left.
    add_compile_options(-fno-sanitize=vptr)
  endif()
  if(VITALS_SANITIZE STREQUAL thread)
    # Asio's fences are not understood by ThreadSanitizer; without them it uses full operations.
    add_compile_definitions(ASIO_DISABLE_FENCED_BLOCK BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # Between the checks that it adds g++ loses sight of what is initialised, also in its own library.
    add_compile_options(-Wno-maybe-uninitialized)
  endif()
endif()

add_library(vitals_warnings INTERFACE)
target_compile_options(vitals_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                                                 -Wold-style-cast -Woverloaded-virtual -Werror)

find_package(Threads REQUIRED)

include(hardening)
include(precompiled)
include(rooms)
