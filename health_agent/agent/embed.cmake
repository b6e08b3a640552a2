# Makes a .cc that holds a text file, as a function of that name in the agent's namespace:
# cmake -DINPUT=nutrition.tsv -DOUTPUT=nutrition_tsv.cc -DFUNCTION=nutrition_tsv -P embed.cmake
file(READ "${INPUT}" content)
file(WRITE "${OUTPUT}" "#include <string_view>

// Every compiler that is in use takes longer ones than the standard asks for.
#pragma GCC diagnostic ignored \"-Woverlength-strings\"

namespace health_agent::agent {

std::string_view ${FUNCTION}() noexcept;
std::string_view ${FUNCTION}() noexcept {
  return R\"TXT(${content})TXT\";
}

}  // namespace health_agent::agent
")
