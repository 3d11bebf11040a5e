/// A small C++17 face of libminato: owners that close, and failures that are thrown.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef ECHO_SOCKET_HPP
#define ECHO_SOCKET_HPP

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <minato/minato.h>

namespace echo {

/// A result of libminato, or a `std::system_error` that says what failed.
template <typename Result> Result check(Result result, std::string_view what) {
    if (result < 0) throw std::system_error(static_cast<int>(-result), std::generic_category(), std::string(what));
    return result;
}

/// An address as a person reads it.
inline std::string text(const minato_address &address) {
    std::array<char, MINATO_ADDRESS_TEXT_MAX> buffer{};
    minato_address_format(&address, buffer.data(), buffer.size());
    return buffer.data();
}

/// Owns a descriptor: closed once, at the end of its life.
class Descriptor {
  public:
    explicit Descriptor(int32_t number) : number_(number) {}
    Descriptor(Descriptor &&other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor &operator=(Descriptor &&other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ >= 0) minato_socket_close(number_);
    }

    int32_t number() const {
        return number_;
    }

  private:
    int32_t number_;
};

/// A stream or datagram socket. What would have to wait, and may not, gives -EAGAIN; every other failure is thrown.
class Socket : public Descriptor {
  public:
    using Descriptor::Descriptor;

    Socket(int32_t family, int32_t type) : Descriptor(check(minato_socket_open(family, type, 0), "socket")) {}

    void bind(const minato_address &address) const {
        check(minato_socket_bind(number(), &address), "bind " + text(address));
    }

    void connect(const minato_address &address, int64_t deadline) const {
        check(minato_socket_connect(number(), &address, deadline), "connect " + text(address));
    }

    minato_address local_address() const {
        minato_address address;
        check(minato_socket_local_address(number(), &address), "getsockname");
        return address;
    }

    int64_t send(std::string_view bytes, int64_t deadline) const {
        return patient(minato_socket_send(number(), bytes.data(), bytes.size(), 0, deadline), "send");
    }

    int64_t receive(std::vector<char> &buffer, int64_t deadline) const {
        return patient(minato_socket_receive(number(), buffer.data(), buffer.size(), 0, deadline), "receive");
    }

  private:
    static int64_t patient(int64_t result, const char *what) {
        return result == -EAGAIN ? result : check(result, what);
    }
};

/// Waits for many descriptors.
class Poller {
  public:
    Poller() {
        minato_poller *opened;
        check(minato_poller_open(MINATO_POLLER_DEFAULT, &opened), "poller");
        poller_.reset(opened);
    }

    uint64_t add(const Descriptor &descriptor) {
        uint64_t registration;
        check(minato_poller_add(poller_.get(), descriptor.number(), MINATO_READABLE, 0, &registration), "register");
        return registration;
    }

    void modify(uint64_t registration, uint32_t interest) {
        check(minato_poller_modify(poller_.get(), registration, interest, 0), "modify");
    }

    void remove(uint64_t registration) noexcept {
        minato_poller_remove(poller_.get(), registration);
    }

    /// The registrations that are ready; none after an interruption.
    std::vector<uint64_t> wait() {
        std::array<minato_event, 64> events;
        int32_t count = minato_poller_wait(poller_.get(), events.data(), events.size(), MINATO_NO_DEADLINE);
        if (count != -EINTR) check(count, "wait");
        std::vector<uint64_t> ready;
        for (int32_t i = 0; i < count; i++) ready.push_back(events[static_cast<size_t>(i)].registration);
        return ready;
    }

  private:
    struct Close {
        void operator()(minato_poller *poller) const {
            minato_poller_close(poller);
        }
    };
    std::unique_ptr<minato_poller, Close> poller_;
};

} // namespace echo

#endif
