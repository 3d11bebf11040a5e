#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

/// An address on which nobody listens.
static minato_address deserted(void) {
    minato_address address;
    fixture_close(fixture_listener(1, &address));
    return address;
}

static void refused(void) {
    minato_address address = deserted();
    for (int nonblocking = 0; nonblocking <= 1; nonblocking += 1) {
        int32_t type = SOCK_STREAM | (nonblocking ? SOCK_NONBLOCK : 0);
        int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, type, 0));
        int64_t before = minato_clock_now();
        CHECK_INT(minato_socket_connect(descriptor, &address, fixture_soon()), -ECONNREFUSED);
        CHECK(minato_clock_now() - before < 5000000000);
        CHECK_INT(minato_socket_is_blocking(descriptor), !nonblocking);
        fixture_close(descriptor);
    }
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    int32_t result = minato_socket_start_connect(descriptor, &address);
    if (result == 1) result = minato_socket_finish_connect(descriptor, fixture_soon());
    CHECK_INT(result, -ECONNREFUSED);
    // Told once, and none that stands.
    CHECK_INT(minato_socket_finish_connect(descriptor, fixture_soon()), -ENOTCONN);
    fixture_close(descriptor);
    descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_finish_connect(descriptor, fixture_soon()), -ENOTCONN);
    fixture_close(descriptor);
    descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    CHECK_INT(minato_socket_finish_connect(descriptor, fixture_soon()), 0);
    fixture_close(descriptor);

    minato_address_set_unix_abstract(&address, (const uint8_t *)"minato nobody", 13);
    descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_connect(descriptor, &address, fixture_soon()), -ECONNREFUSED);
    CHECK_INT(minato_address_set_unix_path(&address, "/nonexistent/x", 14), 0);
    CHECK_INT(minato_socket_connect(descriptor, &address, fixture_soon()), -ENOENT);
    address = fixture_loopback(1);
    CHECK(minato_socket_connect(descriptor, &address, fixture_soon()) < 0);
    fixture_close(descriptor);
    CHECK_INT(minato_socket_connect(-1, &address, MINATO_NO_WAIT), -EBADF);
    CHECK_INT(minato_socket_start_connect(-1, &address), -EBADF);
    CHECK_INT(minato_socket_finish_connect(-1, MINATO_NO_WAIT), -EBADF);
}

static void started(void) {
    minato_address address;
    int32_t listener = fixture_listener(4, &address);
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    int32_t result = minato_socket_start_connect(descriptor, &address);
    CHECK(result == 0 || result == 1);
    CHECK_INT(minato_socket_finish_connect(descriptor, fixture_soon()), 0);
    fixture_close(descriptor);
    fixture_close(listener);
    // A Unix connection stands at once, or cannot be started.
    int32_t backlog[8];
    size_t count = 0;
    listener = fixture_unix_listener(0, &address);
    for (result = 0; result == 0 && count < 8; count += 1) {
        backlog[count] = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
        result = minato_socket_start_connect(backlog[count], &address);
    }
    CHECK_INT(result, -EAGAIN);
    for (size_t i = 0; i < count; i += 1) fixture_close(backlog[i]);
    fixture_close(listener);
}

struct visitor {
    int32_t listener;
    int32_t accepted;
};

static void *accept_later(void *argument) {
    struct visitor *visitor = argument;
    visitor->accepted = minato_socket_accept(visitor->listener, 0, fixture_soon(), NULL);
    return NULL;
}

