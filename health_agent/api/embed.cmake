# Makes the .cc that holds openapi.json: cmake -DINPUT=openapi.json -DOUTPUT=openapi_json.cc -P embed.cmake
file(READ "${INPUT}" content)
# A compiler need not take more than 65,536 characters of one literal.
set(pieces "")
while(NOT content STREQUAL "")
  string(SUBSTRING "${content}" 0 16000 piece)
  string(APPEND pieces "R\"JSON(${piece})JSON\"\n")
  string(LENGTH "${content}" left)
  if(left GREATER 16000)
    string(SUBSTRING "${content}" 16000 -1 content)
  else()
    set(content "")
  endif()
endwhile()
file(WRITE "${OUTPUT}" "#include <string_view>

namespace health_agent::api {

std::string_view openapi_json() noexcept;
std::string_view openapi_json() noexcept {
  return ${pieces};
}

}  // namespace health_agent::api
")
