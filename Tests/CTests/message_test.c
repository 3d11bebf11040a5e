#define _GNU_SOURCE
#include "minato/message.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

static void scatter_and_gather(void) {
    int32_t left, right, flags = 99;
    char one[3], two[5], three[9];
    fixture_pair(SOCK_DGRAM, &left, &right);
    const minato_buffer out[] = {{"ab", 2}, {NULL, 0}, {"cdef", 4}};
    const minato_buffer in[] = {{one, 3}, {two, 5}};
    CHECK_INT(minato_message_send(left, out, 3, NULL, NULL, 0, fixture_soon()), 6);
    CHECK_INT(minato_message_receive(right, in, 2, NULL, NULL, 0, &flags, fixture_soon()), 6);
    CHECK_INT(flags, 0);
    CHECK_INT(memcmp(one, "abc", 3), 0);
    CHECK_INT(memcmp(two, "def", 3), 0);
    // Nothing at all is an empty datagram.
    CHECK_INT(minato_message_send(left, NULL, 0, NULL, NULL, 0, fixture_soon()), 0);
    CHECK_INT(minato_message_receive(right, in, 2, NULL, NULL, 0, &flags, fixture_soon()), 0);
    CHECK_INT(minato_message_receive(right, in, 2, NULL, NULL, 0, NULL, MINATO_NO_WAIT), -EAGAIN);
    // Cut, with the true length on request.
    for (int request = 0; request <= MSG_TRUNC; request += MSG_TRUNC) {
        CHECK_INT(minato_message_send(left, out, 3, NULL, NULL, 0, fixture_soon()), 6);
        CHECK_INT(minato_message_receive(right, in, 1, NULL, NULL, request, &flags, fixture_soon()), request ? 6 : 3);
        CHECK_INT(flags, MSG_TRUNC);
    }
    static minato_buffer many[IOV_MAX + 1];
    CHECK_INT(minato_message_send(left, many, IOV_MAX + 1, NULL, NULL, 0, fixture_soon()), -EMSGSIZE);
    CHECK_INT(minato_message_receive(right, many, IOV_MAX + 1, NULL, NULL, 0, NULL, MINATO_NO_WAIT), -EMSGSIZE);
    CHECK_INT(minato_message_send(left, many, IOV_MAX, NULL, NULL, 0, fixture_soon()), 0);
    fixture_close(left);
    fixture_close(right);
    CHECK_INT(minato_message_send(-1, out, 3, NULL, NULL, 0, MINATO_NO_WAIT), -EBADF);
    CHECK_INT(minato_message_receive(-1, in, 1, NULL, NULL, 0, NULL, MINATO_NO_WAIT), -EBADF);
    // The end of a stream.
    fixture_pair(SOCK_STREAM, &left, &right);
    fixture_close(left);
    const minato_buffer rest[] = {{three, 9}};
    CHECK_INT(minato_message_receive(right, rest, 1, NULL, NULL, 0, &flags, fixture_soon()), 0);
    fixture_close(right);
    // Whole messages end with MSG_EOR on SOCK_SEQPACKET.
    fixture_pair(SOCK_SEQPACKET, &left, &right);
    CHECK_INT(minato_message_send(left, out, 3, NULL, NULL, MSG_EOR, fixture_soon()), 6);
    CHECK_INT(minato_message_receive(right, rest, 1, NULL, NULL, 0, &flags, fixture_soon()), 6);
    CHECK((flags & ~MSG_EOR) == 0);
    fixture_close(left);
    fixture_close(right);
}

static void addresses(void) {
    static const int32_t families[] = {AF_INET, AF_INET6, AF_UNIX};
    for (size_t i = 0; i < 3; i += 1) {
        minato_address left_address, right_address, sender, empty;
        char byte;
        const minato_buffer out = {"x", 1}, in = {&byte, 1};
        int32_t left = fixture_bound_datagram(families[i], &left_address);
        int32_t right = fixture_bound_datagram(families[i], &right_address);
        CHECK_INT(minato_message_send(left, &out, 1, &right_address, NULL, 0, fixture_soon()), 1);
        CHECK_INT(minato_message_receive(right, &in, 1, &sender, NULL, 0, NULL, fixture_soon()), 1);
        CHECK_INT(memcmp(&sender, &left_address, sizeof sender), 0);
        // The empty address is the connected peer.
        memset(&empty, 0, sizeof empty);
        CHECK_INT(minato_socket_connect(left, &right_address, fixture_soon()), 0);
        CHECK_INT(minato_message_send(left, &out, 1, &empty, NULL, 0, fixture_soon()), 1);
        CHECK_INT(minato_message_receive(right, &in, 1, &sender, NULL, 0, NULL, fixture_soon()), 1);
        fixture_close(left);
        fixture_close(right);
    }
}

