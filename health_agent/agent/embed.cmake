# Makes a .cc that holds a text file: cmake -DINPUT=nutrition.tsv -DOUTPUT=nutrition_tsv.cc -P embed.cmake
file(READ "${INPUT}" content)
file(WRITE "${OUTPUT}" "#include \"health_agent/agent/nutrition.h\"

namespace health_agent::agent {

std::string_view nutrition_tsv() noexcept {
  return R\"TSV(${content})TSV\";
}

}  // namespace health_agent::agent
")
