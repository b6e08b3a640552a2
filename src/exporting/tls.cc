#include "exporting/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include "delivery/openssl.h"

namespace vitals::exporting {
namespace {

constexpr auto kTryAgain = std::chrono::seconds(10);

/// What OpenSSL reads and writes through. Its own for sockets writes without MSG_NOSIGNAL, so that a
/// client which hangs up would end the process by SIGPIPE.
struct Wire {
  int socket;
  std::size_t sent = 0;
};

Wire& wire_of(BIO* bio) noexcept {
  return *static_cast<Wire*>(BIO_get_data(bio));
}

bool would_block(ssize_t result) noexcept {
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

int write_wire(BIO* bio, const char* data, int size) {
  Wire& wire = wire_of(bio);
  ssize_t n = 0;
  do {
    n = ::send(wire.socket, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  } while (n < 0 && errno == EINTR);
  BIO_clear_retry_flags(bio);
  if (would_block(n)) BIO_set_retry_write(bio);
  if (n > 0) wire.sent += static_cast<std::size_t>(n);
  return static_cast<int>(n);
}

int read_wire(BIO* bio, char* into, int size) {
  ssize_t n = 0;
  do {
    n = ::recv(wire_of(bio).socket, into, static_cast<std::size_t>(size), 0);
  } while (n < 0 && errno == EINTR);
  BIO_clear_retry_flags(bio);
  if (would_block(n)) BIO_set_retry_read(bio);
  return static_cast<int>(n);
}

long control_wire(BIO* /*bio*/, int command, long /*number*/, void* /*data*/) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// Null without memory. Lives as long as the process.
const BIO_METHOD* wire_method() noexcept {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "vitals socket");
    if (made != nullptr) {
      BIO_meth_set_write(made, &write_wire);
      BIO_meth_set_read(made, &read_wire);
      BIO_meth_set_ctrl(made, &control_wire);
    }
    return made;
  }();
  return method;
}

/// What the first of the thread's errors says, which the later ones only pass on. Empties their list.
std::string reason() {
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const text = ERR_reason_error_string(code);
  return text == nullptr ? "it holds nothing that OpenSSL can use" : text;
}

Error failure_of(std::string_view field, const std::string& file) {
  return {"tls." + std::string(field) + " = \"" + file + "\": " + reason()};
}

}  // namespace

struct TlsSession::State {
  struct Free {
    void operator()(SSL* gone) const noexcept {
      if (!delivery::openssl_is_gone()) SSL_free(gone);
    }
  };

  /// What a call that did not succeed comes to, as errno.
  ssize_t failed(int result) noexcept {
    const int error = SSL_get_error(ssl.get(), result);
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN) return 0;
    waits_for = 0;
    if (error == SSL_ERROR_WANT_READ) waits_for = POLLIN;
    if (error == SSL_ERROR_WANT_WRITE) waits_for = POLLOUT;
    broken = waits_for == 0;
    errno = broken ? EPROTO : EAGAIN;
    return -1;
  }

  [[nodiscard]] bool usable() noexcept {
    waits_for = 0;
    if (!broken && !delivery::openssl_is_gone()) {
      ERR_clear_error();  // of others on this thread, which would be taken for this call's
      return true;
    }
    errno = EPROTO;
    return false;
  }

  Wire wire;
  short waits_for = 0;
  bool broken = false;
  std::unique_ptr<SSL, Free> ssl;
};

TlsSession::TlsSession(ssl_ctx_st* context, int socket)
    : state_(std::make_unique<State>(State{.wire = {socket}, .ssl = {}})) {
  state_->ssl.reset(SSL_new(context));
  BIO* const bio = wire_method() == nullptr ? nullptr : BIO_new(wire_method());
  if (state_->ssl == nullptr || bio == nullptr) {
    BIO_free(bio);
    ERR_clear_error();
    throw std::bad_alloc();
  }
  BIO_set_data(bio, &state_->wire);
  BIO_set_init(bio, 1);
  SSL_set_bio(state_->ssl.get(), bio, bio);
  SSL_set_accept_state(state_->ssl.get());
}

TlsSession::TlsSession(TlsSession&& from) noexcept = default;
TlsSession& TlsSession::operator=(TlsSession&& from) noexcept = default;
TlsSession::~TlsSession() = default;

