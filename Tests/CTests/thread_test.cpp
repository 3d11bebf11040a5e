// What headers promise to several threads: shutdown wakes, wake-ups are never lost, one connection may be shared.
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.hpp"

namespace {

/// A descriptor that is closed at the end of its life.
class Descriptor {
  public:
    explicit Descriptor(int32_t number) : number_(CHECK_DESCRIPTOR(number)) {}
    ~Descriptor() {
        fixture_close(number_);
    }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;
    operator int32_t() const {
        return number_;
    }

  private:
    int32_t number_;
};

void shutdown_wakes_all() {
    int32_t ends[2];
    CHECK_INT(minato_socket_pair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    const Descriptor left(ends[0]), right(ends[1]);
    std::vector<int64_t> results(3, -1);
    std::vector<std::thread> readers;
    for (int64_t &result : results) {
        readers.emplace_back([&result, &left] {
            char byte;
            result = minato_socket_receive(left, &byte, 1, 0, fixture_soon());
        });
    }
    CHECK_INT(minato_socket_shutdown(left, SHUT_RDWR), 0);
    for (std::thread &reader : readers) reader.join();
    for (const int64_t result : results) CHECK_INT(result, 0);
}

void shutdown_wakes_accept() {
    minato_address address;
    const Descriptor listener(fixture_listener(1, &address));
    int32_t result = 0;
    std::thread acceptor([&] { result = minato_socket_accept(listener, 0, fixture_soon(), nullptr); });
    CHECK_INT(minato_socket_shutdown(listener, SHUT_RDWR), 0);
    acceptor.join();
    CHECK_INT(result, -EINVAL);
}

/// Each wake-up is seen by a wait that ends after it, on both backends.
void wake_ups() {
    for (int32_t backend = MINATO_POLLER_EPOLL; backend <= MINATO_POLLER_POLL; backend += 1) {
        minato_poller *poller = nullptr;
        CHECK_INT(minato_poller_open(backend, &poller), 0);
        std::atomic<int> asked{0}, seen{0};
        std::thread waker([&] {
            for (int i = 1; i <= 2000; i += 1) {
                asked.store(i);
                minato_poller_wake(poller);
                while (seen.load() < i) std::this_thread::yield();
            }
        });
        while (seen.load() < 2000) {
            minato_event event;
            CHECK_INT(minato_poller_wait(poller, &event, 1, fixture_soon()), 1);
            CHECK_INT(event.registration, MINATO_POLLER_WAKE);
            seen.store(asked.load());
        }
        waker.join();
        minato_poller_close(poller);
    }
}

/// One thread sends and one receives on each end, over one pair of sockets.
void both_ways() {
    enum { LENGTH = 1 << 20 };
    int32_t client, server;
    fixture_tcp_pair(&client, &server);
    const Descriptor left(client), right(server);
    std::atomic<int> wrong{0};
    const auto sender = [&wrong](int32_t descriptor) {
        std::vector<uint8_t> bytes(LENGTH);
        for (size_t i = 0; i < LENGTH; i += 1) bytes[i] = fixture_byte(i);
        size_t sent = 0;
        if (minato_socket_send_all(descriptor, bytes.data(), LENGTH, 0, fixture_soon(), &sent) != 0) wrong += 1;
        if (sent != LENGTH || minato_socket_shutdown(descriptor, SHUT_WR) != 0) wrong += 1;
    };
    const auto receiver = [&wrong](int32_t descriptor) {
        std::vector<uint8_t> bytes(10000);
        size_t total = 0;
        int64_t count;
        while ((count = minato_socket_receive(descriptor, bytes.data(), bytes.size(), 0, fixture_soon())) > 0) {
            for (size_t i = 0; i < static_cast<size_t>(count); i += 1) wrong += bytes[i] != fixture_byte(total + i);
            total += static_cast<size_t>(count);
        }
        if (count != 0 || total != LENGTH) wrong += 1;
    };
    std::vector<std::thread> threads;
    for (const int32_t descriptor : {client, server}) {
        threads.emplace_back(sender, descriptor);
        threads.emplace_back(receiver, descriptor);
    }
    for (std::thread &thread : threads) thread.join();
    CHECK_INT(wrong.load(), 0);
}

/// Look-ups and texts from several threads at once.
void reentrant() {
    std::atomic<int> wrong{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i += 1) {
        threads.emplace_back([&wrong] {
            for (int round = 0; round < 200; round += 1) {
                char message[64], name[MINATO_SERVICE_NAME_MAX];
                minato_error_message(100000 + round, message, sizeof message);
                const std::string expected = "Unknown error " + std::to_string(100000 + round);
                if (expected != message) wrong += 1;
                if (minato_service_port("http", "tcp") != 80) wrong += 1;
                if (minato_service_name(53, nullptr, name, sizeof name) != 6) wrong += 1;
            }
        });
    }
    for (std::thread &thread : threads) thread.join();
    CHECK_INT(wrong.load(), 0);
}

/// Each thread has a value of its own, which neither its children nor a forked process have.
void values() {
    int mine = 0, other = 0;
    CHECK(minato_thread_value() == nullptr);
    minato_thread_set_value(&mine);
    CHECK(minato_thread_value() == &mine);
    std::atomic<int> wrong{0};
    std::thread thread([&] {
        wrong += minato_thread_value() != nullptr;
        minato_thread_set_value(&other);
        wrong += minato_thread_value() != &other;
    });
    thread.join();
    CHECK_INT(wrong.load(), 0);
    CHECK(minato_thread_value() == &mine);

    const uint32_t forks = minato_thread_forks();
    const pid_t child = fork();
    if (child == 0) _exit((minato_thread_value() == nullptr ? 0 : 1) + (minato_thread_forks() == forks + 1 ? 0 : 2));
    CHECK(child > 0);
    int status = -1;
    CHECK_INT(waitpid(child, &status, 0), child);
    CHECK_INT(status, 0);
    CHECK(minato_thread_value() == &mine);
    CHECK_INT(minato_thread_forks(), forks);
    minato_thread_set_value(nullptr);
    CHECK(minato_thread_value() == nullptr);
}

} // namespace

const check_test thread_tests[] = {
    {"C++: shutdown wakes all readers", shutdown_wakes_all},
    {"C++: shutdown wakes accept", shutdown_wakes_accept},
    {"C++: wake-ups", wake_ups},
    {"C++: both ways", both_ways},
    {"C++: reentrant", reentrant},
    {"C++: values of threads", values},
    {nullptr, nullptr},
};
