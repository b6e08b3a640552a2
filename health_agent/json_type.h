#pragma once

#include <functional>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

/// nlohmann::json, whose values are destroyed without taking memory. To be included in place of the
/// library's own header by all of the service, since each of its files has to know of it.
///
/// The library's own way gathers the parts of a value in a vector first, so as not to recurse, in a
/// destructor: where there is no memory for that vector, std::terminate() ends the process, in the
/// middle of giving memory back. Source: nlohmann-json 3.11.2, basic_json::json_value::destroy().
/// Another version keeps its own way.
#if NLOHMANN_JSON_VERSION_MAJOR == 3 && NLOHMANN_JSON_VERSION_MINOR == 11 && \
    NLOHMANN_JSON_VERSION_PATCH == 2

// Cost: one step a part, whatever its depth; no memory, no recursion. A part that has parts itself
// keeps the one that it was found in, in the place of its first part, until its own are gone.
template <>
inline void nlohmann::json::json_value::destroy(value_t type) {
  if ((type == value_t::array && !array->empty()) ||
      (type == value_t::object && !object->empty())) {
    const auto first_of = [](json& whole) -> json& {
      return whole.m_type == value_t::array ? whole.m_value.array->front()
                                            : whole.m_value.object->begin()->second;
    };
    const auto take_last = [](json& whole) {
      if (whole.m_type == value_t::array) {
        json last(std::move(whole.m_value.array->back()));  // braces would make a list of it
        whole.m_value.array->pop_back();
        return last;
      }
      const auto at = std::prev(whole.m_value.object->end());
      json last(std::move(at->second));
      whole.m_value.object->erase(at);
      return last;
    };
    const auto has_parts = [](const json& value) {
      return (value.m_type == value_t::array && !value.m_value.array->empty()) ||
             (value.m_type == value_t::object && !value.m_value.object->empty());
    };
    json whole;
    whole.m_value = *this;
    whole.m_type = type;
    while (has_parts(whole)) {
      json part = take_last(whole);
      while (has_parts(part)) {
        if (!has_parts(whole)) {
          whole.swap(part);
          break;
        }
        json first(std::move(first_of(part)));
        first_of(part).swap(whole);
        whole.swap(part);
        part.swap(first);
      }
    }
    return;
  }
  switch (type) {
    case value_t::object:
      delete object;
      break;
    case value_t::array:
      delete array;
      break;
    case value_t::string:
      delete string;
      break;
    case value_t::binary:
      delete binary;
      break;
    default:
      break;
  }
}

#endif

// The code of a value, and of reading and writing one, is most of what a file with JSON takes to
// compile: json_type.cc alone has it.
extern template class nlohmann::basic_json<>;
extern template class std::map<std::string, nlohmann::json, std::less<>>;
extern template class std::vector<nlohmann::json>;
extern template class nlohmann::detail::serializer<nlohmann::json>;
extern template class nlohmann::detail::lexer<
    nlohmann::json, nlohmann::detail::iterator_input_adapter<std::string::const_iterator>>;
extern template class nlohmann::detail::lexer<
    nlohmann::json, nlohmann::detail::iterator_input_adapter<const char*>>;
extern template class nlohmann::detail::parser<
    nlohmann::json, nlohmann::detail::iterator_input_adapter<std::string::const_iterator>>;
extern template class nlohmann::detail::parser<
    nlohmann::json, nlohmann::detail::iterator_input_adapter<const char*>>;
