#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_writer.h"
#include "sentry/event/event_json.h"
#include "vitals/sentry/event.h"

namespace vitals::sentry::detail {

inline constexpr std::size_t kMaxText = 8192;   // of a message and of an exception's value
inline constexpr std::size_t kMaxFrames = 250;  // of a stack

/// Names from the event down, as in {"exception", "values", "0", "value"}.
using TrimPath = std::initializer_list<std::string_view>;

/// What was cut from an event, for its `_meta`: the path to it and how long it was, in characters
/// or elements. Source: Sentry developer documentation, "Annotations and remarks".
class TrimNotes {
 public:
  /// A text that now ends in `...`.
  void text(TrimPath path, std::string_view before, std::string_view after);
  /// A list or object of which some is left.
  void elements(TrimPath path, std::size_t before);
  /// What is there no more, or not whole.
  void removed(TrimPath path);

  [[nodiscard]] bool empty() const noexcept { return notes_.empty(); }
  /// As the member `_meta`.
  void write(base::JsonWriter& json) const;

 private:
  struct Note {
    std::string path;        // names with a zero byte between
    std::size_t length = 0;  // 0: not told
    std::string remark;      // JSON
  };
  void add(Note note);
  void write_level(base::JsonWriter& json, std::size_t first, std::size_t last,
                   std::size_t depth) const;
  std::vector<Note> notes_;  // sorted, so that what is below a path follows it
};

/// Writes an event in at most `limit` bytes. Most fit, and are written once. A message or
/// exception's value of more than 8 KiB is cut and a stack of more than 250 frames loses its middle
/// in any case, since the server would do it. Of what is still too large goes, in this order and no
/// further than it must:
///
///  1. source lines around frames
///  2. data of breadcrumbs, then the oldest breadcrumbs
///  3. the request's body
///  4. long values in extra and contexts, then all of extra
///  5. frames from the middle of stacks, down to 20 each
///  6. texts of the message and of exceptions, down to 512 bytes
///  7. data of spans, then links from the end, then spans from the end, counted as dropped
///  8. all but what says which error it is
///
/// An event is never lost for its size. What was cut is said in its `_meta`. Secrets go before
/// anything is cut, since half of one may not look like one. Returns how many spans it has cut.
std::size_t write_event_within(std::size_t limit, const Event& event, const EventFrame& frame,
                               std::string& out);

}  // namespace vitals::sentry::detail
