#include "export/encoder.h"

namespace vitals::exporting {

void SampleLines::begin_family(std::string_view name, metrics::MetricType type) {
  name_.assign(name);
  open_.assign(name_) += '{';
  if (type != metrics::MetricType::kHistogram) return;
  bucket_.assign(name_).append("_bucket{");
  // Not kept from one family to the next: the bounds of a collector's histogram are gone when it
  // has been read, and others may lie at their address.
  bounds_ = {};
  bound_texts_.clear();
}

void SampleLines::begin(std::string_view labels, std::string_view suffix) {
  if (labels.empty()) {
    out_.append(name_).append(suffix) += ' ';
  } else if (suffix.empty()) {
    out_.append(open_).append(labels).append("} ");
  } else {
    out_.append(name_).append(suffix).append("{").append(labels).append("} ");
  }
}

void SampleLines::begin_with(std::string_view labels, std::string_view suffix,
                             std::string_view more) {
  out_.append(name_).append(suffix).append("{").append(labels);
  if (!labels.empty()) out_ += ',';
  out_.append(more).append("} ");
}

void SampleLines::render_bounds(std::span<const double> bounds) {
  const bool same = bounds.data() == bounds_.data() && bounds.size() == bounds_.size();
  if (same && bound_texts_.size() == bounds.size() + 1) return;
  bounds_ = bounds;
  bound_texts_.clear();
  for (const double bound : bounds) {
    std::string& text = bound_texts_.emplace_back("le=\"");
    append_bound_(text, bound);
    text += "\"} ";
  }
  bound_texts_.emplace_back("le=\"+Inf\"} ");
}

}  // namespace vitals::exporting
