#define _GNU_SOURCE
#include "fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

int64_t fixture_soon(void) {
    return fixture_in(30000);
}

int64_t fixture_in(int64_t milliseconds) {
    return minato_clock_deadline(milliseconds * 1000000);
}

void fixture_close(int32_t descriptor) {
    CHECK_INT(minato_socket_close(descriptor), 0);
}

minato_address fixture_loopback(uint16_t port) {
    minato_address address;
    minato_address_set_ipv4(&address, (const uint8_t[]){127, 0, 0, 1}, port);
    return address;
}

static int32_t listener(int32_t family, int32_t backlog, minato_address *address) {
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(family, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_bind(descriptor, address), 0);
    CHECK_INT(minato_socket_listen(descriptor, backlog), 0);
    CHECK_INT(minato_socket_local_address(descriptor, address), 0);
    return descriptor;
}

int32_t fixture_listener(int32_t backlog, minato_address *address) {
    *address = fixture_loopback(0);
    return listener(AF_INET, backlog, address);
}

int32_t fixture_unix_listener(int32_t backlog, minato_address *address) {
    minato_address_set_unix_unnamed(address);
    return listener(AF_UNIX, backlog, address);
}

void fixture_tcp_pair(int32_t *client, int32_t *server) {
    minato_address address;
    int32_t descriptor = fixture_listener(1, &address);
    *client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_connect(*client, &address, fixture_soon()), 0);
    *server = CHECK_DESCRIPTOR(minato_socket_accept(descriptor, 0, fixture_soon(), NULL));
    fixture_close(descriptor);
}

void fixture_pair(int32_t type, int32_t *left, int32_t *right) {
    int32_t descriptors[2];
    CHECK_INT(minato_socket_pair(AF_UNIX, type, 0, descriptors), 0);
    *left = CHECK_DESCRIPTOR(descriptors[0]);
    *right = CHECK_DESCRIPTOR(descriptors[1]);
}

int32_t fixture_bound_datagram(int32_t family, minato_address *address) {
    uint8_t loopback[16] = {[15] = 1};
    if (family == AF_INET) {
        *address = fixture_loopback(0);
    } else if (family == AF_INET6) {
        minato_address_set_ipv6(address, loopback, 0, 0, 0);
    } else {
        minato_address_set_unix_unnamed(address);
    }
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(family, SOCK_DGRAM, 0));
    CHECK_INT(minato_socket_bind(descriptor, address), 0);
    CHECK_INT(minato_socket_local_address(descriptor, address), 0);
    return descriptor;
}

size_t fixture_fill(int32_t descriptor, const minato_address *address) {
    static const char bytes[4096];
    size_t total = 0;
    uint32_t length = 0;
    const void *raw = address == NULL ? NULL : minato_address_bytes(address, &length);
    // Down to single bytes: a buffer with room for one byte is not full.
    for (size_t size = sizeof bytes; size > 0; size /= 2) {
        ssize_t count;
        while ((count = sendto(descriptor, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, raw, length)) > 0) {
            total += (size_t)count;
        }
        CHECK_INT(errno, EAGAIN);
    }
    return total;
}

size_t fixture_fill_backlog(const minato_address *address, int32_t *clients, size_t capacity) {
    size_t count = 0;
    for (; count < capacity; count += 1) {
        clients[count] = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        int32_t result = minato_socket_start_connect(clients[count], address);
        CHECK(result == 0 || result == 1);
        struct pollfd entry = {.fd = clients[count], .events = POLLOUT};
        // Over the loopback the handshake is over at once, unless the backlog is full.
        if (poll(&entry, 1, 20) == 0) return count + 1;
    }
    CHECK(!"the backlog of the listener never filled");
    return count;
}

uint8_t fixture_byte(size_t index) {
    return (uint8_t)(index * 131 + (index >> 8));
}

int32_t fixture_file(size_t length) {
    int32_t file = CHECK_DESCRIPTOR(memfd_create("minato", MFD_CLOEXEC));
    uint8_t bytes[4096];
    for (size_t offset = 0; offset < length;) {
        size_t size = length - offset < sizeof bytes ? length - offset : sizeof bytes;
        for (size_t i = 0; i < size; i += 1) bytes[i] = fixture_byte(offset + i);
        CHECK_INT(write(file, bytes, size), size);
        offset += size;
    }
    return file;
}

static timer_t timer;

static void do_nothing(int number) {
    (void)number;
}

void fixture_start_signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = do_nothing;
    CHECK_INT(sigaction(SIGUSR1, &action, NULL), 0);
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR1;
    CHECK_INT(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    // Again and again: the first may come just before the call that it should interrupt.
    struct itimerspec interval = {{0, 3000000}, {0, 3000000}};
    CHECK_INT(timer_settime(timer, 0, &interval, NULL), 0);
}

void fixture_stop_signals(void) {
    CHECK_INT(timer_delete(timer), 0);
}
