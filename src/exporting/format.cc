#include "vitals/exporting/format.h"

#include <array>
#include <memory>

#include "exporting/encoder.h"
#include "exporting/names.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

struct Entry {
  std::string_view content_type;
  EncoderMaker make;
};

/// By the order of Format.
constexpr std::array<Entry, 4> kFormats{{
    {"text/plain; version=0.0.4; charset=utf-8", &make_text_encoder},
    {"application/openmetrics-text; version=1.0.0; charset=utf-8", &make_openmetrics_encoder},
    {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
     &make_protobuf_encoder},
    {"text/plain; version=1.0.0; charset=utf-8", &make_text_encoder},
}};

const Entry& entry_of(Format format) noexcept {
  return kFormats[static_cast<std::size_t>(format)];
}

/// The escaping that the format has when that one is asked for.
Escaping known_to(Format format, Escaping escaping) noexcept {
  const bool quotes = format != Format::kText;
  return quotes || escaping != Escaping::kAllowUtf8 ? escaping : Escaping::kUnderscores;
}

}  // namespace

std::string_view content_type(Format format) noexcept {
  return entry_of(format).content_type;
}

std::string content_type(Format format, Escaping escaping) {
  return std::string(content_type(format))
      .append("; escaping=")
      .append(to_string(known_to(format, escaping)));
}

std::size_t write_metrics(const metrics::Registry& registry, Format format, std::string& out,
                          std::span<const std::string> only, Escaping escaping) {
  const std::unique_ptr<Encoder> encoder =
      entry_of(format).make({out, only, known_to(format, escaping)});
  registry.collect(*encoder);
  encoder->finish();
  return encoder->left_out();
}

}  // namespace vitals::exporting
