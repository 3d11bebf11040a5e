#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

static void streams(void) {
    int32_t left, right;
    char buffer[8];
    fixture_tcp_pair(&left, &right);
    CHECK_INT(minato_socket_send(left, "hello", 5, 0, MINATO_NO_WAIT), 5);
    CHECK_INT(minato_socket_receive(right, buffer, 3, 0, fixture_soon()), 3);
    CHECK_INT(memcmp(buffer, "hel", 3), 0);
    CHECK_INT(minato_socket_receive(right, buffer, sizeof buffer, MSG_PEEK, fixture_soon()), 2);
    CHECK_INT(minato_socket_receive(right, buffer, sizeof buffer, 0, MINATO_NO_WAIT), 2);
    CHECK_INT(memcmp(buffer, "lo", 2), 0);
    CHECK_INT(minato_socket_send(left, "", 0, 0, MINATO_NO_WAIT), 0);
    // No sender's address on a stream.
    minato_address sender;
    memset(&sender, 1, sizeof sender);
    CHECK_INT(minato_socket_send(left, "x", 1, 0, MINATO_NO_WAIT), 1);
    CHECK_INT(minato_socket_receive_from(right, buffer, sizeof buffer, 0, &sender, fixture_soon()), 1);
    CHECK_INT(minato_address_family(&sender), AF_UNSPEC);
    // Half-closed: the end of the stream here, and data still from there.
    CHECK_INT(minato_socket_shutdown(left, SHUT_WR), 0);
    CHECK_INT(minato_socket_receive(right, buffer, sizeof buffer, 0, fixture_soon()), 0);
    CHECK_INT(minato_socket_receive(right, buffer, sizeof buffer, 0, MINATO_NO_WAIT), 0);
    CHECK_INT(minato_socket_send(right, "back", 4, 0, MINATO_NO_WAIT), 4);
    CHECK_INT(minato_socket_receive(left, buffer, sizeof buffer, 0, fixture_soon()), 4);
    CHECK_INT(minato_socket_shutdown(left, 99), -EINVAL);
    fixture_close(left);
    fixture_close(right);
    size_t sent = 99;
    CHECK_INT(minato_socket_send(-1, "x", 1, 0, MINATO_NO_WAIT), -EBADF);
    CHECK_INT(minato_socket_send_all(-1, "x", 1, 0, MINATO_NO_WAIT, &sent), -EBADF);
    CHECK_INT(sent, 0);
    CHECK_INT(minato_socket_receive(-1, buffer, 1, 0, MINATO_NO_WAIT), -EBADF);
    CHECK_INT(minato_socket_receive_from(-1, buffer, 1, 0, &sender, MINATO_NO_WAIT), -EBADF);
    CHECK_INT(minato_socket_shutdown(-1, SHUT_RD), -EBADF);
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_receive(descriptor, buffer, 1, 0, MINATO_NO_WAIT), -ENOTCONN);
    CHECK_INT(minato_socket_shutdown(descriptor, SHUT_WR), -ENOTCONN);
    fixture_close(descriptor);
}

