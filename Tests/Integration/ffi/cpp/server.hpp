/// The echo server: one thread, a poller, and a buffer for each connection.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef ECHO_SERVER_HPP
#define ECHO_SERVER_HPP

#include <csignal>
#include <cstdio>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>

#include "socket.hpp"

namespace echo {

/// The most bytes of a datagram, and of what is read from a stream at a time.
constexpr size_t capacity = 65536;

/// A connection, and what has come on it and is not all sent back.
class Connection {
  public:
    explicit Connection(Socket socket) : socket_(std::move(socket)), bytes_(capacity) {}

    /// Reads or writes once: what to wait for next, 0 when the connection has come to its end.
    uint32_t go_on() {
        try {
            if (pending_.empty()) {
                int64_t count = socket_.receive(bytes_, MINATO_NO_WAIT);
                if (count == 0) return 0;
                if (count > 0) pending_ = {bytes_.data(), static_cast<size_t>(count)};
            }
            if (!pending_.empty()) {
                int64_t sent = socket_.send(pending_, MINATO_NO_WAIT);
                if (sent > 0) pending_.remove_prefix(static_cast<size_t>(sent));
            }
        } catch (const std::system_error &) {
            return 0;
        }
        return pending_.empty() ? MINATO_READABLE : MINATO_WRITABLE;
    }

    const Socket &socket() const {
        return socket_;
    }

  private:
    Socket socket_;
    std::vector<char> bytes_;
    std::string_view pending_;
};

/// Serves until SIGTERM or SIGINT comes.
class Server {
  public:
    /// More connections wait in the kernel's queue.
    static constexpr size_t most_connections = 256;

    Server(const minato_address &address, int32_t type)
        : type_(type), signals_(open_signals()), socket_(minato_address_family(&address), type | SOCK_NONBLOCK) {
        bool ip = minato_address_family(&address) != AF_UNIX;
        if (ip && type == SOCK_STREAM) {
            check(minato_option_set_boolean(socket_.number(), SOL_SOCKET, SO_REUSEADDR, true), "SO_REUSEADDR");
        }
        socket_.bind(address);
        address_ = socket_.local_address();
        if (type == SOCK_STREAM) check(minato_socket_listen(socket_.number(), 128), "listen");
        signal_registration_ = poller_.add(signals_);
        registration_ = poller_.add(socket_);
    }

    ~Server() {
        std::array<uint8_t, MINATO_ADDRESS_UNIX_MAX + 1> path{};
        if (minato_address_unix_kind(&address_) != MINATO_UNIX_PATH) return;
        int32_t length = minato_address_unix_name(&address_, path.data(), path.size());
        unlink(std::string(path.begin(), path.begin() + length).c_str());
    }

    Server(const Server &) = delete;
    Server &operator=(const Server &) = delete;

    void run() {
        std::printf("ready %s\n", text(address_).c_str());
        std::fflush(stdout);
        for (;;) {
            for (uint64_t ready : poller_.wait()) {
                if (ready == signal_registration_) return;
                if (ready != registration_) {
                    go_on(ready);
                } else if (type_ == SOCK_STREAM) {
                    accept();
                } else {
                    echo_datagram();
                }
            }
        }
    }

  private:
    static int32_t open_signals() {
        const std::array<int32_t, 2> numbers{SIGTERM, SIGINT};
        return check(minato_signal_open(numbers.data(), numbers.size()), "signals");
    }

    void accept() {
        int32_t descriptor = minato_socket_accept(socket_.number(), SOCK_NONBLOCK, MINATO_NO_WAIT, nullptr);
        // What went wrong with one connection is no reason to stop; having no descriptors left is.
        if (descriptor == -EMFILE || descriptor == -ENFILE) check(descriptor, "accept");
        if (descriptor < 0) return;
        Connection connection{Socket(descriptor)};
        uint64_t registration = poller_.add(connection.socket());
        connections_.emplace(registration, std::move(connection));
        if (connections_.size() == most_connections) poller_.modify(registration_, 0);
    }

    void go_on(uint64_t registration) {
        auto found = connections_.find(registration);
        if (found == connections_.end()) return;
        if (uint32_t interest = found->second.go_on()) {
            poller_.modify(registration, interest);
            return;
        }
        poller_.remove(registration);
        connections_.erase(found);
        if (connections_.size() == most_connections - 1) poller_.modify(registration_, MINATO_READABLE);
    }

    void echo_datagram() {
        minato_address sender;
        int64_t count = minato_socket_receive_from(
            socket_.number(), datagram_.data(), datagram_.size(), 0, &sender, MINATO_NO_WAIT);
        if (count < 0 || minato_address_unix_kind(&sender) == MINATO_UNIX_UNNAMED) return;
        // A reply that nobody wants, or has room for, is dropped: as it may be on the way anyhow.
        minato_socket_send_to(
            socket_.number(), datagram_.data(), static_cast<size_t>(count), 0, &sender,
            minato_clock_deadline(100000000));
    }

    int32_t type_;
    Descriptor signals_;
    Socket socket_;
    minato_address address_{};
    Poller poller_;
    uint64_t signal_registration_ = 0, registration_ = 0;
    std::unordered_map<uint64_t, Connection> connections_;
    std::vector<char> datagram_ = std::vector<char>(capacity);
};

} // namespace echo

#endif
