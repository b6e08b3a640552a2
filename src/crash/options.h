#pragma once

#include <string>

namespace vitals::crash::detail {

/// What a report says of its process, and where it goes.
struct CrashOptions {
  std::string cache_dir;  // above the folders for reports; empty: none is written
  std::string release;
  std::string environment;
  std::string server_name;
  std::string dist;
  bool former_first = false;  // what was installed before has its turn before the report
};

}  // namespace vitals::crash::detail