static void datagrams(void) {
    static const int32_t families[] = {AF_INET, AF_INET6, AF_UNIX};
    for (size_t i = 0; i < 3; i += 1) {
        minato_address left_address, right_address, sender;
        char buffer[16];
        int32_t left = fixture_bound_datagram(families[i], &left_address);
        int32_t right = fixture_bound_datagram(families[i], &right_address);
        CHECK_INT(minato_socket_send_to(left, "datagram", 8, 0, &right_address, fixture_soon()), 8);
        CHECK_INT(minato_socket_receive_from(right, buffer, sizeof buffer, 0, &sender, fixture_soon()), 8);
        CHECK_INT(minato_address_compare(&sender, &left_address), 0);
        CHECK_INT(memcmp(&sender, &left_address, sizeof sender), 0);
        // An empty datagram is a datagram, and not the end.
        CHECK_INT(minato_socket_send_to(left, "", 0, 0, &right_address, fixture_soon()), 0);
        CHECK_INT(minato_socket_receive_from(right, buffer, sizeof buffer, 0, &sender, fixture_soon()), 0);
        CHECK_INT(minato_address_compare(&sender, &left_address), 0);
        CHECK_INT(minato_socket_receive(right, buffer, sizeof buffer, 0, MINATO_NO_WAIT), -EAGAIN);
        // Cut: the true length on request.
        for (int flags = 0; flags <= MSG_TRUNC; flags += MSG_TRUNC) {
            CHECK_INT(minato_socket_send_to(left, "datagram", 8, 0, &right_address, fixture_soon()), 8);
            CHECK_INT(minato_socket_receive(right, buffer, 3, flags, fixture_soon()), flags ? 8 : 3);
        }
        CHECK_INT(minato_socket_connect(left, &right_address, fixture_soon()), 0);
        size_t sent = 99;
        CHECK_INT(minato_socket_send_all(left, "", 0, 0, fixture_soon(), &sent), 0);
        CHECK_INT(sent, 0);
        CHECK_INT(minato_socket_receive(right, buffer, sizeof buffer, 0, fixture_soon()), 0);
        static char large[300000];
        CHECK_INT(minato_socket_send(left, large, sizeof large, 0, fixture_soon()), -EMSGSIZE);
        CHECK_INT(minato_socket_send(left, "still", 5, 0, fixture_soon()), 5);
        fixture_close(left);
        fixture_close(right);
    }
    // A sender without a name has none.
    minato_address address, sender;
    char byte;
    int32_t receiver = fixture_bound_datagram(AF_UNIX, &address);
    int32_t nameless = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_DGRAM, 0));
    CHECK_INT(minato_socket_send_to(nameless, "x", 1, 0, &address, fixture_soon()), 1);
    memset(&sender, 1, sizeof sender);
    CHECK_INT(minato_socket_receive_from(receiver, &byte, 1, 0, &sender, fixture_soon()), 1);
    CHECK_INT(minato_address_family(&sender), AF_UNSPEC);
    CHECK_INT(minato_socket_send_to(-1, "x", 1, 0, &address, MINATO_NO_WAIT), -EBADF);
    fixture_close(nameless);
    fixture_close(receiver);
    // Nobody there: the next call on a connected socket tells.
    receiver = fixture_bound_datagram(AF_INET, &address);
    fixture_close(receiver);
    int32_t client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    CHECK_INT(minato_socket_connect(client, &address, fixture_soon()), 0);
    CHECK_INT(minato_socket_send(client, "x", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_socket_receive(client, &byte, 1, 0, fixture_soon()), -ECONNREFUSED);
    fixture_close(client);
}

enum { LARGE = 4 << 20 };

struct sink {
    int32_t descriptor;
    size_t total;
    bool right;
};

static void *drain(void *argument) {
    struct sink *sink = argument;
    uint8_t buffer[65536];
    int64_t count;
    sink->right = true;
    while ((count = minato_socket_receive(sink->descriptor, buffer, sizeof buffer, 0, fixture_soon())) > 0) {
        for (int64_t i = 0; i < count; i += 1) sink->right &= buffer[i] == fixture_byte(sink->total + (size_t)i);
        sink->total += (size_t)count;
    }
    sink->right &= count == 0;
    return NULL;
}

/// Stopped in the middle by a deadline and by a signal, it says how much went, and goes on from there.
static void send_all_resumes(void) {
    uint8_t *bytes = malloc(LARGE);
    for (size_t i = 0; i < LARGE; i += 1) bytes[i] = fixture_byte(i);
    struct sink sink = {0};
    int32_t descriptor;
    size_t sent = 0, total = 0;
    fixture_tcp_pair(&descriptor, &sink.descriptor);
    // The kernel would let it grow until all finds room there.
    setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &(int){65536}, sizeof(int));
    CHECK_INT(minato_socket_send_all(descriptor, bytes, LARGE, 0, fixture_in(20), &sent), -ETIMEDOUT);
    CHECK(sent > 0 && sent < LARGE);
    total += sent;
    CHECK_INT(minato_socket_send_all(descriptor, bytes + total, LARGE - total, 0, MINATO_NO_WAIT, &sent), -EAGAIN);
    total += sent;
    fixture_start_signals();
    CHECK_INT(minato_socket_send_all(descriptor, bytes + total, LARGE - total, 0, fixture_soon(), &sent), -EINTR);
    fixture_stop_signals();
    total += sent;
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, drain, &sink), 0);
    CHECK_INT(minato_socket_send_all(descriptor, bytes + total, LARGE - total, 0, fixture_soon(), &sent), 0);
    CHECK_INT(total + sent, LARGE);
    fixture_close(descriptor);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(sink.total, LARGE);
    CHECK(sink.right);
    fixture_close(sink.descriptor);
    free(bytes);
}

