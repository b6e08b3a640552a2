# How a room of the library is declared, what it can include, and under which name users have it.

include(GNUInstallDirs)

set(VITALS_COMPONENTS "" CACHE STRING
    "What to build, with what it needs: ${vitals_components}; divided by semicolons. Empty is all of them")
set(default static)
if(BUILD_SHARED_LIBS)
  set(default shared)
endif()
set(VITALS_LIBRARIES ${default} CACHE STRING "The libraries to make: static, shared, or \"static;shared\"")
foreach(library IN LISTS VITALS_LIBRARIES)
  if(NOT library MATCHES "^(static|shared)$")
    message(FATAL_ERROR "VITALS_LIBRARIES names '${library}'; it should be static, shared, or both")
  endif()
endforeach()
option(VITALS_INSTALL "Install the library's headers, libraries and package files" ${vitals_is_top_level})
# Of libvitals.so: one more with each release that breaks those who were linked with the one before (docs/guide/versions.md).
set(vitals_abi 0)
option(VITALS_UNITY "Compile sixteen files as one: quicker as a whole, slower after a change of one of them" ${VITALS_DEVELOPMENT})

foreach(component IN LISTS VITALS_COMPONENTS)
  if(NOT component IN_LIST vitals_components)
    list(JOIN vitals_components ", " known)
    message(FATAL_ERROR "VITALS_COMPONENTS names '${component}'; known are: ${known}")
  endif()
endforeach()
set(vitals_built ${VITALS_COMPONENTS})
if(NOT vitals_built)
  set(vitals_built ${vitals_components})
endif()
if(console IN_LIST vitals_built)
  include(page)
  if(NOT vitals_page_files)
    if(console IN_LIST VITALS_COMPONENTS)
      message(FATAL_ERROR "vitals: the console's page needs uPlot: `npm ci` in ${PROJECT_SOURCE_DIR}/console fetches it; releases have it with them")
    endif()
    message(STATUS "vitals: without the console, whose page needs uPlot: `npm ci` in ${PROJECT_SOURCE_DIR}/console fetches it")
    list(REMOVE_ITEM vitals_built console)
  endif()
endif()
vitals_closure(vitals_built_rooms ${vitals_built})

# Their packages are looked for here and seen by all, for users link what the library links.
foreach(room IN LISTS vitals_built_rooms)
  foreach(package IN LISTS vitals_packages_${room})
    list(GET vitals_target_of_${package} 0 target)
    if(NOT TARGET ${target})
      find_package(${package} QUIET)
      if(NOT TARGET ${target})
        list(JOIN vitals_components ", " known)
        message(FATAL_ERROR "vitals: ${package} is not found, which ${room} needs (Debian: ${vitals_debian_name_of_${package}}). "
                            "VITALS_COMPONENTS leaves out what is not wanted: name some of ${known}")
      endif()
      foreach(target IN LISTS vitals_target_of_${package})
        get_target_property(of ${target} ALIASED_TARGET)
        if(of)
          set(target ${of})
        endif()
        set_target_properties(${target} PROPERTIES IMPORTED_GLOBAL TRUE)
      endforeach()
    endif()
  endforeach()
endforeach()

# For those who work on vitals, a room's compiler gets a folder of links for each room that it may know, and none that holds the whole
# library: an include of another room does not compile (tests/house/rooms.sh). Others get include/ and src/ themselves.
#   ROOMS/public/ROOM/vitals/ROOM   is include/vitals/ROOM
#   ROOMS/private/ROOM/ROOM         is src/ROOM
# The presets share the links, for the compiler cache takes the same paths as the same compilation.
string(FIND "${CMAKE_BINARY_DIR}" "${PROJECT_SOURCE_DIR}/build/" at)
if(at EQUAL 0)
  set(vitals_rooms ${PROJECT_SOURCE_DIR}/build/rooms)
else()
  set(vitals_rooms ${PROJECT_BINARY_DIR}/rooms)
endif()

# What is no number or infinite is told from what is, and sums are kept exact: a user's flags (-ffast-math, -Ofast) would leave that out.
# Not -fno-fast-math, which clang warns of.
set(vitals_exact_numbers -fno-unsafe-math-optimizations -fno-finite-math-only)
# The class of an exception is found by its type information, which a user's -fno-rtti leaves out of what the user compiles.
set(vitals_own_flags ${vitals_exact_numbers} -frtti)

