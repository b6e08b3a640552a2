// Events of any texts, also far too large ones: valid JSON within the limit, with the event's id
// and without a secret by its name.

#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/require.h"
#include "sentry/event/trim.h"

namespace {

using namespace vitals::sentry;  // NOLINT: a program of one file
using vitals::fuzz::require;
using vitals::fuzz::take_part;

constexpr std::size_t kLimit = 1024 * 1024;

std::string times(std::string_view text, std::size_t count) {
  std::string out;
  while (count-- > 0 && out.size() < 4'000'000)
    out += text;
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  std::string_view input = vitals::fuzz::text_of(data, size);
  // Few are large: those take long.
  const auto count = [&](std::size_t i) -> std::size_t {
    return data[i] < 8 ? 200 * (data[i] + 1U) : data[i] % 3;
  };
  const std::size_t copies = data[3] < 4 ? 100 : 1;
  Event event;
  event.type = data[2] % 2 == 0 ? Event::Type::kError : Event::Type::kTransaction;
  event.event_id.bytes[0] = 7;
  event.trace_id.bytes[0] = 7;
  event.message = times(take_part(input), copies);
  const std::string first = times(take_part(input), copies);
  const std::string second = times(take_part(input), copies);
  event.extra = {{first, second}, {"password", std::string{"hush42hush"}}};
  event.contexts = {{first, {{second, first}, {"api_key", std::string{"hush42hush"}}}}};
  event.tags.assign(count(0), {second, first});
  event.fingerprint.assign(count(1) % 50, first);
  event.user.id = first;
  event.release = second;
  event.request.headers = {{second, first}, {"Cookie", "hush42hush"}};
  ExceptionRecord exception;
  exception.type = first;
  exception.value = second;
  FrameRecord frame;
  frame.function = first;
  frame.context_line = second;
  exception.frames.assign(count(2), frame);
  event.exceptions.assign(1 + count(1) % 5, exception);
  BreadcrumbRecord crumb;
  crumb.message = first;
  crumb.data = {{second, first}};
  event.breadcrumbs.assign(count(0), crumb);
  SpanRecord span;
  span.description = second;
  span.data = {{first, second}};
  event.spans.assign(count(1), span);

  std::string out;
  detail::write_event_within(kLimit, event, {{}, false, nullptr}, out);
  require(out.size() <= kLimit);
  require(out.find("hush42hush") == std::string::npos);
  const nlohmann::json read = nlohmann::json::parse(out);
  require(read["event_id"] == "07000000000000000000000000000000");
  if (read.contains("_meta")) require(read["_meta"].is_object() && !read["_meta"].empty());
  return 0;
}
