#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#include "context/json_text.h"
#include "vitals/base/utf8.h"
#include "vitals/value.h"

namespace vitals::context::detail {

/// Copies `size` bytes. Names and short texts are most of what is copied here, and for those a call
/// of memcpy takes longer than the copy.
inline char* copy_bytes(char* to, const char* from, std::size_t size) noexcept {
  const auto both_ends = [=]<class Word>(Word first) noexcept {
    Word last;
    std::memcpy(&first, from, sizeof first);
    std::memcpy(&last, from + size - sizeof last, sizeof last);
    std::memcpy(to, &first, sizeof first);
    std::memcpy(to + size - sizeof last, &last, sizeof last);
  };
  struct Sixteen {
    std::uint64_t halves[2];
  };
  if (size > 32) {
    std::memcpy(to, from, size);
  } else if (size >= 16) {
    both_ends(Sixteen{});
  } else if (size >= 8) {
    both_ends(std::uint64_t{});
  } else if (size >= 4) {
    both_ends(std::uint32_t{});
  } else {
    for (std::size_t i = 0; i < size; ++i)
      to[i] = from[i];
  }
  return to + size;
}

/// Bytes that grow, with the first N kept in the object. Does not throw: a lack of memory shows as
/// a null pointer, and what should have been added is left out.
template <std::uint32_t N>
class InlineBytes {
 public:
  InlineBytes() noexcept : data_(inline_) {}  // NOLINT: inline_ is written before it is read
  InlineBytes(const InlineBytes&) = delete;
  InlineBytes& operator=(const InlineBytes&) = delete;
  ~InlineBytes() {
    if (data_ != inline_) std::free(data_);
  }

  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] std::string_view view() const noexcept { return {data_, size_}; }
  [[nodiscard]] char* data() noexcept { return data_; }
  void clear() noexcept { size_ = 0; }

  /// Makes room for `count` bytes at the end and returns where they go.
  [[nodiscard]] char* extend(std::uint32_t count) noexcept {
    if (count > capacity_ - size_ && !grow(size_ + count)) return nullptr;
    char* const place = data_ + size_;
    size_ += count;
    return place;
  }
  void append(std::string_view text) noexcept {
    if (text.empty()) return;
    char* const place = extend(static_cast<std::uint32_t>(text.size()));
    if (place != nullptr) copy_bytes(place, text.data(), text.size());
  }
  void assign(std::string_view text) noexcept {
    size_ = 0;
    append(text);
  }
  void erase(std::uint32_t offset, std::uint32_t count) noexcept {
    std::memmove(data_ + offset, data_ + offset + count, size_ - offset - count);
    size_ -= count;
  }

 private:
  bool grow(std::uint32_t wanted) noexcept {
    const std::uint32_t capacity = std::max(wanted, capacity_ * 2);
    auto* const bytes = static_cast<char*>(data_ == inline_ ? std::malloc(capacity)
                                                            : std::realloc(data_, capacity));
    if (bytes == nullptr) return false;
    if (data_ == inline_) std::memcpy(bytes, inline_, size_);
    data_ = bytes;
    capacity_ = capacity;
    return true;
  }

  char* data_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = N;
  char inline_[N];
};

/// What a record belongs to.
enum class Section : std::uint8_t {
  kUser,
  kTag,
  kExtra,
  kContext,  // key: the context's name, a unit separator, the field's name
  kFingerprint,
  kRequest,
  kHeader,
  kTransaction,
  kData,
  kOp,
  kDescription,
  kMeasurement,
  kMeasurementUnit,
  kFlag,       // "1" or "0"
  kAttribute,  // of the lines of a log
  kTemplate,   // of a message
  kParameter,  // of a message, in their order
  kLink,       // key: trace id, span id, and whether it is sampled; the value is its type
  // From here on of spans alone.
  kEvent,   // key: its name; the value is its time and its attributes, see pack_event()
  kThrown,  // of an event's attributes: the addresses of a stack that threw
  kStamp,   // the same: which throw it was, so that one that is captured twice is one
};
inline constexpr Section kLastSection = Section::kLink;  // that a scope's records may have

inline constexpr char kUnitSeparator = '\x1f';
inline constexpr std::size_t kMaxKeySize = 200;
inline constexpr std::size_t kMaxValueSize = 8192;

struct RecordHeader {
  Section section;
  ValueView::Type type;
  std::uint16_t key_size;
  std::uint32_t value_size;
};

