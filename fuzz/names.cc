// A name of any UTF-8: by every escaping a name that every scraper takes, and as a label's name one
// that is read back from its rendered text.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "exporting/names.h"
#include "vitals/base/utf8.h"
#include "vitals/metrics/label.h"
#include "vitals/metrics/sample_sink.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vitals::exporting;
  const std::string name(reinterpret_cast<const char*>(data), size);
  if (name.empty() || !vitals::base::is_utf8(name)) return 0;
  for (const NameOf of : {NameOf::kMetric, NameOf::kLabel}) {
    for (const Escaping escaping : {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues}) {
      std::string escaped;
      append_name(escaped, name, of, escaping);
      if (!is_plain(escaped, of)) std::abort();
    }
  }
  // Beside the other label, which it must differ from when escaped.
  if (!vitals::metrics::detail::valid_utf8_label_name(name) || name == "o") return 0;
  const auto text_of_labels = vitals::metrics::SeriesLabels::utf8({{name, "a\"b"}, {"o", ""}});
  const vitals::metrics::SeriesInfo series = text_of_labels;
  const auto labels = vitals::metrics::decode_labels(series.labels);
  if (labels.size() != 2 || labels[0].first != name || labels[0].second != "a\"b") std::abort();
  std::string_view text = series.labels;
  const LabelText first = take_label(text);
  std::string back;
  append_unescaped(back, first.name);
  if (back != name || take_label(text).name != "o" || !text.empty()) std::abort();
  return 0;
}
