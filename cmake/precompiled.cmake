# Headers of the standard library that nearly every file includes are compiled once. A file includes what it uses all the same; the
# bench and floor presets, which compile without, show that (CMAKE_DISABLE_PRECOMPILE_HEADERS). Only for those who work on vitals.

# ccache keeps the object only with the first option. The others turn off warnings that g++ 12 gives wrongly about its own std::string:
# once precompiled, it no longer takes that code for a system header's. The bench and floor presets have them on.
set(vitals_precompiled_options $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess$<SEMICOLON>-Wno-array-bounds$<SEMICOLON>-Wno-restrict$<SEMICOLON>-Wno-stringop-overflow$<SEMICOLON>-Wno-stringop-overread>)

# vitals_precompile(NAME HEADER): declares what vitals_precompiled(TARGET NAME) takes. The flags of both must be the same.
function(vitals_precompile name header)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc CONTENT "")
  add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE vitals_warnings)
  target_precompile_headers(${name} PRIVATE ${header})
  set_target_properties(${name} PROPERTIES CXX_VISIBILITY_PRESET hidden)  # as a room's
endfunction()

function(vitals_precompiled target name)
  if(TARGET ${name} AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    get_target_property(visibility ${target} CXX_VISIBILITY_PRESET)
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND NOT visibility STREQUAL hidden)
      return()  # clang takes none of another visibility
    endif()
    target_precompile_headers(${target} REUSE_FROM ${name})
    target_compile_options(${target} PRIVATE ${vitals_precompiled_options})
  endif()
endfunction()

# vitals_unity(TARGET [FILES]): compiles so many of its files (16) at a time as one where VITALS_UNITY or a user's CMAKE_UNITY_BUILD asks
# for it, since most of their time goes into what all of them instantiate. So two files of a target cannot give one name to two things,
# even inside an unnamed namespace. The bench and floor presets compile file by file, as packages do.
function(vitals_unity target)
  set(files 16)
  if(ARGC GREATER 1)
    set(files ${ARGV1})
  endif()
  if(VITALS_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON)
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE ${files})
  if(VITALS_UNITY OR CMAKE_UNITY_BUILD)
    # A type of a .cc file may hold one of its unnamed namespace; in a file that is included g++ takes that for a mistake.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()
