#pragma once

#include <string>
#include <vector>

namespace integration {

/// What becomes of a connection after an answer.
enum class Then { kReadsOn, kCloses };

/// Raw bytes that a client sends on a fresh connection, and what is right.
struct FramingCase {
  std::string name;
  std::string bytes;
  int status = 0;
  Then then = Then::kCloses;
};

/// Requests that two readers could understand in two ways, that no reader should understand, and
/// those that look like them and are right: what each is answered by a server that serves GET of
/// `path` with 200 and keeps connections open. Sources: RFC 9112, 2 to 7 and 9; RFC 9110, 2.5, 7.2,
/// 8.6, 9.3 and 10.1.1.
[[nodiscard]] std::vector<FramingCase> framing_cases(const std::string& path);

/// The same for what stands in a chunked body, for a server that reads one to its end. Source: RFC
/// 9112, 7.1; RFC 9110, 5.6.4 and 6.5.1.
[[nodiscard]] std::vector<FramingCase> chunk_cases(const std::string& path);

}  // namespace integration