static void *receive_one(void *argument) {
    char byte;
    *(int64_t *)argument = minato_socket_receive((int32_t) * (int64_t *)argument, &byte, 1, 0, fixture_soon());
    return NULL;
}

static void shutdown_wakes(void) {
    int32_t left, right;
    fixture_pair(SOCK_STREAM, &left, &right);
    pthread_t thread;
    int64_t exchange = left;
    CHECK_INT(pthread_create(&thread, NULL, receive_one, &exchange), 0);
    CHECK_INT(minato_socket_shutdown(left, SHUT_RDWR), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(exchange, 0);
    fixture_close(left);
    fixture_close(right);
}

static void dont_wait_in_flags(void) {
    int32_t left, right;
    char buffer[4];
    minato_address address, sender;
    const minato_buffer piece = {.base = buffer, .length = sizeof buffer};
    minato_datagram datagram;
    memset(&datagram, 0, sizeof datagram);
    datagram.buffer = piece;
    fixture_pair(SOCK_STREAM, &left, &right);
    fixture_fill(left, NULL);
    CHECK_INT(minato_socket_send(left, "x", 1, MSG_DONTWAIT, MINATO_NO_DEADLINE), -EAGAIN);
    CHECK_INT(minato_message_send(left, &piece, 1, NULL, NULL, MSG_DONTWAIT, MINATO_NO_DEADLINE), -EAGAIN);
    CHECK_INT(minato_message_send_batch(left, &datagram, 1, MSG_DONTWAIT, MINATO_NO_DEADLINE), -EAGAIN);
    CHECK_INT(minato_socket_receive(left, buffer, sizeof buffer, MSG_DONTWAIT, MINATO_NO_DEADLINE), -EAGAIN);
    CHECK_INT(
        minato_socket_receive_from(left, buffer, sizeof buffer, MSG_DONTWAIT, &sender, MINATO_NO_DEADLINE), -EAGAIN);
    CHECK_INT(minato_message_receive(left, &piece, 1, NULL, NULL, MSG_DONTWAIT, NULL, MINATO_NO_DEADLINE), -EAGAIN);
    CHECK_INT(minato_message_receive_batch(left, &datagram, 1, MSG_DONTWAIT, MINATO_NO_DEADLINE), -EAGAIN);
    fixture_close(left);
    fixture_close(right);
    // The queue of a Unix peer that the call names, which is waited for inside the call.
    right = fixture_bound_datagram(AF_UNIX, &address);
    left = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_DGRAM, 0));
    fixture_fill(left, &address);
    CHECK_INT(minato_socket_send_to(left, "x", 1, MSG_DONTWAIT, &address, MINATO_NO_DEADLINE), -EAGAIN);
    CHECK_INT(minato_message_send(left, &piece, 1, &address, NULL, MSG_DONTWAIT, MINATO_NO_DEADLINE), -EAGAIN);
    fixture_close(left);
    fixture_close(right);
}

