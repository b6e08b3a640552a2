#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {

/// A message of the protobuf wire format, read without its schema: the values of each field in
/// order. Throws std::runtime_error at what is not of that format.
class WireMessage {
 public:
  explicit WireMessage(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::uint64_t tag = varint(bytes);
      const auto field = static_cast<int>(tag >> 3);
      switch (tag & 7) {
        case 0:
          integers_[field].push_back(varint(bytes));
          break;
        case 1: {
          if (bytes.size() < 8) throw std::runtime_error("a number is cut");
          std::uint64_t bits = 0;
          for (int i = 7; i >= 0; --i)
            bits = bits << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
          reals_[field].push_back(std::bit_cast<double>(bits));
          bytes.remove_prefix(8);
          break;
        }
        case 2:
          texts_[field].emplace_back(take_delimited(bytes));
          break;
        default:
          throw std::runtime_error("a wire type that is not used here");
      }
    }
  }

  [[nodiscard]] std::string text(int field) const { return only(texts_, field); }
  [[nodiscard]] double real(int field) const { return only(reals_, field); }
  [[nodiscard]] std::uint64_t integer(int field) const { return only(integers_, field); }
  [[nodiscard]] std::int64_t zigzag(int field) const { return unzigzag(integer(field)); }
  [[nodiscard]] WireMessage message(int field) const { return WireMessage{only(texts_, field)}; }
  [[nodiscard]] bool has(int field) const {
    return texts_.contains(field) || reals_.contains(field) || integers_.contains(field);
  }
  [[nodiscard]] std::vector<WireMessage> messages(int field) const {
    std::vector<WireMessage> all;
    if (const auto there = texts_.find(field); there != texts_.end()) {
      for (const std::string& bytes : there->second)
        all.emplace_back(bytes);
    }
    return all;
  }
  /// A packed field of sint64.
  [[nodiscard]] std::vector<std::int64_t> packed(int field) const {
    std::vector<std::int64_t> all;
    if (!texts_.contains(field)) return all;
    const std::string bytes = text(field);
    for (std::string_view rest = bytes; !rest.empty();)
      all.push_back(unzigzag(varint(rest)));
    return all;
  }

  /// Takes a length and as many bytes off the front.
  static std::string_view take_delimited(std::string_view& bytes) {
    const std::uint64_t size = varint(bytes);
    if (size > bytes.size()) throw std::runtime_error("a message is cut");
    const std::string_view taken = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return taken;
  }

 private:
  template <class Value>
  static Value only(const std::map<int, std::vector<Value>>& fields, int field) {
    const auto there = fields.find(field);
    if (there == fields.end() || there->second.size() != 1) {
      throw std::runtime_error("field " + std::to_string(field) + " is not there once");
    }
    return there->second.front();
  }
  static std::uint64_t varint(std::string_view& bytes) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (bytes.empty()) break;
      const auto byte = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    throw std::runtime_error("an integer is cut or too long");
  }
  static std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
  }

  std::map<int, std::vector<std::uint64_t>> integers_;
  std::map<int, std::vector<double>> reals_;
  std::map<int, std::vector<std::string>> texts_;
};

/// The messages of a delimited page.
inline std::vector<WireMessage> read_delimited(std::string_view page) {
  std::vector<WireMessage> families;
  while (!page.empty())
    families.emplace_back(WireMessage::take_delimited(page));
  return families;
}

/// The families of a registry as they stand on its page.
inline std::vector<WireMessage> messages_of(const metrics::Registry& registry) {
  std::string page;
  write_metrics(registry, Format::kProtobuf, page);
  return read_delimited(page);
}

/// Field numbers of io.prometheus.client.
namespace field {
inline constexpr int kName = 1;
inline constexpr int kHelp = 2;
inline constexpr int kType = 3;
inline constexpr int kMetric = 4;
inline constexpr int kUnit = 5;
inline constexpr int kLabel = 1;
inline constexpr int kGauge = 2;
inline constexpr int kCounter = 3;
inline constexpr int kSummary = 4;
inline constexpr int kUntyped = 5;
inline constexpr int kHistogram = 7;
}  // namespace field

/// The labels of a metric or an exemplar.
inline std::map<std::string, std::string> labels_of(const WireMessage& metric) {
  std::map<std::string, std::string> labels;
  for (const WireMessage& label : metric.messages(field::kLabel))
    labels[label.text(1)] = label.text(2);
  return labels;
}

}  // namespace vitals::exporting
