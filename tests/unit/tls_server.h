#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace vitals {

/// A server over TLS that takes what is sent to it, by OpenSSL itself. Where a CA of clients is named
/// it takes only what comes with a certificate of that.
class TlsServer {
 public:
  struct Taken {
    std::string request;
    std::string client;  ///< the common name in its certificate; empty without
  };
  struct Files {
    std::string certificate;
    std::string key;
    std::string client_ca{};
  };

  explicit TlsServer(const Files& files)
      : context_(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    SSL_CTX* const context = context_.get();
    if (SSL_CTX_use_certificate_file(context, files.certificate.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1)
      throw std::runtime_error{"no certificate for the server"};
    if (!files.client_ca.empty()) {
      if (SSL_CTX_load_verify_locations(context, files.client_ca.c_str(), nullptr) != 1)
        throw std::runtime_error{"no authority for the clients"};
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), plain, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), plain, &size) != 0)
      throw std::runtime_error{"no port for the server"};
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    stop_ = true;
    thread_.join();
  }

  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<Taken> taken() const {
    const std::lock_guard hold{mutex_};
    return taken_;
  }

 private:
  void serve() {
    // A client that refuses the certificate may be gone when it is answered.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    while (!stop_) {
      pollfd waited{listener_.get(), POLLIN, 0};
      if (::poll(&waited, 1, 20) <= 0) continue;
      const base::Descriptor client(::accept(listener_.get(), nullptr, nullptr));
      if (client.get() < 0) continue;
      const timeval limit{.tv_sec = 20, .tv_usec = 0};
      ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
      serve(client.get());
      // Else what it has not read yet would take the alert with it.
      ::shutdown(client.get(), SHUT_WR);
      std::array<char, 4096> rest{};
      while (::recv(client.get(), rest.data(), rest.size(), 0) > 0) {
      }
    }
  }

  void serve(int client) {
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), &SSL_free);
    SSL_set_fd(tls.get(), client);
    if (SSL_accept(tls.get()) != 1) return;
    Taken taken{request_of(tls.get()), name_of_client(tls.get())};
    if (taken.request.empty()) return;
    {
      const std::lock_guard hold{mutex_};
      taken_.push_back(std::move(taken));
    }
    constexpr std::string_view kAnswer =
        "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    SSL_write(tls.get(), kAnswer.data(), static_cast<int>(kAnswer.size()));
    SSL_shutdown(tls.get());
  }

  static std::string request_of(SSL* tls) {
    std::string text;
    std::array<char, 4096> part{};
    for (int n = 0; (n = SSL_read(tls, part.data(), static_cast<int>(part.size()))) > 0;) {
      text.append(part.data(), static_cast<std::size_t>(n));
      const std::size_t head = text.find("\r\n\r\n");
      if (head == std::string::npos) continue;
      const std::size_t at = text.find("Content-Length: ");
      const std::size_t body = at < head ? std::stoul(text.substr(at + 16)) : 0;
      if (text.size() >= head + 4 + body) return text;
    }
    return {};
  }

  static std::string name_of_client(const SSL* tls) {
    const std::unique_ptr<X509, decltype(&X509_free)> shown(SSL_get_peer_certificate(tls),
                                                            &X509_free);
    std::array<char, 256> name{};
    if (shown) {
      X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, name.data(),
                                static_cast<int>(name.size()));
    }
    return name.data();
  }

  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  const base::Descriptor listener_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<Taken> taken_;
  std::thread thread_;
};

}  // namespace vitals
