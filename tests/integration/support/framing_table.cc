#include "integration/support/framing_table.h"

namespace integration {

std::vector<FramingCase> framing_cases(const std::string& path) {
  const auto line = [&](const std::string& version) { return "GET " + path + " " + version; };
  const std::string ours = line("HTTP/1.1");
  const auto with = [&](const std::string& fields) {
    return ours + "\r\nHost: localhost\r\n" + fields + "\r\n";
  };
  const auto hosted = [&](const std::string& host) {
    return ours + "\r\nHost: " + host + "\r\n\r\n";
  };
  const auto chunks = [&](const std::string& body) {
    return with("Transfer-Encoding: chunked\r\n") + body;
  };
  std::string many;
  for (int i = 0; i < 101; ++i)
    many += "X-" + std::to_string(i) + ": y\r\n";
  constexpr auto kOn = Then::kReadsOn;
  constexpr auto kEnd = Then::kCloses;
  return {
      // What is right.
      {"plain", with(""), 200, kOn},
      {"two at once", with("") + with(""), 200, kOn},
      {"name in capitals", ours + "\r\nHOST: localhost\r\n\r\n", 200, kOn},
      {"blanks around a value", with("X: \t y \t\r\n"), 200, kOn},
      {"no blank before a value", ours + "\r\nHost:localhost\r\n\r\n", 200, kOn},
      {"empty value", with("X:\r\n"), 200, kOn},
      {"bytes above ASCII", with("X: \xc3\xa4\r\n"), 200, kOn},
      {"empty lines before", "\r\n\r\n" + with(""), 200, kOn},
      {"later minor version", line("HTTP/1.2") + "\r\nHost: localhost\r\n\r\n", 200, kOn},
      {"Connection: close", with("Connection: close\r\n"), 200, kEnd},
      {"Connection: list with close", with("Connection: x, CLOSE\r\n"), 200, kEnd},
      {"1.0", line("HTTP/1.0") + "\r\nHost: localhost\r\n\r\n", 200, kEnd},
      {"1.0 that stays", line("HTTP/1.0") + "\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n",
       200, kOn},
      {"absolute form", "GET http://localhost" + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 200,
       kOn},
      {"absolute form, the field's host ignored",
       "GET http://localhost" + path + " HTTP/1.1\r\nHost: other.example\r\n\r\n", 200, kOn},
      {"absolute form in capitals",
       "GET HTTP://localhost" + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 200, kOn},
      {"body with a length", with("Content-Length: 4\r\n") + "abcd", 200, kOn},
      {"length 0", with("Content-Length: 0\r\n"), 200, kOn},
      {"chunks", chunks("4\r\nabcd\r\n0\r\n\r\n"), 200, kOn},
      {"coding in capitals", with("Transfer-Encoding: ChunKed\r\n") + "0\r\n\r\n", 200, kOn},
      {"chunk size with zeros", chunks("0004\r\nabcd\r\n0\r\n\r\n"), 200, kOn},
      {"chunk extension", chunks("4;a=b\r\nabcd\r\n0\r\n\r\n"), 200, kOn},
      {"trailer", chunks("4\r\nabcd\r\n0\r\nX: y\r\n\r\n"), 200, kOn},
      // The request line.
      {"0.9", "GET " + path + "\r\n", 400, kEnd},
      {"0.9 with an empty line", "GET " + path + "\r\n\r\n", 400, kEnd},
      {"0.9 as a version", line("HTTP/0.9") + "\r\nHost: localhost\r\n\r\n", 505, kEnd},
      {"2.0", line("HTTP/2.0") + "\r\nHost: localhost\r\n\r\n", 505, kEnd},
      {"2.0 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, kEnd},
      {"3.0", line("HTTP/3.0") + "\r\nHost: localhost\r\n\r\n", 505, kEnd},
      {"9.9", line("HTTP/9.9") + "\r\nHost: localhost\r\n\r\n", 505, kEnd},
      {"version without a digit", line("HTTP/1.") + "\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"version with two digits", line("HTTP/1.10") + "\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"version in small letters", line("http/1.1") + "\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"blank behind the version", line("HTTP/1.1 ") + "\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"two blanks", "GET  " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"tab for a blank", "GET\t" + path + "\tHTTP/1.1\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"blank in the target", "GET " + path + " x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"NUL in the target",
       "GET " + path + std::string(1, '\0') + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"target without a slash", "GET x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"star for GET", "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"another scheme", "GET ftp://localhost" + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 400,
       kEnd},
      {"CONNECT", "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"method that is no token", "G@T " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 400,
       kEnd},
      {"no method", " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, kEnd},
      {"TLS", std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}, 400, kEnd},
      {"long target", "GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
       414, kEnd},
      // Line ends and fields.
      {"bare LF everywhere", ours + "\nHost: localhost\n\n", 400, kEnd},
      {"bare LF once", ours + "\r\nHost: localhost\nX: y\r\n\r\n", 400, kEnd},
      {"bare CR", ours + "\r\nHost: localhost\rX: y\r\n\r\n", 400, kEnd},
      {"bare LF at the end", ours + "\r\nHost: localhost\r\n\n", 400, kEnd},
      {"NUL in a value", with(std::string{"X: y\0z\r\n", 8}), 400, kEnd},
      {"folded line", with("X: y\r\n z\r\n"), 400, kEnd},
      {"folded by a tab", with("X: y\r\n\tz\r\n"), 400, kEnd},
      {"first field begins with a blank", ours + "\r\n Host: localhost\r\n\r\n", 400, kEnd},
      {"blank before the colon", with("X : y\r\n"), 400, kEnd},
      {"blank before the colon of a coding", with("Transfer-Encoding : chunked\r\n") + "0\r\n\r\n",
       400, kEnd},
      {"tab before the colon", with("X\t: y\r\n"), 400, kEnd},
      {"no colon", with("nonsense\r\n"), 400, kEnd},
      {"no name", with(": y\r\n"), 400, kEnd},
      {"name that is no token", with("X[]: y\r\n"), 400, kEnd},
      {"101 fields", with(many), 431, kEnd},
      {"long field", with("X: " + std::string(9000, 'y') + "\r\n"), 431, kEnd},
      {"long head", with("X: " + std::string(200'000, 'y')), 431, kEnd},
      // Host.
      {"no Host", ours + "\r\n\r\n", 400, kEnd},
      {"two Hosts", with("Host: localhost\r\n"), 400, kEnd},
      {"two other Hosts", with("hOST: elsewhere\r\n"), 400, kEnd},
      {"Host with a path", hosted("localhost/x"), 400, kEnd},
      {"Host with a user", hosted("user@localhost"), 400, kEnd},
      {"Host with a blank", hosted("local host"), 400, kEnd},
      {"Host with a port that is none", hosted("localhost:x"), 400, kEnd},
      {"Host with a port too high", hosted("localhost:99999"), 400, kEnd},
      {"Host with half a bracket", hosted("[::1"), 400, kEnd},
      // Where the body ends.
      {"length and coding",
       with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400, kEnd},
      {"coding and length",
       with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") + "0\r\n\r\n", 400, kEnd},
      {"coding in 1.0",
       line("HTTP/1.0") + "\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
       kEnd},
      {"gzip, chunked", with("Transfer-Encoding: gzip, chunked\r\n"), 501, kEnd},
      {"gzip and chunked on two lines",
       with("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), 501, kEnd},
      {"identity", with("Transfer-Encoding: identity\r\n"), 501, kEnd},
      {"xchunked", with("Transfer-Encoding: xchunked\r\n"), 501, kEnd},
      {"chunked twice", with("Transfer-Encoding: chunked, chunked\r\n"), 400, kEnd},
      {"chunked is not last", with("Transfer-Encoding: chunked, gzip\r\n"), 400, kEnd},
      {"coding in quotes", with("Transfer-Encoding: \"chunked\"\r\n"), 400, kEnd},
      {"coding behind a control character",
       with("Transfer-Encoding: \x0b"
            "chunked\r\n"),
       400, kEnd},
      {"no coding", with("Transfer-Encoding:\r\n"), 400, kEnd},
      {"two lengths", with("Content-Length: 4\r\nContent-Length: 5\r\n") + "abcd", 400, kEnd},
      {"the same length twice", with("Content-Length: 4\r\nContent-Length: 4\r\n") + "abcd", 400,
       kEnd},
      {"list of lengths", with("Content-Length: 4, 4\r\n") + "abcd", 400, kEnd},
      {"length with a plus", with("Content-Length: +4\r\n") + "abcd", 400, kEnd},
      {"length below 0", with("Content-Length: -4\r\n"), 400, kEnd},
      {"length in hex", with("Content-Length: 0x4\r\n") + "abcd", 400, kEnd},
      {"length that is empty", with("Content-Length:\r\n"), 400, kEnd},
      {"length that is no number", with("Content-Length: four\r\n"), 400, kEnd},
      {"another expectation", with("Expect: the-unexpected\r\n"), 417, kEnd},
  };
}

std::vector<FramingCase> chunk_cases(const std::string& path) {
  const std::string head = "GET " + path +
                           " HTTP/1.1\r\nHost: localhost\r\n"
                           "Transfer-Encoding: chunked\r\n\r\n";
  std::vector<FramingCase> cases;
  const auto add = [&](Then then, const std::string& name, const std::string& body) {
    cases.push_back({name, head + body, then == Then::kReadsOn ? 200 : 400, then});
  };
  const auto good = [&](const std::string& name, const std::string& body) {
    add(Then::kReadsOn, name, body);
  };
  const auto bad = [&](const std::string& name, const std::string& body) {
    add(Then::kCloses, name, body);
  };
  // A chunk with these extensions, and a body with this trailer.
  const auto extended = [](const std::string& extensions) {
    return "4" + extensions + "\r\nabcd\r\n0\r\n\r\n";
  };
  const auto with_trailer = [](const std::string& lines) {
    return "4\r\nabcd\r\n0\r\n" + lines + "\r\n";
  };
  const std::string nul(1, '\0');
  good("no chunk at all", "0\r\n\r\n");
  good("several chunks", "4\r\nabcd\r\n1\r\ne\r\nA\r\n0123456789\r\n0\r\n\r\n");
  good("line ends in the data", "4\r\n\r\n\r\n\r\n0\r\n\r\n");
  good("more zeros than digits", std::string(30, '0') + "4\r\nabcd\r\n0\r\n\r\n");
  good("extension without a value", extended(";a"));
  good("two extensions", extended(";a=b;c=d"));
  good("quoted extension", extended(";a=\"b c\""));
  good("quoted quote", extended(";a=\"b\\\"c\""));
  good("extension of the last chunk", "4\r\nabcd\r\n0;a=b\r\n\r\n");
  good("two trailer fields", with_trailer("X: y\r\nY:\r\n"));

  bad("data longer than its size", "3\r\nabcd\r\n0\r\n\r\n");
  bad("size ended by LF", "4\nabcd\r\n0\r\n\r\n");
  bad("extension ended by LF", "4;x\nabcd\r\n0\r\n\r\n");
  bad("extension that is empty and ended by LF", "4;\nxx\r\n0\r\n\r\n");
  bad("data ended by LF", "4\r\nabcd\n0\r\n\r\n");
  bad("data ended by CR", "4\r\nabcd\r0\r\n\r\n");
  bad("data without an end", "4\r\nabcd0\r\n\r\n");
  bad("size below 0", "-4\r\nabcd\r\n0\r\n\r\n");
  bad("size with a plus", "+4\r\nabcd\r\n0\r\n\r\n");
  bad("size with 0x", "0x4\r\nabcd\r\n0\r\n\r\n");
  bad("size that is no number", "g\r\nabcd\r\n0\r\n\r\n");
  bad("no size", "\r\nabcd\r\n0\r\n\r\n");
  bad("extension without a size", ";a=b\r\nabcd\r\n0\r\n\r\n");
  bad("blank before the size", " 4\r\nabcd\r\n0\r\n\r\n");
  bad("blank behind the size", "4 \r\nabcd\r\n0\r\n\r\n");
  bad("two CRs", "4\r\r\nabcd\r\n0\r\n\r\n");
  bad("size too large to count", "fffffffffffffffff\r\nabcd\r\n0\r\n\r\n");
  bad("line that is too long", "4;" + std::string(100'000, 'x'));
  bad("LF in a quoted extension", extended(";a=\"\nx\""));
  bad("CR LF in a quoted extension", extended(";a=\"\r\nx\""));
  bad("CR in a quoted extension", extended(";a=\"\rx\""));
  bad("escaped LF in a quoted extension", extended(";a=\"\\\nx\""));
  bad("NUL in a quoted extension", extended(";a=\"" + nul + "x\""));
  bad("escaped NUL in a quoted extension", extended(";a=\"\\" + nul + "x\""));
  bad("control character in a quoted extension", extended(";a=\"\x01\""));
  bad("DEL in a quoted extension", extended(";a=\"\x7f\""));
  bad("NUL in an extension", extended(";a" + nul));
  bad("control character in an extension", extended(";a=\x0b"));
  bad("quoted extension without an end", extended(";a=\"b"));
  bad("something behind a quoted extension", extended(";a=\"b\"c"));
  bad("extension without a name", extended(";=b"));
  bad("extension without anything", extended(";"));
  bad("extension with a blank for its semicolon", extended(" a=b"));
  bad("value that is no token", extended(";a=b(c)"));
  bad("LF in an extension of the last chunk", "4\r\nabcd\r\n0;a=\"\n\"\r\n\r\n");
  bad("trailer folded", with_trailer("X: y\r\n z\r\n"));
  bad("trailer folded by a tab", with_trailer("X: y\r\n\tz\r\n"));
  bad("trailer that begins with a blank", with_trailer(" X: y\r\n"));
  bad("trailer with a blank before the colon", with_trailer("X : y\r\n"));
  bad("trailer without a colon", with_trailer("nonsense\r\n"));
  bad("trailer without a name", with_trailer(": y\r\n"));
  bad("trailer whose name is no token", with_trailer("X[]: y\r\n"));
  bad("trailer ended by LF", with_trailer("X: y\n"));
  bad("bare CR in a trailer", with_trailer("X: y\rZ: z\r\n"));
  bad("NUL in a trailer", with_trailer("X: " + nul + "\r\n"));
  bad("control character in a trailer", with_trailer("X: \x08\r\n"));
  bad("length in a trailer", with_trailer("Content-Length: 4\r\n"));
  bad("coding in a trailer", with_trailer("transfer-encoding: chunked\r\n"));
  bad("Host in a trailer", with_trailer("HOST: elsewhere\r\n"));
  bad("end by LF", "4\r\nabcd\r\n0\r\n\n");
  bad("end by CR", "4\r\nabcd\r\n0\r\n\rx");
  std::string many;
  for (int i = 0; i < 101; ++i)
    many += "X-" + std::to_string(i) + ": y\r\n";
  bad("101 fields in a trailer", with_trailer(many));
  return cases;
}

}  // namespace integration
