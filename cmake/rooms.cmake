# How a room of the library is declared, and what it can include.
#
# A room's compiler gets a folder of links for each room that it may know, and none that holds the whole library: an include
# of another room does not compile (tests/house/rooms.sh). Others get include/ itself.
#   ROOMS/public/ROOM/vitals/ROOM   is include/vitals/ROOM
#   ROOMS/private/ROOM/ROOM         is src/ROOM
# The presets share the links, for the compiler cache takes the same paths as the same compilation.
if(PROJECT_IS_TOP_LEVEL AND CMAKE_BINARY_DIR MATCHES "^${PROJECT_SOURCE_DIR}/build/")
  set(vitals_rooms ${PROJECT_SOURCE_DIR}/build/rooms)
else()
  set(vitals_rooms ${PROJECT_BINARY_DIR}/rooms)
endif()

# What is no number or infinite is told from what is, and sums are kept exact: a user's flags (-ffast-math, -Ofast) would leave that out.
# Not -fno-fast-math, which clang warns of.
set(vitals_exact_numbers -fno-unsafe-math-optimizations -fno-finite-math-only)

define_property(TARGET PROPERTY VITALS_ROOM BRIEF_DOCS "The room of the library that the target is")

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
vitals_room_links(base)
file(GLOB vitals_common RELATIVE ${PROJECT_SOURCE_DIR}/include CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/vitals/*.h)
foreach(header IN LISTS vitals_common)
  vitals_link(${PROJECT_SOURCE_DIR}/include/${header} ${vitals_rooms}/public/base/${header})
endforeach()

# vitals_library(NAME SOURCES ... [DEPS public...] [PRIVATE_DEPS ...] [INSIDE ROOM...] [UNITY files]): one room of the library, as
# target vitals::NAME. INSIDE names the rooms whose private headers it may include; UNITY is how many files are compiled as one.
function(vitals_library name)
  cmake_parse_arguments(ARG "" "UNITY" "SOURCES;DEPS;PRIVATE_DEPS;INSIDE" ${ARGN})
  vitals_room_links(${name})
  get_property(names GLOBAL PROPERTY VITALS_ROOM_NAMES)
  add_library(vitals_${name} STATIC ${ARG_SOURCES})
  add_library(vitals::${name} ALIAS vitals_${name})
  set_target_properties(vitals_${name} PROPERTIES EXPORT_NAME ${name} VITALS_ROOM ${name})
  target_include_directories(vitals_${name}
    PRIVATE ${vitals_rooms}/private/${name} ${vitals_rooms}/private/base ${vitals_rooms}/public/${name} ${vitals_rooms}/public/base
    INTERFACE $<IF:$<BOOL:$<TARGET_PROPERTY:VITALS_ROOM>>,${vitals_rooms}/public/${name},${PROJECT_SOURCE_DIR}/include>)
  foreach(other IN LISTS ARG_INSIDE)
    target_include_directories(vitals_${name} PRIVATE ${vitals_rooms}/private/${other})
  endforeach()
  target_compile_options(vitals_${name} PRIVATE ${names} ${vitals_exact_numbers})
  vitals_precompiled(vitals_${name} vitals_precompiled)
  vitals_unity(vitals_${name} ${ARG_UNITY})
  if(NOT name STREQUAL base)
    list(APPEND ARG_DEPS vitals::base)
  endif()
  target_link_libraries(vitals_${name} PUBLIC Threads::Threads ${ARG_DEPS} PRIVATE $<BUILD_INTERFACE:vitals_warnings> ${ARG_PRIVATE_DEPS})
endfunction()
