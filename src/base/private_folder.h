#pragma once

#include <string>

#include "base/descriptor.h"
#include "vitals/result.h"

namespace vitals::base {

/// Opens the folder below which what is private is kept, and makes it, with its parents, where it is
/// missing. Errors: it cannot be made; it or a folder on the way to it belongs to
/// another user than this process' own or root, or to this one while others may write to it; a
/// link on the way is another user's.
[[nodiscard]] Result<Descriptor> open_cache_folder(const std::string& path);

/// Opens the folder `name` in the one open at `parent`, and makes it where it is missing. Nobody
/// else may look into it then (mode 0700, whatever the umask). Errors: it cannot be made; it is a
/// link, or belongs to another user.
[[nodiscard]] Result<Descriptor> open_private_folder(int parent, const char* name);

/// Both: the folder `name` below the client's at `path`.
[[nodiscard]] Result<Descriptor> open_private_folder(const std::string& path, const char* name);

/// Whether an open file is a regular one of this process' user, and has no second name elsewhere.
[[nodiscard]] bool is_own_file(int file) noexcept;

}  // namespace vitals::base
