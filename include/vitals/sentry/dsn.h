#pragma once

#include <string>
#include <string_view>

#include "vitals/result.h"

#pragma GCC visibility push(default)

namespace vitals::sentry {

/// Where events go, taken apart. Holds the public key, so do not log it.
struct Dsn {
  std::string scheme{};      ///< `http` or `https`
  std::string public_key{};  ///< who sends
  std::string host{};        ///< a name or address; an IPv6 address keeps its brackets
  unsigned port = 0;         ///< 0: the scheme's own
  std::string path{};        ///< `/a/b` or empty, without a slash at its end
  std::string project_id{};  ///< digits

  /// `scheme://host[:port][/path]/api/PROJECT/envelope/`: where envelopes are posted.
  [[nodiscard]] std::string envelope_url() const;
  /// The organisation that the project belongs to, where the host says so (`o1.ingest`), else
  /// empty. Source: Sentry developer documentation, "strictTraceContinuation".
  [[nodiscard]] std::string org_id() const;
  /// The DSN put together again, without a secret part even if it came with one.
  [[nodiscard]] std::string to_string() const;
};

/// Parses `scheme://key@host[:port][/path]/project`. Returns an error that names the part at fault;
/// never echoes the key. White space around it is left out. An empty text is an error here: whether
/// a client without a DSN is wanted is for init() to say. A secret after the key (`key:secret@`,
/// deprecated) is accepted and left out. Source: Sentry developer documentation, "DSN".
[[nodiscard]] Result<Dsn> parse_dsn(std::string_view text);

}  // namespace vitals::sentry

#pragma GCC visibility pop
