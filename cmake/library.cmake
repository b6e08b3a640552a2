# What users link: vitals::metrics and the other components.
#
# Inside the build that is each room's own archive, or with VITALS_LIBRARIES=shared one libvitals.so. Installed it is one libvitals.a or
# one libvitals.so, made of the same objects: of an archive a program takes in what it calls and no more.

set(objects)
set(packages)
foreach(room IN LISTS vitals_built_rooms)
  list(APPEND objects $<TARGET_OBJECTS:vitals_${room}>)
  foreach(package IN LISTS vitals_packages_${room})
    list(APPEND packages ${vitals_target_of_${package}})
  endforeach()
endforeach()

if("shared" IN_LIST VITALS_LIBRARIES)
  add_library(vitals_shared SHARED ${objects})
  set_target_properties(vitals_shared PROPERTIES OUTPUT_NAME vitals EXPORT_NAME shared LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION} SOVERSION ${vitals_abi})
  target_include_directories(vitals_shared INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
  target_compile_features(vitals_shared INTERFACE cxx_std_20)
  target_link_libraries(vitals_shared PRIVATE Threads::Threads ${packages} ${CMAKE_DL_LIBS})
  set(map ${PROJECT_SOURCE_DIR}/src/libvitals.map)
  target_link_options(vitals_shared PRIVATE LINKER:--no-undefined LINKER:--version-script=${map})
  set_property(TARGET vitals_shared APPEND PROPERTY LINK_DEPENDS ${map})
endif()

if("static" IN_LIST VITALS_LIBRARIES)
  if(VITALS_INSTALL)
    add_library(vitals_static STATIC ${objects})
    set_target_properties(vitals_static PROPERTIES OUTPUT_NAME vitals EXPORT_NAME static LINKER_LANGUAGE CXX)
  endif()
  foreach(room IN LISTS vitals_built_rooms)
    add_library(vitals::${room} ALIAS vitals_${room})
  endforeach()
  if(TARGET vitals_exporting)
    add_library(vitals::export ALIAS vitals_exporting)
  endif()
else()
  foreach(component IN LISTS vitals_built)
    add_library(vitals_of_${component} INTERFACE)
    target_link_libraries(vitals_of_${component} INTERFACE vitals_shared)
    add_library(vitals::${component} ALIAS vitals_of_${component})
  endforeach()
endif()
