#include "health_agent/api/retries.h"

#include <algorithm>
#include <utility>

#include "health_agent/errors.h"
#include "health_agent/fingerprint.h"
#include "health_agent/log.h"
#include "health_agent/time.h"
#include "vitals/base/ascii.h"

namespace health_agent::api {
namespace {

constexpr std::size_t kLongestKey = 255;
/// What the first answer to a chat may take.
constexpr int kComeAgainSeconds = 2;
/// How often those are removed that nobody asks for any more.
constexpr std::int64_t kRemoveEvery = 600;

std::string digest_of(std::string_view meaning) {
  const auto digest = sha256(meaning);
  return vitals::base::hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

void check(std::string_view key) {
  const bool good = !key.empty() && key.size() <= kLongestKey &&
                    std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 127; });
  if (!good)
    throw ValidationError("header 'Idempotency-Key': 1 to 255 visible ASCII characters are wanted");
}

[[noreturn]] void other_body() {
  throw ValidationError(
      "header 'Idempotency-Key': another request came with this key; a new one is wanted", 422);
}

}  // namespace

Retries::Attempt::Attempt(Retries& of, db::RetryKey key, std::string digest)
    : of_(of), key_(std::move(key)), digest_(std::move(digest)) {
  name_ = key_.user_id + '\n' + key_.route + '\n' + key_.holder + '\n' + key_.key;
}

Retries::Attempt::~Attempt() {
  if (!under_way_) return;
  const std::lock_guard lock{of_.mutex_};
  of_.under_way_.erase(name_);
}

bool Retries::Attempt::look() {
  first_ = of_.store_->find_answer(key_, unix_now());
  if (first_ && first_->request != digest_) other_body();
  return first_.has_value();
}

void Retries::Attempt::keep(db::Connection& connection, int status, std::string body) const {
  db::keep_answer(connection, key_, {digest_, status, std::move(body)}, unix_now());
}

const db::KeptAnswer& Retries::Attempt::faster() {
  if (!look())
    throw ConflictError("a request with this Idempotency-Key was done at the same time",
                        kComeAgainSeconds);
  return *first_;
}

std::shared_ptr<Retries::Attempt> Retries::begin(const Request& request, const std::string& user_id,
                                                 std::string_view route, std::string_view meaning) {
  if (!request.idempotency_key) return nullptr;
  check(*request.idempotency_key);
  remove_old(unix_now());
  auto attempt = std::make_shared<Attempt>(
      *this,
      db::RetryKey{user_id, std::string{route}, std::string{request.key_name},
                   *request.idempotency_key},
      digest_of(meaning));
  if (attempt->look()) return attempt;
  {
    const std::lock_guard lock{mutex_};
    const auto [found, fresh] = under_way_.emplace(attempt->name_, attempt->digest_);
    if (!fresh && found->second != attempt->digest_) other_body();
    if (!fresh)
      throw ConflictError("the first request with this Idempotency-Key is still under way",
                          kComeAgainSeconds);
    attempt->under_way_ = true;
  }
  // It may have been done since the first look.
  (void)attempt->look();
  return attempt;
}

void Retries::remove_old(std::int64_t now) {
  std::int64_t last = removed_at_.load(std::memory_order_relaxed);
  if (now - last < kRemoveEvery ||
      !removed_at_.compare_exchange_strong(last, now, std::memory_order_relaxed))
    return;
  try {
    store_->remove_answers_before(now - db::kAnswersAreKept);
  } catch (const DatabaseError& error) {
    service_log.warn("old answers could not be removed: {}", error.what());
  }
}

Response replay(const db::KeptAnswer& answer) {
  Response response;
  response.status = answer.status;
  response.body = answer.body;
  response.headers.emplace_back("Idempotency-Replayed", "true");
  return response;
}

}  // namespace health_agent::api
