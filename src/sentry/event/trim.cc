#include "sentry/event/trim.h"

#include <algorithm>
#include <array>
#include <utility>

#include "context/json_text.h"
#include "privacy/scrub.h"
#include "sentry/context_names.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::string_view kEllipsis = "...";
constexpr std::size_t kLongValue = 1024;
constexpr std::size_t kShortText = 512;
constexpr std::size_t kFewFrames = 20;
constexpr std::size_t kOverhead = 16;  // what JSON adds to a value at least, roughly

std::size_t count_characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

std::size_t size_of(const Fields& fields) noexcept {
  std::size_t size = 0;
  for (const auto& [name, value] : fields) {
    size += name.size() + kOverhead;
    if (const auto* const text = std::get_if<std::string>(&value)) size += text->size();
    if (const auto* const json = std::get_if<JsonText>(&value)) size += json->text.size();
  }
  return size;
}

/// As JSON.
std::size_t size_of(const LinkRecord& link) noexcept {
  constexpr std::size_t kIds = 93;
  constexpr std::size_t kAttributes = 37;
  return kIds + (link.type.empty() ? 0 : kAttributes + link.type.size());
}

/// Cuts an event down, one step after the other. A step takes a number of bytes that are too many
/// and tells whether there was anything left for it to take.
class Trimmer {
 public:
  Trimmer(const Event& event, bool pii) : event_(event), pii_(pii) {}

  [[nodiscard]] const Event& event() const noexcept { return event_; }
  [[nodiscard]] const TrimNotes& notes() const noexcept { return notes_; }

  /// What the server would cut anyway.
  void apply_limits() {
    shorten_texts(kMaxText);
    shorten_stacks(kMaxFrames);
  }

  using Step = bool (Trimmer::*)(std::size_t excess);
  [[nodiscard]] static constexpr std::array<Step, 13> steps() {
    return {&Trimmer::source_lines,
            &Trimmer::breadcrumb_data,
            &Trimmer::breadcrumbs,
            &Trimmer::body,
            &Trimmer::long_values,
            &Trimmer::extra,
            &Trimmer::middle_frames,
            &Trimmer::short_texts,
            &Trimmer::long_descriptions,
            &Trimmer::span_data,
            &Trimmer::links,
            &Trimmer::spans,
            &Trimmer::all_but_the_core};
  }

 private:
  bool source_lines(std::size_t /*excess*/) {
    bool any = false;
    for (std::size_t i = 0; i < event_.exceptions.size(); ++i) {
      bool here = false;
      for (FrameRecord& frame : event_.exceptions[i].frames) {
        here = here || !frame.context_line.empty() || !frame.pre_context.empty() ||
               !frame.post_context.empty();
        frame.pre_context.clear();
        frame.context_line.clear();
        frame.post_context.clear();
      }
      if (here) notes_.removed({"exception", "values", std::to_string(i), "stacktrace"});
      any = any || here;
    }
    return any;
  }

  bool breadcrumb_data(std::size_t excess) {
    std::size_t saved = 0;
    for (BreadcrumbRecord& crumb : event_.breadcrumbs) {
      if (saved >= excess) break;
      saved += size_of(crumb.data);
      crumb.data.clear();
    }
    if (saved == 0) return false;
    notes_.elements({"breadcrumbs", "values"}, event_.breadcrumbs.size());
    return true;
  }

  bool breadcrumbs(std::size_t excess) {
    std::size_t saved = 0;
    std::size_t count = 0;
    for (; count < event_.breadcrumbs.size() && saved < excess; ++count) {
      const BreadcrumbRecord& crumb = event_.breadcrumbs[count];
      saved += crumb.type.size() + crumb.category.size() + crumb.message.size() + 4 * kOverhead;
    }
    if (count == 0) return false;
    notes_.elements({"breadcrumbs", "values"}, event_.breadcrumbs.size());
    event_.breadcrumbs.erase(event_.breadcrumbs.begin(),
                             event_.breadcrumbs.begin() + static_cast<std::ptrdiff_t>(count));
    return true;
  }

  bool body(std::size_t /*excess*/) {
    if (event_.request.body.empty()) return false;
    event_.request.body.clear();
    notes_.removed({"request", "data"});
    return true;
  }

  bool long_values(std::size_t /*excess*/) {
    bool any = false;
    const auto shorten_all = [&](Fields& fields, std::string_view first, std::string_view second) {
      for (auto& [name, value] : fields) {
        if (const auto* const json = std::get_if<JsonText>(&value);
            json != nullptr && json->text.size() > kLongValue) {
          value = context::detail::left_out(kLongValue);
          any = true;
          continue;
        }
        std::string* const text = std::get_if<std::string>(&value);
        // By its name it may be masked, and then there is nothing to cut.
        if (text == nullptr || privacy::must_filter(name, std::string_view{*text})) continue;
        if (second.empty()) {
          any = shorten(*text, kLongValue, {first, name}) || any;
        } else {
          any = shorten(*text, kLongValue, {first, second, name}) || any;
        }
      }
    };
    shorten_all(event_.extra, "extra", {});
    for (auto& [name, fields] : event_.contexts)
      shorten_all(fields, "contexts", name);
    return any;
  }

