# Makes a .cc that holds a text file, as a function of that name in the agent's namespace:
# cmake -DINPUT=nutrition.tsv -DOUTPUT=nutrition_tsv.cc -DFUNCTION=nutrition_tsv -P embed.cmake
file(READ "${INPUT}" content)
file(WRITE "${OUTPUT}" "#include <string_view>

namespace health_agent::agent {

std::string_view ${FUNCTION}() noexcept;
std::string_view ${FUNCTION}() noexcept {
  return R\"TXT(${content})TXT\";
}

}  // namespace health_agent::agent
")
