#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "vitals/console/console.h"
#include "vitals/exporting/scrape.h"

// What the adapters of HTTP servers share: a request of any framework as the metrics and the console
// want to be asked. `field_of(name)` gives the first line of a header field, or an empty text, as a
// view or as a string of its own.
namespace vitals::adapters::detail {

/// The texts of a request that is for a page of ours. They must outlive the call.
struct PageRequest {
  std::string_view method;
  std::string_view path;    ///< decoded as the framework's routes are
  std::string_view query;   ///< what follows `?`
  std::string_view caller;  ///< the client's address; the console shares its places out by it
};

template <class FieldOf>
exporting::ScrapeResponse answer_scrape(exporting::ScrapeHandler& scrapes,
                                        const PageRequest& request, const FieldOf& field_of) {
  return scrapes.handle({.method = request.method,
                         .accept = field_of("Accept"),
                         .accept_encoding = field_of("Accept-Encoding"),
                         .authorization = field_of("Authorization"),
                         .query = request.query});
}

/// The console is mounted at `mount`. Its viewers hold none of the server's threads: they ask each
/// second.
template <class FieldOf>
console::ConsoleResponse answer_console(console::Console& console, std::string_view mount,
                                        const PageRequest& request, const FieldOf& field_of) {
  return console.handle({.method = request.method,
                         .path = request.path.substr(mount.size()),
                         .query = request.query,
                         .accept_encoding = field_of("Accept-Encoding"),
                         .if_none_match = field_of("If-None-Match"),
                         .authorization = field_of("Authorization"),
                         .caller = request.caller,
                         .can_stream = false});
}

/// What a GET would be given, for the answer to a HEAD; nothing where that is not known.
inline std::optional<std::size_t> length_of(const exporting::ScrapeResponse& page) noexcept {
  return page.content_length;
}
inline std::optional<std::size_t> length_of(const console::ConsoleResponse&) noexcept {
  return std::nullopt;
}

/// Gives `add(name, value)` the fields of the answer's head but Content-Type.
template <class Add>
void add_fields(const exporting::ScrapeResponse& page, const Add& add) {
  if (!page.content_encoding.empty()) add("Content-Encoding", page.content_encoding);
  if (!page.www_authenticate.empty()) add("WWW-Authenticate", page.www_authenticate);
  if (!page.allow.empty()) add("Allow", page.allow);
}
template <class Add>
void add_fields(const console::ConsoleResponse& page, const Add& add) {
  for (const auto& [name, value] : page.headers)
    add(name, value);
}

}  // namespace vitals::adapters::detail