  bool extra(std::size_t /*excess*/) {
    if (event_.extra.empty()) return false;
    event_.extra.clear();
    notes_.removed({"extra"});
    return true;
  }

  bool middle_frames(std::size_t /*excess*/) { return shorten_stacks(kFewFrames); }
  bool short_texts(std::size_t /*excess*/) { return shorten_texts(kShortText); }

  bool long_descriptions(std::size_t /*excess*/) {
    bool any = false;
    for (std::size_t i = 0; i < event_.spans.size(); ++i) {
      any = shorten(event_.spans[i].description, kShortText,
                    {"spans", std::to_string(i), "description"}) ||
            any;
    }
    return any;
  }

  bool span_data(std::size_t excess) {
    std::size_t saved = 0;
    for (std::size_t i = event_.spans.size(); i > 0 && saved < excess; --i) {
      saved += size_of(event_.spans[i - 1].data);
      event_.spans[i - 1].data.clear();
    }
    if (saved == 0) return false;
    notes_.elements({"spans"}, event_.spans.size());
    return true;
  }

  bool links(std::size_t excess) {
    std::size_t saved = 0;
    for (std::size_t i = event_.spans.size(); i > 0 && saved < excess; --i) {
      for (const LinkRecord& link : event_.spans[i - 1].links)
        saved += size_of(link);
      event_.spans[i - 1].links.clear();
    }
    if (saved > 0) notes_.elements({"spans"}, event_.spans.size());
    const std::size_t before = event_.links.size();
    while (!event_.links.empty() && saved < excess) {
      saved += size_of(event_.links.back());
      event_.links.pop_back();
    }
    if (event_.links.size() < before) notes_.elements({"contexts", "trace", "links"}, before);
    return saved > 0;
  }

  bool spans(std::size_t excess) {
    const std::size_t before = event_.spans.size();
    std::size_t saved = 0;
    while (!event_.spans.empty() && saved < excess) {
      const SpanRecord& span = event_.spans.back();
      saved += span.op.size() + span.description.size() + 12 * kOverhead;
      event_.spans.pop_back();
      ++event_.spans_dropped;
    }
    if (saved == 0) return false;
    notes_.elements({"spans"}, before);
    return true;
  }

  /// The last step: what is left has a bound whatever a hook has put in.
  bool all_but_the_core(std::size_t /*excess*/) {
    if (core_only_) return false;
    core_only_ = true;
    const auto only = [](auto& list, std::size_t count) {
      if (list.size() > count)
        list.erase(list.begin() + static_cast<std::ptrdiff_t>(count), list.end());
    };
    const auto shorter = [](std::string& text, std::size_t size) { text = cut(text, size); };
    Event& e = event_;
    notes_.elements({"exception", "values"}, e.exceptions.size());
    if (e.exceptions.size() > 2) e.exceptions.erase(e.exceptions.begin(), e.exceptions.end() - 2);
    for (ExceptionRecord& exception : e.exceptions) {
      shorter(exception.type, 256);
      shorter(exception.mechanism, 64);
      for (FrameRecord& frame : exception.frames) {
        for (std::string* text :
             {&frame.function, &frame.filename, &frame.abs_path, &frame.package})
          shorter(*text, 256);
      }
    }
    only(e.tags, 50);
    for (auto& [name, value] : e.tags)
      shorter(value, 200);
    only(e.fingerprint, 8);
    for (std::string& part : e.fingerprint)
      shorter(part, 200);
    only(e.flags, 100);
    for (auto& [name, result] : e.flags)
      shorter(name, 200);
    only(e.images, 50);
    for (ImageRecord& image : e.images) {
      for (std::string* text : {&image.code_file, &image.debug_id, &image.code_id})
        shorter(*text, 256);
    }
    only(e.measurements, 20);
    for (MeasurementRecord& measurement : e.measurements) {
      shorter(measurement.name, 200);
      shorter(measurement.unit, 64);
    }
    for (std::string* text : {&e.user.id, &e.user.ip_address, &e.user.username, &e.user.email,
                              &e.logger, &e.transaction, &e.transaction_source, &e.release,
                              &e.environment, &e.server_name, &e.dist, &e.op, &e.status})
      shorter(*text, 200);
    for (const char* name : {"contexts", "extra", "request", "breadcrumbs", "spans"})
      notes_.removed({name});
    e.contexts.clear();
    e.extra.clear();
    e.data.clear();
    e.links.clear();
    e.request = {};
    e.breadcrumbs.clear();
    e.spans_dropped += e.spans.size();
    e.spans.clear();
    return true;
  }

  bool shorten(std::string& text, std::size_t limit, TrimPath path) {
    if (text.size() <= limit) return false;
    std::string scratch;
    const std::string_view scrubbed = privacy::scrub_text(text, pii_, scratch);
    std::string after{cut(scrubbed, limit - kEllipsis.size())};
    after += kEllipsis;
    notes_.text(path, text, after);
    text = std::move(after);
    return true;
  }

