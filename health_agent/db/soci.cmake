# Debian's libsoci-dev ships no CMake package, so its parts are looked up by hand.
find_path(SOCI_INCLUDE_DIR soci/soci.h)
find_library(SOCI_CORE_LIBRARY soci_core)
find_library(SOCI_SQLITE3_LIBRARY soci_sqlite3)
find_library(SOCI_POSTGRESQL_LIBRARY soci_postgresql)
find_package(PostgreSQL REQUIRED)  # libpq and its header, which SOCI's own header includes
find_package(SQLite3 REQUIRED GLOBAL)
find_package(nlohmann_json REQUIRED)
if(NOT SOCI_INCLUDE_DIR OR NOT SOCI_CORE_LIBRARY OR NOT SOCI_SQLITE3_LIBRARY OR NOT SOCI_POSTGRESQL_LIBRARY)
  message(FATAL_ERROR "SOCI with its SQLite and PostgreSQL parts is missing; scripts/bootstrap installs it (libsoci-dev)")
endif()

add_library(soci::sqlite3 INTERFACE IMPORTED GLOBAL)
target_include_directories(soci::sqlite3 SYSTEM INTERFACE ${SOCI_INCLUDE_DIR})
target_link_libraries(soci::sqlite3 INTERFACE ${SOCI_SQLITE3_LIBRARY} ${SOCI_CORE_LIBRARY} SQLite::SQLite3)
# SOCI hides the type information of some of its classes, which -fsanitize=vptr would link against.
target_compile_options(soci::sqlite3 INTERFACE -fno-sanitize=vptr)

add_library(soci::postgresql INTERFACE IMPORTED GLOBAL)
target_include_directories(soci::postgresql SYSTEM INTERFACE ${SOCI_INCLUDE_DIR} ${PostgreSQL_INCLUDE_DIRS})
target_link_libraries(soci::postgresql INTERFACE ${SOCI_POSTGRESQL_LIBRARY} ${SOCI_CORE_LIBRARY} ${PostgreSQL_LIBRARIES})
target_compile_options(soci::postgresql INTERFACE -fno-sanitize=vptr)
