# An overlay port: vcpkg install vitals --overlay-ports=packaging/vcpkg/ports
#
# The sources are those that the port lies in, so that it builds what is checked out; one in a registry takes a release's archive.
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

set(components metrics)
foreach(feature IN ITEMS export stack context sentry otlp monitor console testing)
  if(feature IN_LIST FEATURES)
    list(APPEND components ${feature})
  endif()
endforeach()
list(JOIN components ";" components)

set(library static)
if(VCPKG_LIBRARY_LINKAGE STREQUAL "dynamic")
  set(library shared)
endif()

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS "-DVITALS_COMPONENTS=${components}" -DVITALS_LIBRARIES=${library})
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME vitals CONFIG_PATH lib/cmake/vitals)
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
