#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/optional/optional.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "health_agent/api/http_connection.h"
#include "vitals/exporting/chunk_check.h"

namespace health_agent::api {

/// A body for Beast's parser that counts what it takes.
struct CountedBody {
  struct value_type {
    value_type() = default;
    value_type(const value_type&) = delete;
    value_type& operator=(const value_type&) = delete;
    ~value_type() {
      if (budget != nullptr) budget->give(counted);
    }
    [[nodiscard]] bool append(const char* data, std::size_t size) {
      if (text.size() + size > text.capacity()) {
        const std::size_t wanted = std::max(text.size() + size, 2 * text.capacity());
        if (!budget->take(wanted - counted)) return false;
        counted = wanted;
        text.reserve(wanted);
      }
      text.append(data, size);
      return true;
    }
    std::string text;
    Budget* budget = nullptr;
    std::size_t counted = 0;
  };

  class reader {
   public:
    template <bool kIsRequest, class Fields>
    reader(boost::beast::http::header<kIsRequest, Fields>& /*head*/, value_type& body)
        : body_(body) {}
    void init(const boost::optional<std::uint64_t>& /*length*/, boost::system::error_code& error) {
      error = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      error = {};
      std::size_t taken = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const boost::asio::const_buffer buffer = *it;
        if (!body_.append(static_cast<const char*>(buffer.data()), buffer.size())) {
          error = boost::beast::http::error::buffer_overflow;
          break;
        }
        taken += buffer.size();
      }
      return taken;
    }
    void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

struct Parser final : boost::beast::http::request_parser<CountedBody> {
  vitals::exporting::ChunkCheck chunks;  // of a chunked body
  std::size_t checked = 0;               // bytes of what was received that it has found right
  std::size_t given_back = 0;            // of those, what the parser wants to see more behind
};

}  // namespace health_agent::api
