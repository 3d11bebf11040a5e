#define _GNU_SOURCE
#include "minato/option.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

static void integers(void) {
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    int32_t value = 99;
    bool on = true;
    CHECK_INT(minato_option_get_integer(descriptor, SOL_SOCKET, SO_TYPE, &value), 0);
    CHECK_INT(value, SOCK_STREAM);
    CHECK_INT(minato_option_set_integer(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 77), 0);
    CHECK_INT(minato_option_get_integer(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &value), 0);
    CHECK_INT(value, 77);
    CHECK_INT(minato_option_get_boolean(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on), 0);
    CHECK_INT(on, false);
    CHECK_INT(minato_option_set_boolean(descriptor, SOL_SOCKET, SO_KEEPALIVE, true), 0);
    CHECK_INT(minato_option_get_boolean(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on), 0);
    CHECK_INT(on, true);
    // More than one bit is on, too.
    CHECK_INT(minato_option_get_boolean(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &on), 0);
    CHECK_INT(on, true);
    CHECK_INT(minato_option_set_boolean(descriptor, SOL_SOCKET, SO_KEEPALIVE, false), 0);
    CHECK_INT(minato_option_get_boolean(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on), 0);
    CHECK_INT(on, false);
    value = 99;
    CHECK_INT(minato_option_get_integer(descriptor, SOL_SOCKET, 4711, &value), -ENOPROTOOPT);
    CHECK_INT(minato_option_get_boolean(descriptor, SOL_SOCKET, 4711, &on), -ENOPROTOOPT);
    CHECK_INT(minato_option_set_integer(descriptor, SOL_SOCKET, 4711, 1), -ENOPROTOOPT);
    CHECK_INT(minato_option_set_integer(-1, SOL_SOCKET, SO_KEEPALIVE, 1), -EBADF);
    CHECK_INT(minato_option_get_integer(-1, SOL_SOCKET, SO_KEEPALIVE, &value), -EBADF);
    // No number at all: the name of no interface, which has no bytes.
    CHECK_INT(minato_option_get_integer(descriptor, SOL_SOCKET, SO_BINDTODEVICE, &value), -EINVAL);
    CHECK_INT(value, 99);
    fixture_close(descriptor);
}

