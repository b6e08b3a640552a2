// Views of temporaries, each behind a macro, and the right line beside it.

#include "dangling.h"
#include "vitals/context/capture.h"

using namespace vitals;

std::size_t error_type(const std::exception& error) {
#ifdef ERROR_TYPE
  const std::string_view word = monitor::ErrorType::of(error).view();
#else
  const monitor::ErrorType type = monitor::ErrorType::of(error);
  const std::string_view word = type.view();
#endif
  return word.size();
}

std::size_t series_labels() {
#ifdef SERIES_LABELS
  const metrics::SeriesInfo info = metrics::SeriesLabels{{"pool", "a"}};
#else
  const metrics::SeriesLabels labels{{"pool", "a"}};
  const metrics::SeriesInfo info = labels;
#endif
  return info.labels.size();
}

std::size_t bounds() {
#ifdef BOUNDS
  const auto bounds = metrics::linear_buckets(1, 1, 3).bounds();
#else
  const metrics::Buckets buckets = metrics::linear_buckets(1, 1, 3);
  const auto bounds = buckets.bounds();
#endif
  return bounds.size();
}

#ifdef ROUTE
std::string_view route() {
  return monitor::Endpoint(monitor::Method::kGet, "/x").route();
}
#else
std::string_view route(const monitor::Endpoint& endpoint) {
  return endpoint.route();
}
#endif

std::size_t expression() {
#ifdef CRONTAB
  const std::string_view text = sentry::crontab("0 3 * * *").expression();
#else
  const sentry::Schedule schedule = sentry::crontab("0 3 * * *");
  const std::string_view text = schedule.expression();
#endif
  return text.size();
}

std::size_t hex(const context::TraceId& id) {
#ifdef HEX_TEXT
  const std::string_view text = id.hex().view();
#else
  const auto kept = id.hex();
  const std::string_view text = kept.view();
#endif
  return text.size();
}

Result<int> fails();

std::size_t error() {
#ifdef ERROR_OF_A_RESULT
  const Error& error = fails().error();
#else
  const Result<int> result = fails();
  const Error& error = result.error();
#endif
  return error.message.size();
}

void options(const std::exception& error, std::string_view text) {
#ifdef OPTIONS_OF_BRACES
  const context::CaptureOptions options{.tags = {{"kind", text}}};
  context::capture_exception(error, options);
#else
  const vitals::TagView tags[] = {{"kind", text}};
  const context::CaptureOptions options{.tags = tags};
  context::capture_exception(error, options);
  context::capture_exception(error, {.tags = {{"kind", text}}});
#endif
}

std::size_t list(std::string_view text) {
#if defined(LIST_OF_BRACES)
  const vitals::ListView<vitals::TagView> tags{{"kind", text}};
#elif defined(LIST_OF_A_TEMPORARY)
  const vitals::ListView<vitals::TagView> tags = std::vector<vitals::TagView>{{"kind", text}};
#else
  const std::vector<vitals::TagView> kept{{"kind", text}};
  const vitals::ListView<vitals::TagView> tags = kept;
#endif
  return tags.size();
}
