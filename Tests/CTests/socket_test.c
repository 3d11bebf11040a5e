#define _GNU_SOURCE
#include "minato/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

static void open_and_inspect(void) {
    static const struct {
        int32_t family, type, protocol, filled_in;
    } rows[] = {
        {AF_INET, SOCK_STREAM, 0, IPPROTO_TCP},
        {AF_INET, SOCK_DGRAM, 0, IPPROTO_UDP},
        {AF_INET6, SOCK_STREAM, 0, IPPROTO_TCP},
        {AF_INET6, SOCK_DGRAM, IPPROTO_UDP, IPPROTO_UDP},
        {AF_UNIX, SOCK_STREAM, 0, 0},
        {AF_UNIX, SOCK_DGRAM, 0, 0},
        {AF_UNIX, SOCK_SEQPACKET, 0, 0},
    };
    minato_socket_info info;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        for (int nonblocking = 0; nonblocking <= 1; nonblocking += 1) {
            int32_t type = rows[i].type | (nonblocking ? SOCK_NONBLOCK : 0);
            int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(rows[i].family, type, rows[i].protocol));
            CHECK_INT(minato_socket_is_blocking(descriptor), !nonblocking);
            CHECK_INT(minato_socket_inspect(descriptor, &info), 0);
            CHECK_INT(info.family, rows[i].family);
            CHECK_INT(info.type, rows[i].type);
            CHECK_INT(info.protocol, rows[i].filled_in);
            CHECK_INT(info.listening, 0);
            fixture_close(descriptor);
        }
    }
    CHECK_INT(minato_socket_open(12345, SOCK_STREAM, 0), -EAFNOSUPPORT);
    CHECK_INT(minato_socket_open(AF_INET, SOCK_STREAM, IPPROTO_UDP), -EPROTONOSUPPORT);
    CHECK_INT(minato_socket_open(AF_UNIX, SOCK_STREAM, 99), -EPROTONOSUPPORT);
    minato_address address;
    int32_t listener = fixture_listener(1, &address);
    CHECK_INT(minato_socket_inspect(listener, &info), 0);
    CHECK_INT(info.listening, 1);
    fixture_close(listener);
    int32_t file = fixture_file(1);
    CHECK_INT(minato_socket_inspect(file, &info), -ENOTSOCK);
    fixture_close(file);
    CHECK_INT(minato_socket_inspect(-1, &info), -EBADF);
}

static void pairs(void) {
    static const int32_t types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (size_t i = 0; i < 3; i += 1) {
        int32_t left, right;
        char byte = 0;
        fixture_pair(types[i], &left, &right);
        CHECK_INT(minato_socket_send(left, "x", 1, 0, fixture_soon()), 1);
        CHECK_INT(minato_socket_receive(right, &byte, 1, 0, fixture_soon()), 1);
        CHECK_INT(byte, 'x');
        fixture_close(left);
        fixture_close(right);
    }
    int32_t descriptors[2];
    CHECK_INT(minato_socket_pair(AF_INET, SOCK_STREAM, 0, descriptors), -EOPNOTSUPP);
}

static void close_once(void) {
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_close(descriptor), 0);
    CHECK_INT(minato_socket_close(descriptor), -EBADF);
    CHECK_INT(minato_socket_close(-1), -EBADF);
}

static void modes(void) {
    int32_t left, right;
    fixture_pair(SOCK_STREAM, &left, &right);
    int32_t copy = CHECK_DESCRIPTOR(minato_socket_duplicate(left));
    CHECK(copy != left);
    CHECK_INT(minato_socket_is_blocking(left), 1);
    CHECK_INT(minato_socket_set_blocking(left, false), 0);
    CHECK_INT(minato_socket_is_blocking(left), 0);
    // The mode belongs to the open file, inheritance to the descriptor.
    CHECK_INT(minato_socket_is_blocking(copy), 0);
    CHECK_INT(minato_socket_set_blocking(copy, true), 0);
    CHECK_INT(minato_socket_is_blocking(left), 1);
    CHECK_INT(minato_socket_is_inheritable(left), 0);
    CHECK_INT(minato_socket_set_inheritable(left, true), 0);
    CHECK_INT(minato_socket_is_inheritable(left), 1);
    CHECK_INT(minato_socket_is_inheritable(copy), 0);
    CHECK_INT(fcntl(left, F_GETFD), 0);
    CHECK_INT(minato_socket_set_inheritable(left, false), 0);
    CHECK_INT(fcntl(left, F_GETFD), FD_CLOEXEC);
    CHECK_INT(minato_socket_duplicate(-1), -EBADF);
    CHECK_INT(minato_socket_set_blocking(-1, true), -EBADF);
    CHECK_INT(minato_socket_is_blocking(-1), -EBADF);
    CHECK_INT(minato_socket_set_inheritable(-1, true), -EBADF);
    CHECK_INT(minato_socket_is_inheritable(-1), -EBADF);
    fixture_close(left);
    fixture_close(right);
    fixture_close(copy);
}