/// Sends two pieces, the second when the peer says so.
static void *send_halves(void *argument) {
    int32_t descriptor = *(const int32_t *)argument;
    char go;
    CHECK_INT(minato_socket_send(descriptor, "abc", 3, 0, fixture_soon()), 3);
    CHECK_INT(minato_socket_receive(descriptor, &go, 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_socket_send(descriptor, "defgh", 5, 0, fixture_soon()), 5);
    return NULL;
}

static void wait_for_all(void) {
    int32_t left, right;
    char buffer[8];
    fixture_tcp_pair(&left, &right);
    pthread_t thread;
    CHECK_INT(pthread_create(&thread, NULL, send_halves, &left), 0);
    // The first half is there, and the rest comes only later.
    CHECK_INT(minato_socket_receive(right, buffer, 3, MSG_WAITALL | MSG_PEEK, fixture_soon()), 3);
    CHECK_INT(minato_socket_send(right, "g", 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_socket_receive(right, buffer, 6, MSG_WAITALL, fixture_soon()), 6);
    CHECK_INT(memcmp(buffer, "abcdef", 6), 0);
    CHECK_INT(pthread_join(thread, NULL), 0);
    // What has come by the deadline, or without waiting; nothing at all is the failure that it is.
    CHECK_INT(minato_socket_receive(right, buffer, 8, MSG_WAITALL, fixture_in(1)), 2);
    CHECK_INT(minato_socket_receive(right, buffer, 8, MSG_WAITALL, fixture_in(1)), -ETIMEDOUT);
    CHECK_INT(minato_socket_receive(right, buffer, 8, MSG_WAITALL | MSG_DONTWAIT, MINATO_NO_DEADLINE), -EAGAIN);
    // The end of the stream, behind the last bytes.
    CHECK_INT(minato_socket_send(left, "xyz", 3, 0, fixture_soon()), 3);
    fixture_close(left);
    CHECK_INT(minato_socket_receive(right, buffer, 8, MSG_WAITALL, fixture_soon()), 3);
    CHECK_INT(minato_socket_receive(right, buffer, 8, MSG_WAITALL, fixture_soon()), 0);
    fixture_close(right);
    // A datagram is whole as it is.
    fixture_pair(SOCK_DGRAM, &left, &right);
    for (int i = 0; i < 2; i += 1) CHECK_INT(minato_socket_send(left, "xyz", 3, 0, fixture_soon()), 3);
    for (int i = 0; i < 2; i += 1) {
        CHECK_INT(minato_socket_receive(right, buffer, 6, MSG_WAITALL, fixture_soon()), 3);
    }
    fixture_close(left);
    fixture_close(right);
}

/// For event loops: one system call, and no waiting.
static void once(void) {
    int32_t left, right;
    char buffer[8];
    fixture_pair(SOCK_STREAM, &left, &right);
    CHECK_INT(minato_socket_receive_once(right, buffer, sizeof buffer), -EAGAIN);
    CHECK_INT(minato_socket_send_once(left, "hello", 5), 5);
    CHECK_INT(minato_socket_receive_once(right, buffer, 3), 3);
    CHECK_INT(memcmp(buffer, "hel", 3), 0);
    CHECK_INT(minato_socket_receive_once(right, buffer, sizeof buffer), 2);
    CHECK_INT(memcmp(buffer, "lo", 2), 0);
    CHECK_INT(minato_socket_send_once(left, "", 0), 0);
    fixture_fill(left, NULL);
    CHECK_INT(minato_socket_send_once(left, "x", 1), -EAGAIN);
    fixture_close(left);
    while (minato_socket_receive_once(right, buffer, sizeof buffer) > 0) continue;
    CHECK_INT(minato_socket_receive_once(right, buffer, sizeof buffer), 0);
    // SIGPIPE would end this program.
    CHECK_INT(minato_socket_send_once(right, "x", 1), -EPIPE);
    fixture_close(right);
    CHECK_INT(minato_socket_send_once(-1, "x", 1), -EBADF);
    CHECK_INT(minato_socket_receive_once(-1, buffer, 1), -EBADF);
    // A datagram without bytes is one, and one that is cut is its beginning.
    fixture_pair(SOCK_DGRAM, &left, &right);
    CHECK_INT(minato_socket_send_once(left, "", 0), 0);
    CHECK_INT(minato_socket_send_once(left, "datagram", 8), 8);
    CHECK_INT(minato_socket_receive_once(right, buffer, sizeof buffer), 0);
    CHECK_INT(minato_socket_receive_once(right, buffer, 4), 4);
    CHECK_INT(memcmp(buffer, "data", 4), 0);
    CHECK_INT(minato_socket_receive_once(right, buffer, sizeof buffer), -EAGAIN);
    fixture_close(left);
    fixture_close(right);
}

const struct check_test transfer_tests[] = {
    {"transfer: streams", streams},
    {"transfer: datagrams", datagrams},
    {"transfer: send_all resumes", send_all_resumes},
    {"transfer: shutdown wakes", shutdown_wakes},
    {"transfer: MSG_DONTWAIT", dont_wait_in_flags},
    {"transfer: MSG_WAITALL", wait_for_all},
    {"transfer: once", once},
    {0},
};