/// A connect that waits for room in a full Unix backlog stands when there is some, and leaves the descriptor as it was.
static void full_unix_backlog(void) {
    for (int nonblocking = 0; nonblocking <= 1; nonblocking += 1) {
        minato_address address;
        struct visitor visitor = {fixture_unix_listener(0, &address), -1};
        int32_t first = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_STREAM, 0));
        int32_t second = CHECK_DESCRIPTOR(
            minato_socket_open(AF_UNIX, SOCK_STREAM | (nonblocking ? SOCK_NONBLOCK : 0), 0));
        CHECK_INT(minato_socket_connect(first, &address, fixture_soon()), 0);
        CHECK_INT(minato_option_set_duration(second, SOL_SOCKET, SO_SNDTIMEO, 77000000000), 0);
        CHECK_INT(minato_socket_connect(second, &address, MINATO_NO_WAIT), -EAGAIN);
        CHECK_INT(minato_socket_connect(second, &address, fixture_in(10)), -ETIMEDOUT);
        pthread_t thread;
        CHECK_INT(pthread_create(&thread, NULL, accept_later, &visitor), 0);
        CHECK_INT(minato_socket_connect(second, &address, fixture_soon()), 0);
        CHECK_INT(pthread_join(thread, NULL), 0);
        CHECK_INT(minato_socket_is_blocking(second), !nonblocking);
        int64_t timeout = 0;
        CHECK_INT(minato_option_get_duration(second, SOL_SOCKET, SO_SNDTIMEO, &timeout), 0);
        CHECK_INT(timeout, 77000000000);
        fixture_close(CHECK_DESCRIPTOR(visitor.accepted));
        fixture_close(first);
        fixture_close(second);
        fixture_close(visitor.listener);
    }
}

/// Interrupted against a full TCP backlog, then called again while the backlog empties: the same attempt stands.
static void interrupted_then_finished(void) {
    minato_address address, local, peer;
    int32_t clients[8];
    int32_t listener = fixture_listener(0, &address);
    size_t count = fixture_fill_backlog(&address, clients, 8);
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    fixture_start_signals();
    CHECK_INT(minato_socket_connect(descriptor, &address, fixture_soon()), -EINTR);
    fixture_stop_signals();
    CHECK_INT(minato_socket_local_address(descriptor, &local), 0);
    CHECK_INT(minato_socket_connect(descriptor, &address, MINATO_NO_WAIT), -EAGAIN);
    // Makes room for one; the kernel repeats its SYN within a second or so.
    while (count > 0) fixture_close(clients[--count]);
    int32_t accepted;
    while ((accepted = minato_socket_accept(listener, 0, MINATO_NO_WAIT, NULL)) >= 0) fixture_close(accepted);
    CHECK_INT(accepted, -EAGAIN);
    CHECK_INT(minato_socket_connect(descriptor, &address, fixture_soon()), 0);
    CHECK_INT(minato_socket_is_blocking(descriptor), 1);
    do {
        accepted = CHECK_DESCRIPTOR(minato_socket_accept(listener, 0, fixture_soon(), &peer));
        fixture_close(accepted);
    } while (minato_address_compare(&local, &peer) != 0);
    fixture_close(descriptor);
    fixture_close(listener);
}

static void dual_stack(void) {
    for (int only_v6 = 0; only_v6 <= 1; only_v6 += 1) {
        minato_address address, peer, plain;
        uint8_t any[16] = {0};
        int32_t listener = CHECK_DESCRIPTOR(minato_socket_open(AF_INET6, SOCK_STREAM, 0));
        CHECK_INT(minato_option_set_boolean(listener, IPPROTO_IPV6, IPV6_V6ONLY, only_v6 == 1), 0);
        minato_address_set_ipv6(&address, any, 0, 0, 0);
        CHECK_INT(minato_socket_bind(listener, &address), 0);
        CHECK_INT(minato_socket_listen(listener, -1), 0);
        CHECK_INT(minato_socket_local_address(listener, &address), 0);
        minato_address target = fixture_loopback((uint16_t)minato_address_port(&address));
        int32_t client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
        CHECK_INT(minato_socket_connect(client, &target, fixture_soon()), only_v6 ? -ECONNREFUSED : 0);
        if (!only_v6) {
            fixture_close(CHECK_DESCRIPTOR(minato_socket_accept(listener, 0, fixture_soon(), &peer)));
            CHECK_INT(minato_address_is_mapped(&peer, &plain), true);
            CHECK_INT(minato_socket_local_address(client, &target), 0);
            CHECK_INT(minato_address_compare(&plain, &target), 0);
        }
        fixture_close(client);
        fixture_close(listener);
    }
}

