#include "sentry/event/images.h"

#include <algorithm>

#include "vitals/base/ascii.h"

namespace vitals::sentry::detail {
void add_images(std::span<const FrameRecord> frames, const stack::ModuleMap& modules,
                std::vector<ImageRecord>& images) {
  for (const FrameRecord& frame : frames) {
    const stack::Module* const module = stack::find_module(modules, frame.address);
    if (module == nullptr) continue;
    const auto same = [module](const ImageRecord& image) { return image.address == module->begin; };
    if (std::any_of(images.begin(), images.end(), same)) continue;
    images.push_back({module->path, debug_id_of(module->build_id), base::hex(module->build_id),
                      module->begin, module->end - module->begin});
  }
}

std::string debug_id_of(std::string_view build_id) {
  if (build_id.empty()) return {};
  std::string bytes{build_id.substr(0, 16)};
  bytes.resize(16, '\0');
  std::reverse(bytes.begin(), bytes.begin() + 4);
  std::reverse(bytes.begin() + 4, bytes.begin() + 6);
  std::reverse(bytes.begin() + 6, bytes.begin() + 8);
  std::string text = base::hex(bytes);
  for (const std::size_t at : {8U, 13U, 18U, 23U})
    text.insert(at, 1, '-');
  return text;
}

}  // namespace vitals::sentry::detail