/// A named value as it lies in a buffer. The views live as long as the buffer is left alone.
struct Record {
  Section section;
  std::string_view key;
  ValueView value;
};

using base::cut;

/// Appends one record as it is; `head` is a context's name and goes before the key. Nothing happens
/// where it would pass `limit` bytes.
/// All that is known about a request lies in one such buffer: setting a tag is a copy of some
/// bytes, where a map of strings would take two or three allocations.
template <std::uint32_t N>
[[gnu::always_inline]] inline void append_raw(InlineBytes<N>& bytes, Section section,
                                              ValueView::Type type, std::string_view head,
                                              std::string_view key, std::string_view raw,
                                              std::uint32_t limit) noexcept {
  const std::size_t head_size = head.empty() ? 0 : head.size() + 1;
  const RecordHeader header{section, type, static_cast<std::uint16_t>(head_size + key.size()),
                            static_cast<std::uint32_t>(raw.size())};
  const std::uint32_t total =
      static_cast<std::uint32_t>(sizeof header) + header.key_size + header.value_size;
  if (bytes.size() + total > limit) return;
  char* place = bytes.extend(total);
  if (place == nullptr) return;
  std::memcpy(place, &header, sizeof header);
  place += sizeof header;
  if (!head.empty()) {
    place = copy_bytes(place, head.data(), head.size());
    *place++ = kUnitSeparator;
  }
  place = copy_bytes(place, key.data(), key.size());
  copy_bytes(place, raw.data(), raw.size());
}

/// Appends a text under a name, both cut to the limits.
template <std::uint32_t N>
inline void append_text(InlineBytes<N>& bytes, Section section, std::string_view key,
                        std::string_view text, std::uint32_t limit,
                        std::size_t max_value = kMaxValueSize) noexcept {
  append_raw(bytes, section, ValueView::Type::kString, {}, cut(key, kMaxKeySize),
             cut(text, max_value), limit);
}

/// Whether a record holds the value's text, and not a number.
[[nodiscard]] constexpr bool is_text(ValueView::Type type) noexcept {
  return type == ValueView::Type::kString || type == ValueView::Type::kJson;
}

/// Appends an object or array as a JSON text. Out of the way of append_record(), whose other values
/// are copied in some nanoseconds.
template <std::uint32_t N>
[[gnu::noinline, gnu::cold]] void append_nested(InlineBytes<N>& bytes, Section section,
                                                std::string_view head, std::string_view key,
                                                const ValueView& value,
                                                std::uint32_t limit) noexcept {
  try {
    const NestedText made = nested_text(value, kMaxValueSize);
    append_raw(bytes, section, made.type, cut(head, kMaxKeySize), cut(key, kMaxKeySize), made.text,
               limit);
  } catch (const std::bad_alloc&) {
    // One value less.
  }
}

/// Appends a value of any type, cut to the limits. An object or array becomes a JSON text.
template <std::uint32_t N>
void append_record(InlineBytes<N>& bytes, Section section, std::string_view head,
                   std::string_view key, const ValueView& value, std::uint32_t limit) noexcept {
  std::string_view raw;
  std::uint64_t number = 0;
  switch (value.type()) {
    case ValueView::Type::kString:
      raw = cut(value.as_string(), kMaxValueSize);
      break;
    case ValueView::Type::kJson:
    case ValueView::Type::kObject:
    case ValueView::Type::kArray:
      return append_nested(bytes, section, head, key, value, limit);
    case ValueView::Type::kDouble:
      number = std::bit_cast<std::uint64_t>(value.as_double());
      break;
    default:
      number = value.as_uint();
  }
  std::array<char, sizeof number> digits = std::bit_cast<std::array<char, sizeof number>>(number);
  if (!is_text(value.type())) raw = {digits.data(), digits.size()};
  append_raw(bytes, section, value.type(), cut(head, kMaxKeySize), cut(key, kMaxKeySize), raw,
             limit);
}

/// Reads the record at the front of `bytes` and moves on behind it. `bytes` must not be empty.
[[nodiscard]] inline Record take_record(std::string_view& bytes) noexcept {
  RecordHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  const std::string_view key = bytes.substr(sizeof header, header.key_size);
  const std::string_view raw = bytes.substr(sizeof header + header.key_size, header.value_size);
  bytes.remove_prefix(sizeof header + header.key_size + header.value_size);
  if (header.type == ValueView::Type::kString) return {header.section, key, ValueView{raw}};
  if (header.type == ValueView::Type::kJson) return {header.section, key, ValueView::json(raw)};
  std::uint64_t number = 0;
  std::memcpy(&number, raw.data(), sizeof number);
  switch (header.type) {
    case ValueView::Type::kBool:
      return {header.section, key, ValueView{number != 0}};
    case ValueView::Type::kInt:
      return {header.section, key, ValueView{static_cast<std::int64_t>(number)}};
    case ValueView::Type::kUint:
      return {header.section, key, ValueView{number}};
    case ValueView::Type::kDouble: {
      double real = 0;
      std::memcpy(&real, &number, sizeof real);
      return {header.section, key, ValueView{real}};
    }
    default:
      return {header.section, key, ValueView{}};
  }
}