ssize_t TlsSession::receive(char* into, std::size_t size) noexcept {
  if (!state_->usable()) return -1;
  std::size_t n = 0;
  const int result = SSL_read_ex(state_->ssl.get(), into, size, &n);
  return result > 0 ? static_cast<ssize_t>(n) : state_->failed(result);
}

ssize_t TlsSession::send(const char* data, std::size_t size) noexcept {
  if (!state_->usable()) return -1;
  std::size_t n = 0;
  const int result = SSL_write_ex(state_->ssl.get(), data, size, &n);
  if (result > 0) return static_cast<ssize_t>(n);
  if (state_->failed(result) == 0) errno = EPROTO;  // the client has said that it reads no more
  return -1;
}

void TlsSession::end() noexcept {
  if (!state_->usable() || SSL_in_init(state_->ssl.get()) != 0) return;
  SSL_shutdown(state_->ssl.get());
  ERR_clear_error();
}

short TlsSession::waits_for() const noexcept {
  return state_->waits_for;
}

std::size_t TlsSession::sent() const noexcept {
  return state_->wire.sent;
}

TlsServer::TlsServer(ExposerTls files, Context context, Stamp stamp)
    : files_(std::move(files)), context_(std::move(context)), stamp_(stamp) {}

Result<TlsServer> TlsServer::load(ExposerTls files) {
  delivery::keep_openssl_to_the_end();
  // Before the files are read, so that a change in between is seen.
  const Stamp stamp = stamp_of(files);
  Result<Context> context = context_of(files);
  if (!context) return context.error();
  return TlsServer(std::move(files), std::move(*context), stamp);
}

TlsSession TlsServer::session(int socket, const OnTrouble& on_trouble) {
  renew(on_trouble);
  return {context_.get(), socket};
}

Result<TlsServer::Context> TlsServer::context_of(const ExposerTls& files) {
  ERR_clear_error();
  const Context context(SSL_CTX_new(TLS_server_method()), [](SSL_CTX* gone) {
    if (!delivery::openssl_is_gone()) SSL_CTX_free(gone);
  });
  if (context == nullptr) return Error{"tls: " + reason()};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // Every answer closes its connection, so that there is nothing to resume.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  // A call comes back after each record that has no data for us, such as one that changes the keys: a
  // client may send them without end, and the loop has others to look after.
  SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
  // Nobody sits at a terminal to be asked for the passphrase of a key.
  SSL_CTX_set_default_passwd_cb(context.get(), [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
    return failure_of("certificate", files.certificate);
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1)
    return failure_of("key", files.key);
  if (!files.client_ca.empty()) {
    STACK_OF(X509_NAME)* const names = SSL_load_client_CA_file(files.client_ca.c_str());
    if (names == nullptr) return failure_of("client_ca", files.client_ca);
    SSL_CTX_set_client_CA_list(context.get(), names);
    if (SSL_CTX_load_verify_file(context.get(), files.client_ca.c_str()) != 1)
      return failure_of("client_ca", files.client_ca);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

TlsServer::Stamp TlsServer::stamp_of(const ExposerTls& files) noexcept {
  Stamp stamp = 14695981039346656037ULL;  // FNV-1a
  const auto add = [&stamp](std::uint64_t value) { stamp = (stamp ^ value) * 1099511628211ULL; };
  for (const std::string* const file : {&files.certificate, &files.key, &files.client_ca}) {
    struct stat is {};
    if (file->empty() || ::stat(file->c_str(), &is) != 0) continue;
    add(is.st_ino);
    add(static_cast<std::uint64_t>(is.st_size));
    add(static_cast<std::uint64_t>(is.st_mtim.tv_sec));
    add(static_cast<std::uint64_t>(is.st_mtim.tv_nsec));
  }
  return stamp;
}

void TlsServer::renew(const OnTrouble& on_trouble) {
  const Stamp stamp = stamp_of(files_);
  const auto now = std::chrono::steady_clock::now();
  if (stamp == stamp_ || (stamp == refused_ && now < next_try_)) return;
  Result<Context> context = context_of(files_);
  if (context) {
    context_ = std::move(*context);
    stamp_ = stamp;
    refused_ = 0;
    return;
  }
  const bool told = stamp == refused_;
  refused_ = stamp;
  next_try_ = now + kTryAgain;
  if (told || !on_trouble) return;
  try {
    on_trouble(
        "metrics listener: the renewed certificate cannot be used, the former one goes on: " +
        context.error().message);
  } catch (...) {
    // It must not, and there is nobody to tell.
  }
}

}  // namespace vitals::exporting