  bool shorten_texts(std::size_t limit) {
    bool any = shorten(event_.message, limit, {"logentry", "formatted"});
    for (std::size_t i = 0; i < event_.exceptions.size(); ++i) {
      any = shorten(event_.exceptions[i].value, limit,
                    {"exception", "values", std::to_string(i), "value"}) ||
            any;
    }
    return any;
  }

  bool shorten_stacks(std::size_t limit) {
    bool any = false;
    for (std::size_t i = 0; i < event_.exceptions.size(); ++i) {
      std::vector<FrameRecord>& frames = event_.exceptions[i].frames;
      if (frames.size() <= limit) continue;
      any = true;
      notes_.elements({"exception", "values", std::to_string(i), "stacktrace", "frames"},
                      frames.size());
      const auto half = static_cast<std::ptrdiff_t>(limit / 2);
      frames.erase(frames.begin() + half, frames.end() - half);
    }
    return any;
  }

  Event event_;
  const bool pii_;
  bool core_only_ = false;
  TrimNotes notes_;
};

bool within_limits(const Event& event) noexcept {
  return event.message.size() <= kMaxText &&
         std::all_of(event.exceptions.begin(), event.exceptions.end(),
                     [](const ExceptionRecord& exception) {
                       return exception.value.size() <= kMaxText &&
                              exception.frames.size() <= kMaxFrames;
                     });
}

}  // namespace

void TrimNotes::add(Note note) {
  const auto place =
      std::lower_bound(notes_.begin(), notes_.end(), note.path,
                       [](const Note& held, const std::string& path) { return held.path < path; });
  if (place == notes_.end() || place->path != note.path) {
    notes_.insert(place, std::move(note));
    return;
  }
  // Cut again: what it was at first still counts.
  place->remark = std::move(note.remark);
  place->length = std::max(place->length, note.length);
}

namespace {
std::string joined(TrimPath path) {
  std::string out;
  for (const std::string_view name : path) {
    if (!out.empty()) out += '\0';
    out += name;
  }
  return out;
}
constexpr std::string_view kRemoved = R"(["!limit","x"])";
}  // namespace

void TrimNotes::text(TrimPath path, std::string_view before, std::string_view after) {
  const std::size_t end = count_characters(after);
  std::string remark = R"(["!limit","s",)";
  remark += std::to_string(end - kEllipsis.size()) + ',' + std::to_string(end) + ']';
  add({joined(path), count_characters(before), std::move(remark)});
}

void TrimNotes::elements(TrimPath path, std::size_t before) {
  add({joined(path), before, std::string{kRemoved}});
}

void TrimNotes::removed(TrimPath path) {
  add({joined(path), 0, std::string{kRemoved}});
}

void TrimNotes::write(base::JsonWriter& json) const {
  if (notes_.empty()) return;
  json.key("_meta");
  write_level(json, 0, notes_.size(), 0);
}

/// The notes from `first` to `last` have the first `depth` bytes of their paths in common.
void TrimNotes::write_level(base::JsonWriter& json, std::size_t first, std::size_t last,
                            std::size_t depth) const {
  json.begin_object();
  const auto name_of = [this, depth](std::size_t i) {
    const std::string_view rest = std::string_view{notes_[i].path}.substr(depth);
    return rest.substr(0, rest.find('\0'));
  };
  if (first < last && depth > 0 && notes_[first].path.size() + 1 == depth) {
    const Note& note = notes_[first];
    json.key("").begin_object().key("rem").begin_array().raw(note.remark).end_array();
    if (note.length > 0) json.key("len").unsigned_integer(note.length);
    json.end_object();
    ++first;
  }
  while (first < last) {
    const std::string_view name = name_of(first);
    std::size_t end = first + 1;
    while (end < last && name_of(end) == name)
      ++end;
    json.key(name);
    write_level(json, first, end, depth + name.size() + 1);
    first = end;
  }
  json.end_object();
}

std::size_t write_event_within(std::size_t limit, const Event& event, const EventFrame& frame,
                               std::string& out) {
  const std::size_t start = out.size();
  if (within_limits(event)) {
    write_event(event, frame, out);
    if (out.size() - start <= limit) return 0;
  }
  Trimmer trimmer{event, frame.send_default_pii};
  trimmer.apply_limits();
  EventFrame marked = frame;
  marked.trimmed = &trimmer.notes();
  const auto excess = [&] {
    out.resize(start);
    write_event(trimmer.event(), marked, out);
    return out.size() - start > limit ? out.size() - start - limit : 0;
  };
  std::size_t too_many = excess();
  for (const Trimmer::Step step : Trimmer::steps()) {
    while (too_many > 0 && (trimmer.*step)(too_many))
      too_many = excess();
    if (too_many == 0) break;
  }
  return event.spans.size() - trimmer.event().spans.size();
}

}  // namespace vitals::sentry::detail
