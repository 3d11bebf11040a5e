#define _GNU_SOURCE
#include "minato/sigpipe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

/// SIGPIPE is neither blocked nor pending: had one been raised in a call, the program would be dead.
static void check_untouched(void) {
    sigset_t set;
    CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
    CHECK_INT(sigismember(&set, SIGPIPE), 0);
    CHECK_INT(sigpending(&set), 0);
    CHECK_INT(sigismember(&set, SIGPIPE), 0);
}

static int64_t send_some(int32_t descriptor) {
    return minato_socket_send(descriptor, "x", 1, 0, fixture_soon());
}

static int64_t send_all(int32_t descriptor) {
    size_t sent;
    return minato_socket_send_all(descriptor, "x", 1, 0, fixture_soon(), &sent);
}

static int64_t send_message(int32_t descriptor) {
    minato_buffer buffer = {"x", 1};
    return minato_message_send(descriptor, &buffer, 1, NULL, NULL, 0, fixture_soon());
}

static int64_t send_batch(int32_t descriptor) {
    minato_datagram datagram;
    memset(&datagram, 0, sizeof datagram);
    datagram.buffer = (minato_buffer){"x", 1};
    return minato_message_send_batch(descriptor, &datagram, 1, 0, fixture_soon());
}

static int64_t send_file(int32_t descriptor) {
    int32_t file = fixture_file(10);
    uint64_t sent;
    int64_t result = minato_socket_send_file(descriptor, file, 0, 10, fixture_soon(), &sent);
    CHECK_INT(sent, 0);
    fixture_close(file);
    return result;
}

static const struct {
    const char *row;
    int64_t (*call)(int32_t descriptor);
} calls[] = {
    {"send", send_some},        {"send_all", send_all},   {"message_send", send_message},
    {"send_batch", send_batch}, {"send_file", send_file},
};

static void closed_peers(void) {
    static const int32_t types[] = {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM};
    for (size_t type = 0; type < 3; type += 1) {
        for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i += 1) {
            int32_t left, right;
            check_row(calls[i].row);
            fixture_pair(types[type], &left, &right);
            fixture_close(right);
            int64_t result = calls[i].call(left);
            if (types[type] == SOCK_DGRAM) {
                CHECK(result == -EPIPE || result == -ECONNREFUSED || result == -ENOTCONN);
            } else {
                CHECK_INT(result, -EPIPE);
            }
            check_untouched();
            fixture_close(left);
        }
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i += 1) {
        int32_t client, server;
        check_row(calls[i].row);
        fixture_tcp_pair(&client, &server);
        CHECK_INT(minato_socket_shutdown(client, SHUT_WR), 0);
        CHECK_INT(calls[i].call(client), -EPIPE);
        check_untouched();
        fixture_close(client);
        fixture_close(server);
    }
    check_row(NULL);
}

static void closed_datagram_peer(void) {
    minato_address address;
    int32_t receiver = fixture_bound_datagram(AF_UNIX, &address);
    int32_t sender = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_DGRAM, 0));
    CHECK_INT(minato_socket_send_to(sender, "x", 1, 0, &address, fixture_soon()), 1);
    CHECK_INT(minato_socket_shutdown(receiver, SHUT_RD), 0);
    CHECK_INT(minato_socket_send_to(sender, "x", 1, 0, &address, fixture_soon()), -EPIPE);
    check_untouched();
    fixture_close(receiver);
    CHECK_INT(minato_socket_send_to(sender, "x", 1, 0, &address, fixture_soon()), -ECONNREFUSED);
    check_untouched();
    fixture_close(sender);
}

static void guard(void) {
    int32_t left, right;
    minato_sigpipe_guard outer, inner;
    sigset_t set;
    fixture_pair(SOCK_STREAM, &left, &right);
    fixture_close(right);
    minato_sigpipe_begin(&outer);
    CHECK_INT(write(left, "x", 1), -1);
    // One that was pending before the inner pair stays until the outer one ends.
    minato_sigpipe_begin(&inner);
    CHECK_INT(write(left, "x", 1), -1);
    minato_sigpipe_end(&inner);
    CHECK_INT(sigpending(&set), 0);
    CHECK_INT(sigismember(&set, SIGPIPE), 1);
    CHECK_INT(pthread_sigmask(SIG_SETMASK, NULL, &set), 0);
    CHECK_INT(sigismember(&set, SIGPIPE), 1);
    CHECK_INT(send_file(left), -EPIPE);
    CHECK_INT(sigpending(&set), 0);
    CHECK_INT(sigismember(&set, SIGPIPE), 1);
    minato_sigpipe_end(&outer);
    check_untouched();
    fixture_close(left);
}

const struct check_test sigpipe_tests[] = {
    {"SIGPIPE: closed peers", closed_peers},
    {"SIGPIPE: closed datagram peer", closed_datagram_peer},
    {"SIGPIPE: guard", guard},
    {0},
};
