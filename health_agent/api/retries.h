#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "health_agent/api/http.h"
#include "health_agent/db/store.h"

namespace health_agent::api {

/// What makes a request that is sent again do nothing again: its header `Idempotency-Key`. The
/// answer is kept by the very transaction that does what the request asks for, so there is no moment
/// at which a process could end between the two. What fails keeps nothing, and may be tried again.
///
/// Two replicas that get the same request at once may both begin it, and one of them commits.
///
/// Threads: any. Errors: DatabaseError. Source: IETF draft "The Idempotency-Key HTTP Header Field".
class Retries {
 public:
  /// `store` must outlive it and its attempts.
  explicit Retries(db::Store& store) noexcept : store_(&store) {}

  /// One request with a key. While there is one, others with its key are under way.
  class Attempt {
   public:
    Attempt(Retries& of, db::RetryKey key, std::string digest);
    ~Attempt();
    Attempt(const Attempt&) = delete;
    Attempt& operator=(const Attempt&) = delete;

    /// The answer to an earlier request with this key: this one must do nothing.
    [[nodiscard]] const std::optional<db::KeptAnswer>& first() const noexcept { return first_; }

    /// Keeps the answer; to be called in the transaction. Throws db::KeyTaken.
    void keep(db::Connection& connection, int status, std::string body) const;

    /// The answer to the request that was faster, after db::KeyTaken.
    [[nodiscard]] const db::KeptAnswer& faster();

   private:
    friend class Retries;
    [[nodiscard]] bool look();

    Retries& of_;
    db::RetryKey key_;
    std::string digest_;
    std::string name_;
    bool under_way_ = false;
    std::optional<db::KeptAnswer> first_;
  };

  /// Begins a request of `user_id` whose body means `meaning`; null when it has no key. Throws
  /// ValidationError for a key that is none (400) and for one that another body came with (422), and
  /// ConflictError while the first is under way (409).
  [[nodiscard]] std::shared_ptr<Attempt> begin(const Request& request, const std::string& user_id,
                                               std::string_view route, std::string_view meaning);

 private:
  void remove_old(std::int64_t now);

  db::Store* store_;
  std::mutex mutex_;
  std::map<std::string, std::string> under_way_;  // name of the key -> digest
  std::atomic<std::int64_t> removed_at_{0};
};

/// The kept answer as it was, and that it was kept.
[[nodiscard]] Response replay(const db::KeptAnswer& answer);

}  // namespace health_agent::api
