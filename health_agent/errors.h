#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace health_agent {

/// A failure that the service knows how to answer: an HTTP status, and words that may be shown to
/// the user. `what()` is for the log and for Sentry; it may hold detail that must not leave the
/// house.
class ServiceError : public std::runtime_error {
 public:
  ServiceError(int status, const std::string& message, std::string user_message)
      : std::runtime_error(message), status_(status), user_message_(std::move(user_message)) {}

  [[nodiscard]] int status() const noexcept { return status_; }
  [[nodiscard]] const std::string& user_message() const noexcept { return user_message_; }

  /// The class name as the API shows it and as `http_errors_total{error_type}` counts it. Static
  /// storage.
  [[nodiscard]] virtual const char* class_name() const noexcept = 0;

 private:
  int status_;
  std::string user_message_;
};

/// Input that cannot be used. The message names the field, what was given and what would be right,
/// and is shown.
class ValidationError : public ServiceError {
 public:
  explicit ValidationError(const std::string& message, int status = 400)
      : ServiceError(status, message, message) {}
  [[nodiscard]] const char* class_name() const noexcept override { return "ValidationError"; }
};

/// No key, or one that is not known.
class AuthenticationError : public ServiceError {
 public:
  explicit AuthenticationError(const std::string& message)
      : ServiceError(401, message, "A valid API key is needed: Authorization: Bearer KEY.") {}
  [[nodiscard]] const char* class_name() const noexcept override { return "AuthenticationError"; }
};

/// Known, but not allowed.
class AuthorizationError : public ServiceError {
 public:
  explicit AuthorizationError(const std::string& message)
      : ServiceError(403, message, "This is not allowed for you.") {}
  [[nodiscard]] const char* class_name() const noexcept override { return "AuthorizationError"; }
};

/// What was asked for is not there.
class RecordNotFoundError : public ServiceError {
 public:
  explicit RecordNotFoundError(const std::string& message) : ServiceError(404, message, message) {}
  [[nodiscard]] const char* class_name() const noexcept override { return "RecordNotFoundError"; }
};

/// Too many requests from one key or address.
class RateLimitError : public ServiceError {
 public:
  RateLimitError(const std::string& message, int retry_after_seconds)
      : ServiceError(429, message, "Too many requests. Please wait a moment."),
        retry_after_seconds_(retry_after_seconds) {}
  [[nodiscard]] const char* class_name() const noexcept override { return "RateLimitError"; }
  [[nodiscard]] int retry_after_seconds() const noexcept { return retry_after_seconds_; }

 private:
  int retry_after_seconds_;
};

/// The same is being done already; it may be asked for again.
class ConflictError : public ServiceError {
 public:
  ConflictError(const std::string& message, int retry_after_seconds)
      : ServiceError(409, message, message), retry_after_seconds_(retry_after_seconds) {}
  [[nodiscard]] const char* class_name() const noexcept override { return "ConflictError"; }
  [[nodiscard]] int retry_after_seconds() const noexcept { return retry_after_seconds_; }

 private:
  int retry_after_seconds_;
};

/// The database refused, failed or is away. `kind` is the bounded word for
/// `db_query_errors_total{error_type}`.
class DatabaseError : public ServiceError {
 public:
  enum class Kind { kUnavailable, kTimeout, kConstraint, kOther };

  DatabaseError(Kind kind, const std::string& message)
      : ServiceError(500, message, "Your data could not be reached. Please try again."),
        kind_(kind) {}
  [[nodiscard]] const char* class_name() const noexcept override { return "DatabaseError"; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

/// The AI agent failed, timed out, or gave an answer that cannot be used.
class AgentError : public ServiceError {
 public:
  explicit AgentError(const std::string& message)
      : ServiceError(502, message, "The coach cannot answer right now. Please try again.") {}
  [[nodiscard]] const char* class_name() const noexcept override { return "AgentError"; }
};

/// The service lacks a setting that this request needs.
class ConfigurationError : public ServiceError {
 public:
  explicit ConfigurationError(const std::string& message)
      : ServiceError(503, message, "The service is not set up for this.") {}
  [[nodiscard]] const char* class_name() const noexcept override { return "ConfigurationError"; }
};

}  // namespace health_agent
