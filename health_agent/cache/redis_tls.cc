#include "health_agent/cache/redis_tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <system_error>

namespace health_agent::cache {
namespace {

/// The words for the oldest error of this thread's queue.
std::string openssl_words() {
  const unsigned long code = ERR_peek_error();
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  const char* const words = ERR_reason_error_string(code);
  return words == nullptr ? "out of memory" : words;
}

/// Why a file cannot be one of PEM, or nothing. A folder gets no words from OpenSSL, and a pipe
/// would be waited for.
std::optional<std::string> why_no_file(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return std::generic_category().message(errno);
  if (!S_ISREG(status.st_mode)) return "it is no file";
  return std::nullopt;
}

/// Has `take` read the file that `parameter` names. Gives what is wrong with it, or nothing.
template <class Take>
std::optional<vitals::Error> taken(const char* parameter, const std::string& file, Take&& take) {
  std::optional<std::string> fault = why_no_file(file);
  if (!fault && !take(file.c_str())) fault = openssl_words();
  if (!fault) return std::nullopt;
  return vitals::Error{std::string(parameter) + ": " + file + " cannot be used: " + *fault};
}

/// Whether the error is one of what a server without TLS says to a handshake.
bool speaks_something_else(int reason) {
  return reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
         reason == SSL_R_HTTP_REQUEST || reason == SSL_R_BAD_RECORD_TYPE ||
         reason == SSL_R_UNEXPECTED_MESSAGE;
}

}  // namespace

void RedisTls::Free::operator()(ssl_ctx_st* context) const noexcept {
  SSL_CTX_free(context);
}

// OpenSSL would take itself down at exit(), while threads that end later may still use it.
RedisTls::RedisTls(bool check_host) : check_host_(check_host) {
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
  context_.reset(SSL_CTX_new(TLS_client_method()));
}

vitals::Result<std::shared_ptr<const RedisTls>> RedisTls::make(const RedisTlsOptions& options) {
  ERR_clear_error();
  const std::shared_ptr<RedisTls> tls{new RedisTls(options.verify && options.check_host)};
  SSL_CTX* const context = tls->context_.get();
  if (context == nullptr) return vitals::Error{"TLS: " + openssl_words()};
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
  // A key with a pass phrase would be asked for on the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  std::optional<vitals::Error> fault;
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context);
  } else {
    fault = taken("ssl_ca_certs", options.ca_file,
                  [&](const char* file) { return SSL_CTX_load_verify_file(context, file) == 1; });
  }
  if (!fault && !options.cert_file.empty()) {
    fault = taken("ssl_certfile", options.cert_file, [&](const char* file) {
      return SSL_CTX_use_certificate_chain_file(context, file) == 1;
    });
    const bool apart = !options.key_file.empty();
    if (!fault) {
      fault = taken(apart ? "ssl_keyfile" : "ssl_certfile",
                    apart ? options.key_file : options.cert_file, [&](const char* file) {
                      return SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1 &&
                             SSL_CTX_check_private_key(context) == 1;
                    });
    }
  }
  if (fault) return *std::move(fault);
  return std::shared_ptr<const RedisTls>{tls};
}

void RedisTlsStream::Free::operator()(ssl_st* stream) const noexcept {
  SSL_free(stream);
}

std::unique_ptr<RedisTlsStream> RedisTlsStream::on(int socket, const RedisTls& tls,
                                                   const std::string& host, std::string& error) {
  ERR_clear_error();
  std::unique_ptr<RedisTlsStream> stream{new RedisTlsStream(SSL_new(tls.context_.get()))};
  SSL* const ssl = stream->stream_.get();
  bool good = ssl != nullptr && SSL_set_fd(ssl, socket) == 1;
  std::string name = host;
  if (name.ends_with('.')) name.pop_back();  // the root's, which no certificate has
  X509_VERIFY_PARAM* const checked = good ? SSL_get0_param(ssl) : nullptr;
  const bool is_address = good && X509_VERIFY_PARAM_set1_ip_asc(checked, name.c_str()) == 1;
  if (good && !is_address) {
    good =
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()) == 1 &&
        SSL_set1_host(ssl, name.c_str()) == 1;
  }
  if (good && !tls.check_host_) {
    X509_VERIFY_PARAM_set1_host(checked, nullptr, 0);
    X509_VERIFY_PARAM_set1_ip(checked, nullptr, 0);
  }
  if (good) return stream;
  error = "TLS: " + openssl_words();
  return nullptr;
}

Transfer RedisTlsStream::handshake(std::string& error) {
  ERR_clear_error();
  const int returned = SSL_connect(stream_.get());
  const Transfer state = returned == 1 ? Transfer::kDone : result(returned, error);
  if (state != Transfer::kFailed) return state;
  const long verified = SSL_get_verify_result(stream_.get());
  if (verified != X509_V_OK && SSL_get_verify_mode(stream_.get()) != SSL_VERIFY_NONE) {
    error = "TLS: the server's certificate is not accepted: ";
    error += X509_verify_cert_error_string(verified);
  } else if (speaks_something_else(ERR_GET_REASON(ERR_peek_error()))) {
    error = "TLS: the server does not speak it on this port";
  }
  return state;
}

Transfer RedisTlsStream::write(std::string_view text, std::size_t& count, std::string& error) {
  ERR_clear_error();
  const int returned = SSL_write_ex(stream_.get(), text.data(), text.size(), &count);
  return returned == 1 ? Transfer::kDone : result(returned, error);
}

Transfer RedisTlsStream::read(std::span<char> room, std::size_t& count, std::string& error) {
  ERR_clear_error();
  const int returned = SSL_read_ex(stream_.get(), room.data(), room.size(), &count);
  return returned == 1 ? Transfer::kDone : result(returned, error);
}

Transfer RedisTlsStream::result(int returned, std::string& error) {
  const int number = errno;
  switch (SSL_get_error(stream_.get(), returned)) {
    case SSL_ERROR_WANT_READ:
      return Transfer::kWantsToRead;
    case SSL_ERROR_WANT_WRITE:
      return Transfer::kWantsToWrite;
    case SSL_ERROR_ZERO_RETURN:
      error = "the server closed the connection";
      return Transfer::kFailed;
    case SSL_ERROR_SYSCALL:
      error = number == 0 ? "the server closed the connection"
                          : std::generic_category().message(number);
      return Transfer::kFailed;
    default:
      break;
  }
  error = ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING
              ? "the server closed the connection"
              : "TLS: " + openssl_words();
  return Transfer::kFailed;
}

}  // namespace health_agent::cache