/// One that is connected: for the same address that is success, for another one the truth.
static void elsewhere(void) {
    minato_address here, there;
    int32_t listener = fixture_listener(4, &here), other = fixture_listener(4, &there);
    int32_t client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    // After one that did not stand at once Linux calls a second connect a success, whatever its address is.
    CHECK(minato_socket_start_connect(client, &here) >= 0);
    CHECK_INT(minato_socket_finish_connect(client, fixture_soon()), 0);
    CHECK_INT(minato_socket_start_connect(client, &there), -EISCONN);
    CHECK_INT(minato_socket_connect(client, &there, fixture_soon()), -EISCONN);
    minato_address peer, wildcard;
    static const uint8_t octets[4] = {0};
    minato_address_set_ipv4(&wildcard, octets, minato_address_port(&there));
    CHECK_INT(minato_socket_start_connect(client, &wildcard), -EISCONN);
    CHECK_INT(minato_socket_peer_address(client, &peer), 0);
    CHECK_INT(minato_address_compare(&peer, &here), 0);
    fixture_close(client);
    // Datagrams are sent to another address from then on.
    client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    for (int i = 0; i < 2; i += 1) {
        CHECK_INT(minato_socket_connect(client, i == 0 ? &here : &there, fixture_soon()), 0);
        CHECK_INT(minato_socket_peer_address(client, &peer), 0);
        CHECK_INT(minato_address_compare(&peer, i == 0 ? &here : &there), 0);
    }
    fixture_close(client);
    fixture_close(listener);
    fixture_close(other);
}

/// Connected, by an address that the peer's own is not quite: called again it is success all the same.
static void again(void) {
    minato_address any, there;
    int32_t listener = CHECK_DESCRIPTOR(minato_socket_open(AF_INET6, SOCK_STREAM, 0));
    CHECK_INT(minato_option_set_boolean(listener, IPPROTO_IPV6, IPV6_V6ONLY, false), 0);
    minato_address_set_ipv6(&any, (const uint8_t[16]){0}, 0, 0, 0);
    CHECK_INT(minato_socket_bind(listener, &any), 0);
    CHECK_INT(minato_socket_listen(listener, 16), 0);
    CHECK_INT(minato_socket_local_address(listener, &any), 0);
    uint16_t port = (uint16_t)minato_address_port(&any);
    const struct {
        const char *row;
        uint8_t octets[16];
        uint32_t scope, flow;
    } rows[] = {
        {"loopback", {[15] = 1}, 0, 0},
        {"a scope that is not needed", {[15] = 1}, (uint32_t)minato_interface_index("lo"), 0},
        {"a flow label", {[15] = 1}, 0, 5},
        {"wildcard", {0}, 0, 0},
        {"mapped", {[10] = 255, 255, 127, 0, 0, 1}, 0, 0},
        {"mapped wildcard", {[10] = 255, 255}, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        check_row(rows[i].row);
        minato_address_set_ipv6(&there, rows[i].octets, port, rows[i].scope, rows[i].flow);
        int32_t client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0));
        CHECK(minato_socket_start_connect(client, &there) >= 0);
        CHECK_INT(minato_wait(client, MINATO_WRITABLE, fixture_soon()), MINATO_WRITABLE);
        CHECK_INT(minato_socket_connect(client, &there, fixture_soon()), 0);
        minato_address_set_ipv6(&there, rows[i].octets, port ^ 1, rows[i].scope, rows[i].flow);
        CHECK_INT(minato_socket_connect(client, &there, fixture_soon()), -EISCONN);
        fixture_close(client);
    }
    check_row(NULL);
    fixture_close(listener);
}

const struct check_test connect_tests[] = {
    {"connect: refused", refused},
    {"connect: started", started},
    {"connect: full Unix backlog", full_unix_backlog},
    {"connect: interrupted, then finished", interrupted_then_finished},
    {"connect: dual stack", dual_stack},
    {"connect: elsewhere", elsewhere},
    {"connect: again", again},
    {0},
};
