#pragma once

#include <memory>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace vitals::context {

/// A file that goes along with events, to be given to Scope::add_attachment() or a capture. One of
/// `bytes`, `shared` and `path` says what is in it. Views only, for the length of one call.
/// Bounds: 16 files an event, 20 MiB each, 40 MiB together; what is past them is left out and
/// counted as `too_large`. It is not searched for secrets.
struct Attachment {
  std::string_view filename{};      ///< empty: the last part of `path`, else `attachment`
  std::string_view content_type{};  ///< empty: left to the server
  std::string_view bytes{};         ///< copied
  std::shared_ptr<const std::string> shared{};  ///< not copied; must not change any more
  /// A regular file, read by the client's thread when the event is made: as it is then. One that
  /// cannot be read is left out.
  std::string_view path{};
};

}  // namespace vitals::context

#pragma GCC visibility pop
