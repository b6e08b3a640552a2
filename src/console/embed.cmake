# Makes a .cc that holds files: cmake -DASSETS="app.css=PATH;…" -DOUTPUT=assets.cc -P embed.cmake
set(arrays "")
set(rows "")
set(number 0)
foreach(asset IN LISTS ASSETS)
  string(REGEX MATCH "^([^=]*)=(.*)$" _ "${asset}")
  set(name "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" hex HEX)
  string(REGEX REPLACE "(................................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," hex "${hex}")
  string(APPEND arrays "constexpr char kFile${number}[] = {\n${hex}};\n")
  string(APPEND rows "    Asset{\"${name}\", {kFile${number}, sizeof kFile${number}}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE "${OUTPUT}" "#include \"console/assets.h\"

#include <array>

namespace vitals::console::detail {
namespace {

// clang-format off
${arrays}
// clang-format on

constexpr std::array kAssets{
${rows}};

}  // namespace

std::span<const Asset> assets() noexcept {
  return kAssets;
}

}  // namespace vitals::console::detail
")
