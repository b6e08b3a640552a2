#pragma once

#include <string>

#include "vitals/value.h"

namespace vitals::context {

/// Who is concerned. Set what you know; empty parts are left out.
struct User {
  std::string id{};
  std::string ip_address{};  ///< stays in the process unless the listener's options say otherwise
  std::string username{};
  std::string email{};
};

/// A breadcrumb that owns its texts, for Settings::before_breadcrumb to change and for a listener
/// to send. To add one, see Breadcrumb in scope.h.
struct BreadcrumbRecord {
  Timestamp timestamp{};
  Level level = Level::kInfo;
  std::string type{};  ///< empty: `default`
  std::string category{};
  std::string message{};
  Fields data{};
};

}  // namespace vitals::context