static void durations(void) {
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    const int64_t tick = 10000000;
    static const struct {
        int64_t nanoseconds, least;
    } rows[] = {
        {0, 0},
        {1, 1000},
        {999, 1000},
        {1001, 2000},
        {1500000000, 1500000000},
        {999999999, 1000000000},
        {1000000000000000, 1000000000000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        int64_t value = -1;
        CHECK_INT(minato_option_set_duration(descriptor, SOL_SOCKET, SO_RCVTIMEO, rows[i].nanoseconds), 0);
        CHECK_INT(minato_option_get_duration(descriptor, SOL_SOCKET, SO_RCVTIMEO, &value), 0);
        // The kernel rounds up to its ticks.
        CHECK(value >= rows[i].least && value <= rows[i].least + tick);
        CHECK_INT(value == 0, rows[i].nanoseconds == 0);
    }
    int64_t value = -1;
    CHECK_INT(minato_option_set_duration(descriptor, SOL_SOCKET, SO_SNDTIMEO, MINATO_NO_DEADLINE), 0);
    CHECK_INT(minato_option_get_duration(descriptor, SOL_SOCKET, SO_SNDTIMEO, &value), 0);
    CHECK_INT(value, 0);
    CHECK_INT(minato_option_set_duration(descriptor, SOL_SOCKET, SO_SNDTIMEO, MINATO_NO_DEADLINE - 1), 0);
    CHECK_INT(minato_option_get_duration(descriptor, SOL_SOCKET, SO_SNDTIMEO, &value), 0);
    CHECK(value >= 0);
    CHECK_INT(minato_option_set_duration(descriptor, SOL_SOCKET, SO_SNDTIMEO, -1), -EINVAL);
    CHECK_INT(minato_option_set_duration(descriptor, SOL_SOCKET, SO_SNDTIMEO, INT64_MIN), -EINVAL);
    CHECK_INT(minato_option_set_duration(-1, SOL_SOCKET, SO_SNDTIMEO, 1), -EBADF);
    CHECK_INT(minato_option_get_duration(-1, SOL_SOCKET, SO_SNDTIMEO, &value), -EBADF);
    // An option of another size is not taken for a duration.
    CHECK_INT(minato_option_get_duration(descriptor, SOL_SOCKET, SO_TYPE, &value), -EINVAL);
    fixture_close(descriptor);
}

static void linger(void) {
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    bool on = true;
    int32_t seconds = 99;
    CHECK_INT(minato_option_get_linger(descriptor, &on, &seconds), 0);
    CHECK_INT(on, false);
    CHECK_INT(minato_option_set_linger(descriptor, true, 5), 0);
    CHECK_INT(minato_option_get_linger(descriptor, &on, &seconds), 0);
    CHECK_INT(on, true);
    CHECK_INT(seconds, 5);
    CHECK_INT(minato_option_set_linger(descriptor, true, -1), -EINVAL);
    CHECK_INT(minato_option_set_linger(descriptor, false, 0), 0);
    CHECK_INT(minato_option_get_linger(descriptor, &on, &seconds), 0);
    CHECK_INT(on, false);
    CHECK_INT(minato_option_set_linger(-1, true, 0), -EBADF);
    CHECK_INT(minato_option_get_linger(-1, &on, &seconds), -EBADF);
    fixture_close(descriptor);

    // On with 0 seconds: closing resets the connection.
    int32_t client, server;
    uint8_t byte;
    fixture_tcp_pair(&client, &server);
    CHECK_INT(minato_option_set_linger(client, true, 0), 0);
    fixture_close(client);
    CHECK_INT(minato_socket_receive(server, &byte, 1, 0, fixture_soon()), -ECONNRESET);
    fixture_close(server);
}

static void bytes(void) {
    int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_STREAM, 0));
    char name[16] = "###############";
    CHECK_INT(minato_option_get_bytes(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, sizeof name), 16);
    CHECK_INT(minato_option_get_bytes(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, 2), 2);
    CHECK_INT(minato_option_set_bytes(descriptor, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
    CHECK(minato_option_get_bytes(descriptor, IPPROTO_TCP, TCP_CONGESTION, name, sizeof name) >= 4);
    CHECK_TEXT(name, "reno");
    struct timeval time = {0};
    CHECK_INT(minato_option_get_bytes(descriptor, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time), sizeof time);
    CHECK_INT(minato_option_set_bytes(descriptor, SOL_SOCKET, SO_KEEPALIVE, "", SIZE_MAX), -EINVAL);
    // Cut to 32 bits this would be 4.
    CHECK_INT(minato_option_set_bytes(descriptor, SOL_SOCKET, SO_KEEPALIVE, name, ((size_t)1 << 32) + 4), -EINVAL);
    CHECK_INT(minato_option_set_bytes(descriptor, SOL_SOCKET, SO_KEEPALIVE, NULL, 0), -EINVAL);
    CHECK_INT(minato_option_set_bytes(descriptor, SOL_SOCKET, SO_KEEPALIVE, NULL, 4), -EFAULT);
    CHECK_INT(minato_option_set_bytes(-1, SOL_SOCKET, SO_KEEPALIVE, name, 4), -EBADF);
    CHECK_INT(minato_option_get_bytes(-1, SOL_SOCKET, SO_KEEPALIVE, name, 4), -EBADF);
    CHECK_INT(minato_option_get_bytes(descriptor, SOL_SOCKET, 4711, name, 4), -ENOPROTOOPT);
    fixture_close(descriptor);
}

static void groups(void) {
    static const char *const texts[] = {"239.255.77.77:0", "[ff02::7777]:0"};
    static const char *const sources[] = {"127.0.0.1:0", "[::1]:0"};
    static const char *const others[] = {"127.0.0.2:0", "[2001:db8::2]:0"};
    uint32_t loopback = if_nametoindex("lo");
    minato_address local;
    minato_address_set_unix_unnamed(&local);
    for (int i = 0; i < 2; i += 1) {
        int32_t family = i == 0 ? AF_INET : AF_INET6;
        minato_address group, source, other;
        check_row(texts[i]);
        CHECK_INT(minato_address_parse(&group, texts[i], strlen(texts[i])), 0);
        CHECK_INT(minato_address_parse(&source, sources[i], strlen(sources[i])), 0);
        CHECK_INT(minato_address_parse(&other, others[i], strlen(others[i])), 0);
        int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(family, SOCK_DGRAM, 0));
        CHECK_INT(minato_option_leave_group(descriptor, &group, NULL, loopback), -EADDRNOTAVAIL);
        CHECK_INT(minato_option_join_group(descriptor, &group, NULL, loopback), 0);
        CHECK_INT(minato_option_join_group(descriptor, &group, NULL, loopback), -EADDRINUSE);
        CHECK_INT(minato_option_leave_group(descriptor, &group, NULL, loopback), 0);
        CHECK_INT(minato_option_leave_group(descriptor, &group, NULL, loopback), -EADDRNOTAVAIL);
        CHECK_INT(minato_option_join_group(descriptor, &group, &source, loopback), 0);
        CHECK_INT(minato_option_join_group(descriptor, &group, &other, loopback), 0);
        // Leaving one sender's datagrams keeps the other's.
        CHECK_INT(minato_option_leave_group(descriptor, &group, &source, loopback), 0);
        CHECK_INT(minato_option_leave_group(descriptor, &group, &other, loopback), 0);
        CHECK(minato_option_leave_group(descriptor, &group, &source, loopback) < 0);
        CHECK_INT(minato_option_join_group(descriptor, &group, NULL, 0x7ffffffe), -ENODEV);
        CHECK_INT(minato_option_join_group(descriptor, &local, NULL, 0), -EAFNOSUPPORT);
        CHECK_INT(minato_option_leave_group(descriptor, &local, NULL, 0), -EAFNOSUPPORT);
        CHECK_INT(minato_option_join_group(descriptor, &group, &local, 0), -EAFNOSUPPORT);
        CHECK_INT(minato_option_join_group(descriptor, &source, NULL, loopback), -EINVAL);
        CHECK_INT(minato_option_join_group(-1, &group, NULL, 0), -EBADF);
        fixture_close(descriptor);
    }
    check_row(NULL);
}