static void addresses(void) {
    minato_address local, peer, address;
    int32_t client, server;
    fixture_tcp_pair(&client, &server);
    CHECK_INT(minato_socket_local_address(client, &local), 0);
    CHECK_INT(minato_socket_peer_address(server, &peer), 0);
    CHECK_INT(minato_address_compare(&local, &peer), 0);
    CHECK(minato_address_port(&local) > 0);
    fixture_close(server);
    fixture_close(client);
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_peer_address(descriptor, &peer), -ENOTCONN);
    fixture_close(descriptor);
    CHECK_INT(minato_socket_local_address(-1, &local), -EBADF);
    CHECK_INT(minato_socket_peer_address(-1, &local), -EBADF);

    fixture_pair(SOCK_STREAM, &client, &server);
    CHECK_INT(minato_socket_local_address(client, &local), 0);
    CHECK_INT(minato_address_unix_kind(&local), MINATO_UNIX_UNNAMED);
    CHECK_INT(minato_socket_peer_address(client, &peer), 0);
    CHECK_INT(minato_address_unix_kind(&peer), MINATO_UNIX_UNNAMED);
    fixture_close(client);
    fixture_close(server);

    // In use, not of this machine, not of this family.
    int32_t listener = fixture_listener(1, &address);
    descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    CHECK_INT(minato_socket_bind(descriptor, &address), -EADDRINUSE);
    minato_address_set_ipv4(&address, (const uint8_t[]){192, 0, 2, 1}, 0);
    CHECK_INT(minato_socket_bind(descriptor, &address), -EADDRNOTAVAIL);
    minato_address_set_unix_unnamed(&address);
    CHECK(minato_socket_bind(descriptor, &address) < 0);
    CHECK_INT(minato_socket_listen(-1, 1), -EBADF);
    fixture_close(descriptor);
    fixture_close(listener);
}

/// What the kernel reports is the address that was bound, byte by byte.
static void unix_names(void) {
    char directory[] = "/tmp/minato-XXXXXX", path[108];
    CHECK(mkdtemp(directory) != NULL);
    int length = snprintf(path, sizeof path, "%s/", directory);
    memset(path + length, 's', sizeof path - (size_t)length);
    for (int kind = 0; kind < 3; kind += 1) {
        minato_address address, local;
        uint8_t name[MINATO_ADDRESS_UNIX_MAX];
        check_row(((const char *[]){"path of 107 bytes", "abstract of 107 bytes", "autobind"})[kind]);
        memset(name, 0, sizeof name);
        snprintf((char *)name, 32, "minato-%d", getpid());
        if (kind == 0) CHECK_INT(minato_address_set_unix_path(&address, path, 107), 0);
        if (kind == 1) CHECK_INT(minato_address_set_unix_abstract(&address, name, sizeof name), 0);
        if (kind == 2) minato_address_set_unix_unnamed(&address);
        int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_DGRAM, 0));
        CHECK_INT(minato_socket_bind(descriptor, &address), 0);
        CHECK_INT(minato_socket_local_address(descriptor, &local), 0);
        if (kind < 2) CHECK_INT(memcmp(&address, &local, sizeof local), 0);
        if (kind == 2) CHECK_INT(minato_address_unix_kind(&local), MINATO_UNIX_ABSTRACT);
        if (kind == 2) CHECK_INT(minato_address_unix_name(&local, name, sizeof name), 5);
        fixture_close(descriptor);
        path[107] = 0;
        if (kind == 0) CHECK_INT(unlink(path), 0);
    }

    // Another program binds a path of 108 bytes: it is shown whole and reached.
    check_row("path of 108 bytes");
    path[107] = 's';
    struct sockaddr_un longest = {.sun_family = AF_UNIX};
    memcpy(longest.sun_path, path, sizeof path);
    int32_t receiver = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_DGRAM, 0));
    CHECK_INT(bind(receiver, (struct sockaddr *)&longest, sizeof longest), 0);
    minato_address local;
    uint8_t name[MINATO_ADDRESS_UNIX_MAX + 1];
    CHECK_INT(minato_socket_local_address(receiver, &local), 0);
    CHECK_INT(minato_address_unix_name(&local, name, sizeof name), 108);
    CHECK_INT(memcmp(name, path, 108), 0);
    int32_t sender = CHECK_DESCRIPTOR(minato_socket_open(AF_UNIX, SOCK_DGRAM, 0));
    CHECK_INT(minato_socket_send_to(sender, "x", 1, 0, &local, fixture_soon()), 1);
    fixture_close(sender);
    fixture_close(receiver);
    char terminated[109] = {0};
    memcpy(terminated, path, sizeof path);
    CHECK_INT(unlink(terminated), 0);
    CHECK_INT(rmdir(directory), 0);
    check_row(NULL);
}

