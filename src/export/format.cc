#include "vitals/export/format.h"

#include <algorithm>
#include <array>

#include "export/encoder.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

struct Entry {
  std::string_view content_type;
  EncoderMaker make;
};

/// By the order of Format.
constexpr std::array<Entry, 3> kFormats{{
    {"text/plain; version=0.0.4; charset=utf-8", &make_text_encoder},
    {"application/openmetrics-text; version=1.0.0; charset=utf-8", &make_openmetrics_encoder},
    {"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
     &make_protobuf_encoder},
}};

const Entry& entry_of(Format format) noexcept {
  return kFormats[static_cast<std::size_t>(format)];
}

}  // namespace

std::string_view content_type(Format format) noexcept {
  return entry_of(format).content_type;
}

void write_metrics(const metrics::Registry& registry, Format format, std::string& out,
                   std::span<const std::string> only) {
  const std::unique_ptr<Encoder> encoder = entry_of(format).make(out, only);
  registry.collect(*encoder);
  encoder->finish();
}

bool Encoder::wants(const metrics::FamilyInfo& family) {
  if (only_.empty()) return true;
  return std::ranges::any_of(only_, [&](std::string_view name) {
    if (!name.starts_with(family.name)) return false;
    const std::string_view suffix = name.substr(family.name.size());
    if (suffix.empty()) return true;
    const bool totals = suffix == "_sum" || suffix == "_count";
    return (family.type == metrics::MetricType::kHistogram && (totals || suffix == "_bucket")) ||
           (family.type == metrics::MetricType::kSummary && totals);
  });
}

}  // namespace vitals::exporting
