#pragma once

#include <string>

#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// Who is concerned. Set what you know; empty parts are left out.
struct User {
  std::string id{};          ///< the service's own name for them
  std::string ip_address{};  ///< stays in the process unless the listener's options say otherwise
  std::string username{};    ///< what they call themselves
  std::string email{};       ///< where the service may tell
};

/// A breadcrumb that owns its texts, for Settings::before_breadcrumb to change and for a listener
/// to send. To add one, see Breadcrumb in scope.h.
struct BreadcrumbRecord {
  Timestamp timestamp{};       ///< when it happened
  Level level = Level::kInfo;  ///< how grave it was
  std::string type{};          ///< empty: `default`
  std::string category{};      ///< which part of the program: `db.query`, `http`, `auth`
  std::string message{};       ///< for people
  Fields data{};               ///< for machines
};

}  // namespace vitals::context

#pragma GCC visibility pop
