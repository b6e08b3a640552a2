# What every target of this project shares. How a room is declared is in rooms.cmake, how a test is in tests.cmake. What is set here is
# seen by this folder and those below it, never by a project that vitals is a part of; such a project's own flags and its compiler's
# launcher hold for vitals too.
set(vitals_is_top_level OFF)
if(CMAKE_SOURCE_DIR STREQUAL PROJECT_SOURCE_DIR)
  set(vitals_is_top_level ON)
endif()
set(CMAKE_CXX_EXTENSIONS OFF)
if(NOT DEFINED CMAKE_POSITION_INDEPENDENT_CODE)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
endif()
set(THREADS_PREFER_PTHREAD_FLAG ON)

# Compiles with C++20 at the least: a user who sets CMAKE_CXX_STANDARD to more has more.
if(NOT CMAKE_CXX_STANDARD OR CMAKE_CXX_STANDARD LESS 20)
  set(CMAKE_CXX_STANDARD 20)
endif()
set(CMAKE_CXX_STANDARD_REQUIRED ON)

add_library(vitals_warnings INTERFACE)

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

find_package(Threads REQUIRED)

if(VITALS_DEVELOPMENT)
  include(development)
endif()
include(hardening)
include(precompiled)
include(components)
include(rooms)
