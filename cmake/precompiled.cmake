# Headers of the standard library that nearly every file includes are compiled once. A file includes what it uses all the same; the
# bench and floor presets, which compile without, show that (CMAKE_DISABLE_PRECOMPILE_HEADERS). A project that vitals is a part of
# has none of this.

# vitals_precompile(NAME HEADER): declares what vitals_precompiled(TARGET NAME) takes. The flags of both must be the same.
function(vitals_precompile name)
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc CONTENT "")
  add_library(${name} OBJECT ${CMAKE_CURRENT_BINARY_DIR}/${name}.cc)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE vitals_warnings)
  target_precompile_headers(${name} PRIVATE ${ARGN})
endfunction()

function(vitals_precompiled target name)
  if(TARGET ${name} AND NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${name})
    # The first is for ccache, which would not keep the object otherwise. The others are warnings that g++ 12 then gives wrongly
    # for its own std::string, whose code it does not know for a system header's any more.
    target_compile_options(${target} PRIVATE
      $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess$<SEMICOLON>-Wno-array-bounds$<SEMICOLON>-Wno-restrict$<SEMICOLON>-Wno-stringop-overflow$<SEMICOLON>-Wno-stringop-overread>)
  endif()
endfunction()