/// Sends `count` descriptors with one byte.
static void pass(int32_t socket, size_t count) {
    _Alignas(8) uint8_t memory[256];
    minato_control control = {memory, sizeof memory, 0};
    int32_t files[8] = {0};
    const minato_buffer out = {"x", 1};
    for (size_t i = 0; i < count; i += 1) files[i] = fixture_file(i + 1);
    CHECK_INT(minato_control_append_descriptors(&control, files, count), 0);
    CHECK_INT(minato_message_send(socket, &out, 1, NULL, &control, 0, fixture_soon()), 1);
    for (size_t i = 0; i < count; i += 1) fixture_close(files[i]);
}

/// Memory for so many descriptors, cut: what fits arrives, flagged, close-on-exec, and nothing is left open.
static void passing_descriptors(void) {
    static const struct {
        size_t passed, capacity;
        int32_t arrive, flags;
    } rows[] = {
        {1, CMSG_SPACE(4), 1, 0},
        {3, CMSG_SPACE(12), 3, 0},
        {3, CMSG_LEN(8), 2, MSG_CTRUNC},
        {3, CMSG_LEN(4), 1, MSG_CTRUNC},
        {3, CMSG_LEN(0), 0, MSG_CTRUNC},
        {2, 8, 0, MSG_CTRUNC},
        {8, CMSG_LEN(7 * 4), 7, MSG_CTRUNC},
        {2, 0, 0, MSG_CTRUNC},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        for (int by_hand = 0; by_hand <= 1; by_hand += 1) {
            int32_t left, right, flags = 0, descriptors[8];
            char byte = 0;
            const minato_buffer in = {&byte, 1};
            uint64_t *memory = malloc(rows[i].capacity + 8);
            minato_control control = {memory, rows[i].capacity, 99};
            fixture_pair(SOCK_STREAM, &left, &right);
            pass(left, rows[i].passed);
            CHECK_INT(minato_message_receive(right, &in, 1, NULL, &control, 0, &flags, fixture_soon()), 1);
            CHECK_INT(flags, rows[i].flags);
            CHECK(control.length <= control.capacity);
            if (by_hand) {
                minato_control_item item;
                size_t cursor = 0;
                int32_t count = 0;
                while (minato_control_next(&control, &cursor, &item) == 1) {
                    count += minato_control_descriptors(&item, descriptors, 8);
                }
                CHECK_INT(count, rows[i].arrive);
                for (int32_t j = 0; j < count; j += 1) {
                    CHECK_DESCRIPTOR(descriptors[j]);
                    CHECK_INT(lseek(descriptors[j], 0, SEEK_END), j + 1);
                    fixture_close(descriptors[j]);
                }
            } else {
                CHECK_INT(minato_control_close_descriptors(&control), rows[i].arrive);
            }
            fixture_close(left);
            fixture_close(right);
            free(memory);
        }
    }
    // Without ancillary memory the kernel drops them.
    int32_t left, right;
    char byte;
    const minato_buffer in = {&byte, 1};
    fixture_pair(SOCK_STREAM, &left, &right);
    pass(left, 2);
    CHECK_INT(minato_message_receive(right, &in, 1, NULL, NULL, 0, NULL, fixture_soon()), 1);
    pass(left, 2);
    CHECK_INT(minato_socket_receive(right, &byte, 1, 0, fixture_soon()), 1);
    fixture_close(left);
    fixture_close(right);
}