static void multicast(void) {
    static const struct {
        int32_t family, level, hops, loop, interface;
    } rows[] = {
        {AF_INET, IPPROTO_IP, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, 0},
        {AF_INET6, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_MULTICAST_IF},
    };
    uint32_t loopback = if_nametoindex("lo");
    for (size_t i = 0; i < 2; i += 1) {
        int32_t family = rows[i].family, value = 99;
        int32_t descriptor = CHECK_DESCRIPTOR(minato_socket_open(family, SOCK_DGRAM, 0));
        static const int32_t hops[] = {0, 7, 255};
        for (size_t j = 0; j < 3; j += 1) {
            CHECK_INT(minato_option_set_multicast_hops(descriptor, family, hops[j]), 0);
            CHECK_INT(minato_option_get_integer(descriptor, rows[i].level, rows[i].hops, &value), 0);
            CHECK_INT(value, hops[j]);
        }
        CHECK_INT(minato_option_set_multicast_hops(descriptor, family, -1), -EINVAL);
        CHECK_INT(minato_option_set_multicast_hops(descriptor, family, 256), -EINVAL);
        CHECK_INT(minato_option_set_multicast_hops(descriptor, AF_UNIX, 1), -EAFNOSUPPORT);
        for (int loop = 0; loop <= 1; loop += 1) {
            CHECK_INT(minato_option_set_multicast_loop(descriptor, family, loop == 1), 0);
            CHECK_INT(minato_option_get_integer(descriptor, rows[i].level, rows[i].loop, &value), 0);
            CHECK_INT(value, loop);
        }
        CHECK_INT(minato_option_set_multicast_loop(descriptor, AF_UNIX, true), -EAFNOSUPPORT);
        CHECK_INT(minato_option_set_multicast_interface(descriptor, family, loopback), 0);
        if (rows[i].interface != 0) {
            CHECK_INT(minato_option_get_integer(descriptor, rows[i].level, rows[i].interface, &value), 0);
            CHECK_INT(value, loopback);
        }
        CHECK_INT(minato_option_set_multicast_interface(descriptor, family, 0), 0);
        CHECK_INT(minato_option_set_multicast_interface(descriptor, family, UINT32_MAX), -ENODEV);
        CHECK_INT(minato_option_set_multicast_interface(descriptor, AF_UNIX, loopback), -EAFNOSUPPORT);
        fixture_close(descriptor);
    }
}

static void multicast_arrives(void) {
    uint32_t loopback = if_nametoindex("lo");
    minato_address address, group;
    CHECK_INT(minato_address_parse(&address, "0.0.0.0:0", 9), 0);
    int32_t receiver = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    CHECK_INT(minato_socket_bind(receiver, &address), 0);
    CHECK_INT(minato_socket_local_address(receiver, &address), 0);
    CHECK_INT(minato_address_parse(&group, "239.255.77.78:0", 15), 0);
    CHECK_INT(minato_address_set_port(&group, (uint16_t)minato_address_port(&address)), 0);
    CHECK_INT(minato_option_join_group(receiver, &group, NULL, loopback), 0);
    int32_t sender = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    CHECK_INT(minato_option_set_multicast_interface(sender, AF_INET, loopback), 0);
    CHECK_INT(minato_socket_send_to(sender, "hello", 5, 0, &group, fixture_soon()), 5);
    char buffer[16];
    CHECK_INT(minato_socket_receive(receiver, buffer, sizeof buffer, 0, fixture_soon()), 5);
    CHECK_INT(memcmp(buffer, "hello", 5), 0);
    fixture_close(sender);
    fixture_close(receiver);
}

const struct check_test option_tests[] = {
    {"option: integers and booleans", integers},
    {"option: durations", durations},
    {"option: linger", linger},
    {"option: bytes", bytes},
    {"option: multicast groups", groups},
    {"option: multicast sending", multicast},
    {"option: multicast arrives", multicast_arrives},
    {0},
};
