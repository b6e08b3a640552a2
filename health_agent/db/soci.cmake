# Debian's libsoci-dev ships no CMake package, so its parts are looked up by hand.
find_path(SOCI_INCLUDE_DIR soci/soci.h)
find_library(SOCI_CORE_LIBRARY soci_core)
find_library(SOCI_SQLITE3_LIBRARY soci_sqlite3)
find_package(SQLite3 REQUIRED GLOBAL)
find_package(nlohmann_json REQUIRED)
if(NOT SOCI_INCLUDE_DIR OR NOT SOCI_CORE_LIBRARY OR NOT SOCI_SQLITE3_LIBRARY)
  message(FATAL_ERROR "SOCI with its SQLite part is missing; scripts/bootstrap installs it (libsoci-dev)")
endif()

add_library(soci::sqlite3 INTERFACE IMPORTED GLOBAL)
target_include_directories(soci::sqlite3 SYSTEM INTERFACE ${SOCI_INCLUDE_DIR})
target_link_libraries(soci::sqlite3 INTERFACE ${SOCI_SQLITE3_LIBRARY} ${SOCI_CORE_LIBRARY} SQLite::SQLite3)
# SOCI hides the type information of some of its classes, which -fsanitize=vptr would link against.
target_compile_options(soci::sqlite3 INTERFACE -fno-sanitize=vptr)
