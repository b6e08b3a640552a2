#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "vitals/base/utf8.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

/// The texts of an enum that is used as a label, in the order of its values, which must run from 0
/// without a gap. Specialise it beside the enum:
///
///     template <>
///     struct vitals::metrics::LabelValues<Result> {
///       static constexpr std::array<std::string_view, 2> kValues{"hit", "miss"};
///     };
template <class Enum>
struct LabelValues;

namespace detail {

/// `[a-zA-Z_][a-zA-Z0-9_]*`: what needs no quotes as the name of a label.
[[nodiscard]] constexpr bool plain_label_name(std::string_view name) noexcept {
  for (std::size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return !name.empty();
}

/// Whether the name begins with `__`, which Prometheus keeps for itself, or with two ASCII characters
/// that become it where a scraper does not know UTF-8: `..name..` is `__name__` there. Letters of
/// other alphabets are escaped likewise, but a name of them is meant, and cannot clash with
/// Prometheus' own.
[[nodiscard]] constexpr bool begins_reserved(std::string_view name) noexcept {
  for (int i = 0; i < 2; ++i) {
    if (name.empty()) return false;
    const char c = name.front();
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    if (letter || !ascii || (i > 0 && c >= '0' && c <= '9')) return false;
    name.remove_prefix(1);
  }
  return true;
}

/// Any UTF-8 that is not reserved: see begins_reserved(), and `le` and `quantile`.
[[nodiscard]] constexpr bool valid_utf8_label_name(std::string_view name) noexcept {
  return !name.empty() && !begins_reserved(name) && name != "le" && name != "quantile" &&
         base::is_utf8(name);
}

/// The same of `[a-zA-Z_][a-zA-Z0-9_]*` alone. Source: Prometheus, "Metric names and labels".
[[nodiscard]] constexpr bool valid_label_name(std::string_view name) noexcept {
  return plain_label_name(name) && valid_utf8_label_name(name);
}

/// Chooses the constructor of Label that takes any UTF-8.
struct AnyUtf8 {};

/// Neither is defined nor constexpr: a name that leads here does not compile, and the compiler's
/// message says why. A throw would do the same, but not with -fno-exceptions.
void a_label_name_is_letters_digits_and_underscores_not_reserved();
void a_label_name_is_utf8_not_empty_not_reserved();

}  // namespace detail

/// The name of a label, as part of a family's type. Written as a plain literal:
/// `Family<Counter, "method", "status">`. For a label whose values are an enum, use enum_label.
/// A name that Prometheus would refuse, or reserves (`le`, `quantile`, `__…`), does not compile.
template <std::size_t N, class EnumType = void>
struct Label {
  /// Whose values the label has; void: any text.
  using Enum = EnumType;

  /// Of a literal. What is no label's name does not compile.
  consteval Label(const char (&name)[N]) {
    if (!detail::valid_label_name({name, N - 1})) {
      detail::a_label_name_is_letters_digits_and_underscores_not_reserved();
    }
    for (std::size_t i = 0; i < N; ++i)
      text[i] = name[i];
  }
  /// The same of any UTF-8, for utf8_label().
  consteval Label(detail::AnyUtf8, const char (&name)[N]) {
    if (!detail::valid_utf8_label_name({name, N - 1})) {
      detail::a_label_name_is_utf8_not_empty_not_reserved();
    }
    for (std::size_t i = 0; i < N; ++i)
      text[i] = name[i];
  }

  /// Its name.
  [[nodiscard]] constexpr std::string_view name() const noexcept { return {text, N - 1}; }

  /// The name and a zero byte.
  char text[N]{};  // public, so that the type may be a template argument
};

template <std::size_t N>
Label(const char (&)[N]) -> Label<N>;

/// A label whose values are those of `Enum`: `Family<Counter, enum_label<Method>("method")>`.
/// A family all of whose labels are enums is resolved by an array index, without a hash.
template <class Enum, std::size_t N>
requires std::is_enum_v<Enum>
[[nodiscard]] consteval Label<N, Enum> enum_label(const char (&name)[N]) {
  return Label<N, Enum>(name);
}

/// A label whose name is any UTF-8, as OpenTelemetry has them:
/// `Family<Counter, utf8_label("http.request.method")>`. Only for registries that allow such names,
/// see Registry::allow_utf8_names(). What is not UTF-8 does not compile, nor what is reserved, as it
/// stands or once it is escaped for older scrapers: `..name..` is `__name__` to them.
template <std::size_t N>
[[nodiscard]] consteval Label<N> utf8_label(const char (&name)[N]) {
  return Label<N>(detail::AnyUtf8{}, name);
}
/// The same of a label whose values are those of `Enum`.
template <class Enum, std::size_t N>
requires std::is_enum_v<Enum>
[[nodiscard]] consteval Label<N, Enum> utf8_label(const char (&name)[N]) {
  return Label<N, Enum>(detail::AnyUtf8{}, name);
}

/// The text of an enum's label value, by its LabelValues; `(other)` for a number that has none.
template <class Enum>
requires requires {
  LabelValues<Enum>::kValues;
}
[[nodiscard]] constexpr std::string_view to_string(Enum value) noexcept {
  constexpr auto& kTexts = LabelValues<Enum>::kValues;
  // A negative value becomes a huge index, and so is out of range like any other stranger.
  const auto index = static_cast<std::size_t>(static_cast<std::underlying_type_t<Enum>>(value));
  return index < kTexts.size() ? kTexts[index] : "(other)";
}

namespace detail {

template <class Enum>
struct LabelArgument {
  using Type = Enum;
  static constexpr std::size_t kCount = LabelValues<Enum>::kValues.size();

  [[nodiscard]] static constexpr std::size_t index(Enum value) noexcept {
    // A negative value becomes a huge index, and so is out of range like any other stranger.
    return static_cast<std::size_t>(static_cast<std::underlying_type_t<Enum>>(value));
  }
  [[nodiscard]] static constexpr std::string_view text(Enum value) noexcept {
    return metrics::to_string(value);
  }
};

template <>
struct LabelArgument<void> {
  using Type = std::string_view;
  static constexpr std::size_t kCount = 0;

  [[nodiscard]] static constexpr std::string_view text(std::string_view value) noexcept {
    return value;
  }
};

/// What `with()` takes for a label, and how it becomes a text.
template <auto L>
using LabelArgumentOf = LabelArgument<typename decltype(L)::Enum>;

template <std::size_t N>
[[nodiscard]] consteval bool all_distinct(const std::array<std::string_view, N>& names) {
  for (std::size_t i = 0; i < N; ++i) {
    for (std::size_t j = i + 1; j < N; ++j) {
      if (names[i] == names[j]) return false;
    }
  }
  return true;
}

}  // namespace detail
}  // namespace vitals::metrics

#pragma GCC visibility pop
