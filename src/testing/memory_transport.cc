#include "vitals/testing/memory_transport.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <utility>

#include "base/timeout.h"

namespace vitals::testing {
namespace {

std::string unpack(std::string_view packed) {
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) return {};
  stream.next_in = std::bit_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::array<char, 16384> part;
  int result = Z_OK;
  while (result == Z_OK) {
    stream.next_out = std::bit_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    result = inflate(&stream, Z_NO_FLUSH);
    text.append(part.data(), part.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  return text;
}

std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return line;
}

/// What stands behind `"name":` in an item's header, which is flat and never holds escapes here.
std::string_view header_value(std::string_view header, std::string_view name) {
  const std::string key = '"' + std::string{name} + "\":";
  const std::size_t at = header.find(key);
  if (at == std::string_view::npos) return {};
  header.remove_prefix(at + key.size());
  if (header.starts_with('"')) {
    header.remove_prefix(1);
    return header.substr(0, header.find('"'));
  }
  return header.substr(0, header.find_first_of(",}"));
}

}  // namespace

ParsedEnvelope parse_envelope(const delivery::SendRequest& request) {
  const bool packed =
      std::any_of(request.headers.begin(), request.headers.end(), [](const auto& header) {
        return header.first == "Content-Encoding" && header.second == "gzip";
      });
  const std::string body = packed ? unpack(request.body) : request.body;
  std::string_view rest = body;
  ParsedEnvelope envelope;
  envelope.header = take_line(rest);
  while (!rest.empty()) {
    const std::string_view header = take_line(rest);
    if (header.empty()) continue;
    const std::string_view digits = header_value(header, "length");
    std::size_t length = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (length > rest.size()) break;
    envelope.items.push_back({std::string{header_value(header, "type")}, std::string{header},
                              std::string{rest.substr(0, length)}});
    rest.remove_prefix(length);
    if (rest.starts_with('\n')) rest.remove_prefix(1);
  }
  return envelope;
}

delivery::SendResult MemoryTransport::send(const delivery::SendRequest& request) {
  ParsedEnvelope envelope = parse_envelope(request);
  std::unique_lock hold{mutex_};
  requests_.push_back(request);
  changed_.wait(hold, [this] { return !hanging_ || cancelled_; });
  if (cancelled_) return {.status = 0, .error = "cancelled"};
  if (answer_.status >= 200 && answer_.status < 300) envelopes_.push_back(std::move(envelope));
  changed_.notify_all();
  return answer_;
}

void MemoryTransport::cancel() noexcept {
  const std::lock_guard hold{mutex_};
  cancelled_ = true;
  changed_.notify_all();
}

std::vector<ParsedEnvelope> MemoryTransport::envelopes() const {
  const std::lock_guard hold{mutex_};
  return envelopes_;
}

std::vector<std::string> MemoryTransport::payloads(std::string_view type) const {
  const std::lock_guard hold{mutex_};
  std::vector<std::string> found;
  for (const ParsedEnvelope& envelope : envelopes_) {
    for (const ParsedItem& item : envelope.items) {
      if (item.type == type) found.push_back(item.payload);
    }
  }
  return found;
}

std::vector<delivery::SendRequest> MemoryTransport::requests() const {
  const std::lock_guard hold{mutex_};
  return requests_;
}

bool MemoryTransport::wait_for(std::size_t count, std::chrono::milliseconds timeout) const {
  std::unique_lock hold{mutex_};
  return changed_.wait_until(hold, base::deadline_in(timeout),
                             [&] { return envelopes_.size() >= count; });
}

void MemoryTransport::answer_with(int status) {
  answer_with({.status = status, .error = status == 0 ? "told to fail" : ""});
}

void MemoryTransport::answer_with(delivery::SendResult answer) {
  const std::lock_guard hold{mutex_};
  answer_ = std::move(answer);
  hanging_ = false;
  changed_.notify_all();
}

void MemoryTransport::hang() {
  const std::lock_guard hold{mutex_};
  hanging_ = true;
}

void MemoryTransport::clear() {
  const std::lock_guard hold{mutex_};
  requests_.clear();
  envelopes_.clear();
}

}  // namespace vitals::testing
