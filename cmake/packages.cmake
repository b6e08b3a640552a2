# Debian packages, by `cpack -G DEB` in the build folder: libvitals0, libvitals-dev, and health-agent where it is built.
if(NOT "static" IN_LIST VITALS_LIBRARIES OR NOT "shared" IN_LIST VITALS_LIBRARIES)
  return()  # the packages have both
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vitals)
set(CPACK_PACKAGE_CONTACT "The vitals authors <vitals@example.org>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL runtime development)
if(TARGET health-agent)
  list(APPEND CPACK_COMPONENTS_ALL service)
endif()
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS OFF)
set(CPACK_DEB_PACKAGE_COMPONENT ON)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME libvitals${vitals_abi})
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "Monitoring for C++ services, shared library
 Prometheus metrics, Sentry errors and traces, and a live page, in one library.")

# What a program links that takes the archive in.
set(needed "libvitals${vitals_abi} (= ${PROJECT_VERSION})")
foreach(room IN LISTS vitals_built_rooms)
  foreach(name IN LISTS vitals_packages_${room})
    string(APPEND needed ", ${vitals_debian_name_of_${name}}")
  endforeach()
endforeach()
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libvitals-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${needed}")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "Monitoring for C++ services, headers and archive
 What is needed to build programs with vitals, by CMake or pkg-config.")

set(CPACK_DEBIAN_SERVICE_PACKAGE_NAME health-agent)
set(CPACK_DEBIAN_SERVICE_PACKAGE_SECTION web)
set(CPACK_DEBIAN_SERVICE_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/packaging/debian/postinst ${PROJECT_SOURCE_DIR}/packaging/debian/prerm ${PROJECT_SOURCE_DIR}/packaging/debian/postrm)
set(CPACK_COMPONENT_SERVICE_DESCRIPTION "Food logging by chat, over HTTP and Telegram
 A service on SQLite or PostgreSQL that is monitored by vitals.")
include(CPack)