static void accept_gives(void) {
    minato_address address, peer, local;
    int32_t listener = fixture_listener(4, &address);
    for (int nonblocking = 0; nonblocking <= 1; nonblocking += 1) {
        for (int listener_mode = 0; listener_mode <= 1; listener_mode += 1) {
            CHECK_INT(minato_socket_set_blocking(listener, listener_mode == 0), 0);
            int32_t client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
            CHECK_INT(minato_socket_connect(client, &address, fixture_soon()), 0);
            int32_t server = CHECK_DESCRIPTOR(
                minato_socket_accept(listener, nonblocking ? SOCK_NONBLOCK : 0, fixture_soon(), &peer));
            CHECK_INT(minato_socket_is_blocking(server), !nonblocking);
            CHECK_INT(minato_socket_local_address(client, &local), 0);
            CHECK_INT(minato_address_compare(&local, &peer), 0);
            fixture_close(client);
            fixture_close(server);
        }
    }
    fixture_close(listener);
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    CHECK_INT(minato_socket_accept(descriptor, 0, MINATO_NO_WAIT, NULL), -EINVAL);
    fixture_close(descriptor);
    CHECK_INT(minato_socket_accept(-1, 0, MINATO_NO_WAIT, NULL), -EBADF);
}

/// As `accept_gives`, without any waiting, from a listener that does not block.
static void accept_once_gives(void) {
    minato_address address, peer, local;
    int32_t listener = fixture_listener(4, &address);
    CHECK_INT(minato_socket_set_blocking(listener, false), 0);
    CHECK_INT(minato_socket_accept_once(listener, 0, &peer), -EAGAIN);
    for (int nonblocking = 0; nonblocking <= 1; nonblocking += 1) {
        for (int with_peer = 0; with_peer <= 1; with_peer += 1) {
            int32_t client = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
            CHECK_INT(minato_socket_connect(client, &address, fixture_soon()), 0);
            memset(&peer, 0xff, sizeof peer);
            int32_t server = CHECK_DESCRIPTOR(
                minato_socket_accept_once(listener, nonblocking ? SOCK_NONBLOCK : 0, with_peer ? &peer : NULL));
            CHECK_INT(minato_socket_is_blocking(server), !nonblocking);
            CHECK_INT(minato_socket_local_address(client, &local), 0);
            if (with_peer) CHECK_INT(minato_address_compare(&local, &peer), 0);
            CHECK_INT(minato_socket_accept_once(listener, 0, NULL), -EAGAIN);
            fixture_close(client);
            fixture_close(server);
        }
    }
    fixture_close(listener);
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    CHECK_INT(minato_socket_accept_once(descriptor, 0, NULL), -EINVAL);
    fixture_close(descriptor);
    CHECK_INT(minato_socket_accept_once(-1, 0, NULL), -EBADF);
}

const struct check_test socket_tests[] = {
    {"socket: open and inspect", open_and_inspect},
    {"socket: pairs", pairs},
    {"socket: close", close_once},
    {"socket: modes", modes},
    {"socket: addresses", addresses},
    {"socket: Unix names", unix_names},
    {"socket: accept", accept_gives},
    {"socket: accept once", accept_once_gives},
    {0},
};
