# `cmake --install`: headers, libraries, and the files by which CMake and pkg-config find them. Debian packages are made of it by
# packages.cmake. The parts are named as those packages are.
if(NOT VITALS_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

# The headers of what is left out too: an adapter includes what it can do with the console, and links it only where that is asked for.
install(DIRECTORY include/vitals DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/vitals)
foreach(linkage IN LISTS VITALS_LIBRARIES)
  install(TARGETS vitals_${linkage} EXPORT vitals-${linkage}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
  install(EXPORT vitals-${linkage} NAMESPACE vitals:: DESTINATION ${package} COMPONENT development)
endforeach()
configure_package_config_file(cmake/vitals-config.cmake.in vitals-config.cmake INSTALL_DESTINATION ${package}
                              PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(vitals-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vitals-config.cmake ${CMAKE_CURRENT_BINARY_DIR}/vitals-config-version.cmake
              cmake/components.cmake cmake/find/FindLibDeflate.cmake cmake/find/FindLibDw.cmake
        DESTINATION ${package} COMPONENT development)

# One file for pkg-config for each component. Where the archive is all there is, whatever links it needs its libraries. Beside the shared
# library they are for `pkg-config --static`; not as its requirements, which would ask for all that a static libcurl needs.
file(RELATIVE_PATH vitals_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(component IN LISTS vitals_built)
  vitals_closure(rooms ${component})
  set(modules)
  set(libraries)
  foreach(room IN LISTS rooms)
    foreach(name IN LISTS vitals_packages_${room})
      string(APPEND modules " ${vitals_module_of_${name}}")
      string(APPEND libraries " ${vitals_links_of_${name}}")
    endforeach()
  endforeach()
  set(dependencies "Requires:${modules}")
  if("shared" IN_LIST VITALS_LIBRARIES)
    set(dependencies "Libs.private:${libraries}")
  endif()
  configure_file(cmake/vitals.pc.in vitals-${component}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/vitals-${component}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endforeach()

if(TARGET health-agent)
  install(TARGETS health-agent RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT service)
  install(FILES MONITORING.md docs/runbooks.md DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/health-agent COMPONENT service)
  install(FILES deploy/rollout/phase-1.env DESTINATION ${CMAKE_INSTALL_DATADIR}/health-agent RENAME health-agent.env COMPONENT service)
  # When it is installed, for only then the place is known. Its first lines say how to do by hand what is done here.
  install(CODE "
    file(READ \"${PROJECT_SOURCE_DIR}/deploy/systemd/health-agent.service\" unit)
    string(REGEX REPLACE \"^#[^[]*\" \"\" unit \"\${unit}\")
    string(REPLACE /usr/local/ \"\${CMAKE_INSTALL_PREFIX}/\" unit \"\${unit}\")
    file(WRITE \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/health-agent.service\" \"\${unit}\")"
    COMPONENT service)
endif()
foreach(part IN ITEMS runtime development service)
  set(name libvitals${vitals_abi})
  if(part STREQUAL development)
    set(name libvitals-dev)
  elseif(part STREQUAL service)
    set(name health-agent)
  endif()
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} RENAME copyright COMPONENT ${part})
endforeach()
include(packages)