static void passing_credentials(void) {
    _Alignas(8) uint8_t memory[64];
    minato_control control = {memory, sizeof memory, 0};
    minato_credentials own = {getpid(), getuid(), getgid()}, received = {0};
    int32_t left, right;
    char byte;
    const minato_buffer out = {"x", 1}, in = {&byte, 1};
    fixture_pair(SOCK_DGRAM, &left, &right);
    CHECK_INT(minato_option_set_boolean(right, SOL_SOCKET, SO_PASSCRED, true), 0);
    CHECK_INT(minato_control_append_credentials(&control, &own), 0);
    CHECK_INT(minato_message_send(left, &out, 1, NULL, &control, 0, fixture_soon()), 1);
    control.length = 0;
    CHECK_INT(minato_message_receive(right, &in, 1, NULL, &control, 0, NULL, fixture_soon()), 1);
    minato_control_item item;
    size_t cursor = 0;
    CHECK_INT(minato_control_next(&control, &cursor, &item), 1);
    CHECK_INT(minato_control_credentials(&item, &received), 0);
    CHECK_INT(memcmp(&own, &received, sizeof own), 0);
    // Cut by too little memory.
    CHECK_INT(minato_message_send(left, &out, 1, NULL, NULL, 0, fixture_soon()), 1);
    int32_t flags = 0;
    control.capacity = CMSG_LEN(4);
    CHECK_INT(minato_message_receive(right, &in, 1, NULL, &control, 0, &flags, fixture_soon()), 1);
    CHECK_INT(flags, MSG_CTRUNC);
    cursor = 0;
    CHECK_INT(minato_control_next(&control, &cursor, &item), 1);
    CHECK_INT(minato_control_credentials(&item, &received), -EINVAL);
    fixture_close(left);
    fixture_close(right);
}

/// A reply leaves from the address that was asked, which is not the default one.
static void packet_info(void) {
    minato_address address, sender, client_address;
    char byte;
    const minato_buffer out = {"x", 1}, in = {&byte, 1};
    _Alignas(8) uint8_t memory[64];
    minato_control control = {memory, sizeof memory, 0};
    minato_control_item item;
    minato_packet_info info;
    size_t cursor = 0;
    CHECK_INT(minato_address_parse(&address, "0.0.0.0:0", 9), 0);
    int32_t server = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    CHECK_INT(minato_socket_bind(server, &address), 0);
    CHECK_INT(minato_option_set_boolean(server, IPPROTO_IP, IP_PKTINFO, true), 0);
    CHECK_INT(minato_socket_local_address(server, &address), 0);
    int32_t client = fixture_bound_datagram(AF_INET, &client_address);
    minato_address_set_ipv4(&address, (const uint8_t[]){127, 0, 0, 77}, (uint16_t)minato_address_port(&address));
    CHECK_INT(minato_message_send(client, &out, 1, &address, NULL, 0, fixture_soon()), 1);
    CHECK_INT(minato_message_receive(server, &in, 1, &sender, &control, 0, NULL, fixture_soon()), 1);
    CHECK_INT(minato_control_next(&control, &cursor, &item), 1);
    CHECK_INT(minato_control_packet_info(&item, &info), 0);
    CHECK(info.interface_index > 0);
    CHECK_INT(minato_address_port(&info.address), 0);
    minato_address expected = address;
    minato_address_set_port(&expected, 0);
    CHECK_INT(minato_address_compare(&info.address, &expected), 0);
    control.length = 0;
    CHECK_INT(minato_control_append_packet_info(&control, &info), 0);
    CHECK_INT(minato_message_send(server, &out, 1, &sender, &control, 0, fixture_soon()), 1);
    CHECK_INT(minato_socket_receive_from(client, &byte, 1, 0, &sender, fixture_soon()), 1);
    CHECK_INT(minato_address_compare(&sender, &address), 0);
    fixture_close(client);
    fixture_close(server);
}

/// One large buffer leaves as datagrams of the segment size.
static void segments(void) {
    minato_address address;
    _Alignas(8) uint8_t memory[32];
    static char bytes[2500];
    const minato_buffer out = {bytes, sizeof bytes};
    minato_control control = {memory, sizeof memory, 0};
    int32_t receiver = fixture_bound_datagram(AF_INET, &address);
    int32_t sender = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    CHECK_INT(minato_control_append_segment_size(&control, 1000), 0);
    CHECK_INT(minato_message_send(sender, &out, 1, &address, &control, 0, fixture_soon()), sizeof bytes);
    static const int64_t lengths[] = {1000, 1000, 500};
    for (int i = 0; i < 3; i += 1) {
        CHECK_INT(minato_socket_receive(receiver, bytes, sizeof bytes, 0, fixture_soon()), lengths[i]);
    }
    fixture_close(sender);
    fixture_close(receiver);
}

const struct check_test message_tests[] = {
    {"message: scatter and gather", scatter_and_gather},
    {"message: addresses", addresses},
    {"message: passing descriptors", passing_descriptors},
    {"message: passing credentials", passing_credentials},
    {"message: packet info", packet_info},
    {"message: segments", segments},
    {0},
};
