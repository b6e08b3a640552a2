#pragma once

#include <array>
#include <set>
#include <string>
#include <string_view>

namespace integration {

/// Other ways to write `path`, or to write something that a careless reader takes for it: encoded
/// letters, slashes, dots and parameters, once and twice, relative segments, overlong UTF-8,
/// absolute form, queries and fragments. Some hold NUL or control characters. `path` is among them.
[[nodiscard]] inline std::set<std::string> spellings_of(const std::string& path) {
  std::set<std::string> all{path};
  const auto encoded = [](char c, std::string_view digits) {
    const auto byte = static_cast<unsigned char>(c);
    return std::string{'%', digits[byte >> 4], digits[byte & 15]};
  };
  std::string every_letter;
  std::string every_slash;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string before = path.substr(0, i);
    const std::string after = path.substr(i + 1);
    const std::string lower = encoded(path[i], "0123456789abcdef");
    const std::string upper = encoded(path[i], "0123456789ABCDEF");
    all.insert({before + lower + after, before + upper + after});
    all.insert(before + "%25" + lower.substr(1) + after);
    every_letter += path[i] == '/' ? "/" : lower;
    every_slash += path[i] == '/' && i > 0 ? "%2f" : std::string{path[i]};
    if (path[i] >= 'a' && path[i] <= 'z') {
      std::string shouted = path;
      shouted[i] = static_cast<char>(path[i] - 'a' + 'A');
      all.insert(shouted);
    }
    if (path[i] != '/') continue;
    for (const std::string_view slash :
         {"//",      "///",       "/./",        "/../",      "/x/../",       "/%2e/",
          "/%2E/",   "/%2e%2e/",  "/x/%2e%2e/", "/.%2e/",    "/;/",          ";x/",
          ";x=y/",   "/;x/../",   "..;/",       "/..;/",     "\\",           "%5c",
          "%5C",     "/\\",       "\\/",        "%00/",      "/%00",         "%20/",
          "/%20",    "+/",        "%2f/",       "/%2f",      "%2f%2f",       "%252f",
          "%25252f", "%c0%af",    "%C0%AF",     "%e0%80%af", "%f0%80%80%af", "%c1%9c",
          "%u002f",  "%ef%bc%8f", "%e2%81%84",  ".",         "/.;/",         "?/",
          "#/",      "%3f/",      "%23/",       "%0a/",      "%0d%0a/",      "\t/",
          "/*/"})
      all.insert(before + std::string{slash} + after);
  }
  all.insert({every_letter, every_slash});
  for (const std::string_view suffix : {".",
                                        "..",
                                        "/",
                                        "//",
                                        "/.",
                                        "/..",
                                        "/./",
                                        "/../",
                                        "/%2e",
                                        "/%2e%2e",
                                        "%2f",
                                        "%2f.",
                                        "%2f..",
                                        ";",
                                        ";x",
                                        ";x=y",
                                        "/;x",
                                        "%3b",
                                        "%3bx",
                                        "%00",
                                        "%00.css",
                                        "%00/",
                                        "%20",
                                        "%09",
                                        "%0a",
                                        "%",
                                        "%2",
                                        "%zz",
                                        "\\",
                                        "%5c",
                                        "?",
                                        "?x",
                                        "?x=/api/health",
                                        "??",
                                        "#",
                                        "#x",
                                        "%23",
                                        "%3f",
                                        "%3fx",
                                        ".json",
                                        ".css",
                                        ".html",
                                        "/index.html",
                                        "*",
                                        "~",
                                        "%c0%ae",
                                        "%ff",
                                        "%80",
                                        "%e2%80%8b",
                                        "+",
                                        "/../../metrics",
                                        "/../health",
                                        "%2f..%2f..%2fhealth",
                                        "&x",
                                        ",x",
                                        ":80",
                                        "@x",
                                        "|x",
                                        "%7f"})
    all.insert(path + std::string{suffix});
  all.insert(path + std::string{"\0", 1});
  for (const std::string_view prefix : {"/",
                                        "//",
                                        "/.",
                                        "/./",
                                        "/..",
                                        "/../",
                                        "/x/..",
                                        "/%2e",
                                        "/%2e%2e",
                                        "/;",
                                        "/;x",
                                        "/api/..",
                                        "/api/health/..",
                                        "/api/health/%2e%2e/%2e%2e",
                                        "/api/health;",
                                        "/metrics/..",
                                        "/metrics/..;",
                                        "/console/..",
                                        "/console/%2e%2e",
                                        "/console/app.css/../..",
                                        "/console/app.css/..%2f..",
                                        "\\",
                                        "/\\",
                                        "%2f",
                                        "/%2f",
                                        "?",
                                        "#",
                                        "http://localhost",
                                        "HTTP://LOCALHOST",
                                        "http://localhost:80",
                                        "https://localhost",
                                        "http://127.0.0.1",
                                        "http://[::1]",
                                        "http://evil.example",
                                        "http://x@localhost",
                                        "http://localhost/..",
                                        "http://localhost//",
                                        "http://",
                                        "http:",
                                        "//localhost",
                                        "ftp://localhost",
                                        "localhost:80",
                                        "/http://localhost"})
    all.insert(std::string{prefix} + path);
  all.insert(path.substr(1));
  return all;
}

/// Every method that has a meaning here or elsewhere, and some that have none.
inline constexpr std::array<std::string_view, 14> kMethods{
    "GET",     "HEAD",  "POST",     "PUT",  "DELETE", "PATCH", "OPTIONS",
    "CONNECT", "TRACE", "PROPFIND", "LINK", "get",    "GETX",  "PRI"};

}  // namespace integration