define_property(TARGET PROPERTY VITALS_ROOM BRIEF_DOCS "The room of the library that the target is"
                FULL_DOCS "The room of the library that the target is; not set for what is none")

function(vitals_link target link)
  if(NOT EXISTS ${link})
    cmake_path(GET link PARENT_PATH folder)
    file(MAKE_DIRECTORY ${folder})
    cmake_path(RELATIVE_PATH target BASE_DIRECTORY ${folder})
    file(CREATE_LINK ${target} ${link} SYMBOLIC)
  endif()
endfunction()

# vitals_room_links(ROOM): makes the links. The names that the compiler writes into objects (debug information, __FILE__) are
# those of the files themselves.
function(vitals_room_links room)
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/include/vitals/${room})
    vitals_link(${PROJECT_SOURCE_DIR}/include/vitals/${room} ${vitals_rooms}/public/${room}/vitals/${room})
  endif()
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/src/${room})
    vitals_link(${PROJECT_SOURCE_DIR}/src/${room} ${vitals_rooms}/private/${room}/${room})
  endif()
  set_property(GLOBAL APPEND PROPERTY VITALS_ROOM_NAMES
    -ffile-prefix-map=${vitals_rooms}/public/${room}/=${PROJECT_SOURCE_DIR}/include/
    -ffile-prefix-map=${vitals_rooms}/private/${room}/=${PROJECT_SOURCE_DIR}/src/)
endfunction()

# What every room may know: base, and the headers that stand beside the rooms' folders.
if(VITALS_DEVELOPMENT)
  vitals_room_links(base)
  file(GLOB vitals_common RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/vitals/*.h)
  foreach(header IN LISTS vitals_common)
    vitals_link(${PROJECT_SOURCE_DIR}/include/${header} ${vitals_rooms}/public/base/${header})
  endforeach()
endif()

function(vitals_room_includes target room)
  if(NOT VITALS_DEVELOPMENT)
    target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
    return()
  endif()
  vitals_room_links(${room})
  get_property(names GLOBAL PROPERTY VITALS_ROOM_NAMES)
  target_compile_options(${target} PRIVATE ${names})
  target_include_directories(${target}
    PRIVATE ${vitals_rooms}/private/${room} ${vitals_rooms}/private/base ${vitals_rooms}/public/${room} ${vitals_rooms}/public/base
    INTERFACE $<IF:$<BOOL:$<TARGET_PROPERTY:VITALS_ROOM>>,${vitals_rooms}/public/${room},${PROJECT_SOURCE_DIR}/include>)
  foreach(other IN LISTS ARGN)
    target_include_directories(${target} PRIVATE ${vitals_rooms}/private/${other})
  endforeach()
endfunction()

# vitals_library(NAME SOURCES ... [DEPS public...] [PRIVATE_DEPS ...] [INSIDE ROOM...] [UNITY files]): one room of the library, as
# target vitals_NAME. INSIDE names the rooms whose private headers it may include; UNITY is how many files are compiled as one.
# What it links from outside stands in components.cmake.
function(vitals_library name)
  cmake_parse_arguments(ARG "" "UNITY" "SOURCES;DEPS;PRIVATE_DEPS;INSIDE" ${ARGN})
  add_library(vitals_${name} STATIC ${ARG_SOURCES})
  set_target_properties(vitals_${name} PROPERTIES VITALS_ROOM ${name} CXX_VISIBILITY_PRESET hidden)
  vitals_room_includes(vitals_${name} ${name} ${ARG_INSIDE})
  target_compile_features(vitals_${name} PUBLIC cxx_std_20)
  target_compile_options(vitals_${name} PRIVATE ${vitals_own_flags})
  vitals_precompiled(vitals_${name} vitals_precompiled)
  vitals_unity(vitals_${name} ${ARG_UNITY})
  if(NOT name STREQUAL base)
    list(APPEND ARG_DEPS vitals_base)
  endif()
  foreach(package IN LISTS vitals_packages_${name})
    list(APPEND ARG_PRIVATE_DEPS ${vitals_target_of_${package}})
  endforeach()
  target_link_libraries(vitals_${name} PUBLIC Threads::Threads ${ARG_DEPS} PRIVATE vitals_warnings ${ARG_PRIVATE_DEPS})
endfunction()