/// The front of `bytes` that is well-formed: what take_record() can take. For bytes that come from
/// a file.
[[nodiscard]] inline std::string_view whole_records(std::string_view bytes) noexcept {
  std::size_t end = 0;
  while (bytes.size() - end >= sizeof(RecordHeader)) {
    RecordHeader header;
    std::memcpy(&header, bytes.data() + end, sizeof header);
    const std::size_t size = sizeof header + header.key_size + std::size_t{header.value_size};
    if (size > bytes.size() - end || header.section > kLastSection ||
        header.type > ValueView::Type::kJson) {
      break;
    }
    const bool any_type = header.section == Section::kExtra ||
                          header.section == Section::kContext || header.section == Section::kData ||
                          header.section == Section::kAttribute ||
                          header.section == Section::kParameter;
    if (header.type != ValueView::Type::kString &&
        (!any_type || (!is_text(header.type) && header.value_size != sizeof(std::uint64_t)))) {
      break;
    }
    end += size;
  }
  return bytes.substr(0, end);
}

/// Takes out every record of `section` that `matches(key)`. Cost: a look at each record's header.
template <std::uint32_t N, class Matches>
void erase_records(InlineBytes<N>& bytes, Section section, Matches matches) noexcept {
  std::uint32_t offset = 0;
  while (offset < bytes.size()) {
    const char* const place = bytes.data() + offset;
    RecordHeader header;
    std::memcpy(&header, place, sizeof header);
    const auto length =
        static_cast<std::uint32_t>(sizeof header) + header.key_size + header.value_size;
    if (header.section == section &&
        matches(std::string_view{place + sizeof header, header.key_size})) {
      bytes.erase(offset, length);
    } else {
      offset += length;
    }
  }
}

/// An event of a span as it lies in a record's value: when it was, then its attributes as records.
using PackedEvent = InlineBytes<512>;

/// Starts a packed event.
inline void begin_event(PackedEvent& event, std::int64_t timestamp) noexcept {
  const auto bytes = std::bit_cast<std::array<char, sizeof timestamp>>(timestamp);
  event.assign({bytes.data(), bytes.size()});
}

/// When a packed event was; then only its attributes are left of it. 0 when there is none.
[[nodiscard]] inline std::int64_t take_event_time(std::string_view& event) noexcept {
  std::int64_t timestamp = 0;
  if (event.size() < sizeof timestamp) return 0;
  std::memcpy(&timestamp, event.data(), sizeof timestamp);
  event.remove_prefix(sizeof timestamp);
  return timestamp;
}

/// The value as one that owns its text.
[[nodiscard]] inline Value own(const ValueView& view) {
  switch (view.type()) {
    case ValueView::Type::kNull:
      return {};
    case ValueView::Type::kBool:
      return view.as_bool();
    case ValueView::Type::kInt:
      return view.as_int();
    case ValueView::Type::kUint:
      return view.as_uint();
    case ValueView::Type::kDouble:
      return view.as_double();
    case ValueView::Type::kString:
      return std::string{view.as_string()};
    case ValueView::Type::kJson:
      return JsonText{std::string{view.as_string()}};
    case ValueView::Type::kObject:
    case ValueView::Type::kArray:
      return JsonText{nested_text(view, kMaxValueSize).text};
  }
  return {};
}

/// The value as a view of it.
[[nodiscard]] inline ValueView view_of(const Value& value) noexcept {
  return std::visit(
      [](const auto& held) noexcept -> ValueView {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return {};
        } else {
          return ValueView{held};
        }
      },
      value);
}

/// Sets a field: in place where the name is there, else at the end.
inline void put(Fields& fields, std::string_view key, const ValueView& value) {
  for (auto& [name, held] : fields) {
    if (name == key) {
      held = own(value);
      return;
    }
  }
  fields.emplace_back(std::string{key}, own(value));
}

}  // namespace vitals::context::detail
