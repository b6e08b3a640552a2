// Label values of any bytes through all three encoders and back by parsers of this program's own:
// the same values, mended where they are not UTF-8.

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "metrics/label_text.h"
#include "tests/unit/exporting/protobuf_reader.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace {

using vitals::exporting::Format;

struct Values {
  std::string first;
  std::string second;
  friend bool operator==(const Values&, const Values&) = default;
};

/// Takes `name="…"` off the front, as the text formats write it.
std::optional<std::string> take_label(std::string_view& line, std::string_view name) {
  if (!line.starts_with(name)) return std::nullopt;
  line.remove_prefix(name.size());
  if (!line.starts_with("=\"")) return std::nullopt;
  line.remove_prefix(2);
  std::string value;
  while (!line.empty() && line.front() != '"') {
    if (line.front() == '\\') {
      line.remove_prefix(1);
      if (line.empty()) return std::nullopt;
      value += line.front() == 'n' ? '\n' : line.front();
    } else {
      value += line.front();
    }
    line.remove_prefix(1);
  }
  if (line.empty()) return std::nullopt;
  line.remove_prefix(1);
  return value;
}

/// The labels of the page's one sample that begins with `sample`.
std::optional<Values> from_text(const std::string& page, std::string_view sample) {
  const std::size_t at = page.find("\n" + std::string(sample) + "{");
  if (at == std::string::npos) return std::nullopt;
  std::string_view line{page};
  line.remove_prefix(at + sample.size() + 2);
  const std::optional<std::string> first = take_label(line, "first");
  if (!first || !line.starts_with(',')) return std::nullopt;
  line.remove_prefix(1);
  const std::optional<std::string> second = take_label(line, "second");
  if (!second || !line.starts_with("} 1\n")) return std::nullopt;
  return Values{*first, *second};
}

Values from_protobuf(const std::string& page) {
  const vitals::exporting::WireMessage metric =
      vitals::exporting::read_delimited(page).at(0).message(4);
  const auto labels = metric.messages(1);
  if (labels.size() != 2 || metric.message(3).real(1) != 1) std::abort();
  return {labels[0].text(2), labels[1].text(2)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = size == 0 ? 0 : data[0] % size;
  const std::string_view first = bytes.substr(0, cut);
  const std::string_view second = bytes.substr(cut);
  const Values expected{vitals::metrics::detail::mended(first),
                        vitals::metrics::detail::mended(second)};
  // One for all inputs, since cells are never given back; what a family forgets it keeps, so it is
  // one for a while.
  static vitals::metrics::Registry* registry = nullptr;
  static int used = 0;
  if (used++ % 1000 == 0) {
    delete registry;
    registry = new vitals::metrics::Registry;
  }
  static vitals::metrics::Family<vitals::metrics::Counter, "first", "second"> family;
  if (used % 1000 == 1) family = registry->counter<"first", "second">("x_total", "X.");
  family.clear();
  family.with(first, second).inc();
  if (family.size() != 1) std::abort();
  std::string page;
  write_metrics(*registry, Format::kText, page);
  if (from_text(page, "x_total") != expected) std::abort();
  page.clear();
  write_metrics(*registry, Format::kOpenMetrics, page);
  if (from_text(page, "x_total") != expected || !page.ends_with("# EOF\n")) std::abort();
  page.clear();
  write_metrics(*registry, Format::kProtobuf, page);
  if (from_protobuf(page) != expected) std::abort();
  return 0;
}
