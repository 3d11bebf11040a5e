#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

enum { COUNT = 100 };
static minato_datagram datagrams[COUNT];
static char bytes[COUNT][16];

static void prepare(size_t length, const minato_address *address) {
    memset(datagrams, 0, sizeof datagrams);
    for (size_t i = 0; i < COUNT; i += 1) {
        datagrams[i].buffer = (minato_buffer){bytes[i], length};
        if (address != NULL) datagrams[i].address = *address;
        memset(bytes[i], (int)i, sizeof bytes[i]);
    }
}

static void round_trip(void) {
    static const int32_t families[] = {AF_INET, AF_INET6, AF_UNIX};
    for (size_t family = 0; family < 3; family += 1) {
        minato_address left_address, right_address;
        int32_t left = fixture_bound_datagram(families[family], &left_address);
        int32_t right = fixture_bound_datagram(families[family], &right_address);
        // A Unix queue holds ten or so: batches of five.
        size_t total = 0;
        while (total < 20) {
            prepare(8, &right_address);
            int32_t sent = minato_message_send_batch(left, datagrams, 5, 0, fixture_soon());
            CHECK(sent >= 1 && sent <= 5);
            for (int32_t i = 0; i < sent; i += 1) CHECK_INT(datagrams[i].length, 8);
            for (int32_t got = 0; got < sent;) {
                prepare(16, NULL);
                int32_t received = minato_message_receive_batch(right, datagrams, COUNT, 0, fixture_soon());
                CHECK(received >= 1 && received <= sent - got);
                for (int32_t i = 0; i < received; i += 1) {
                    CHECK_INT(datagrams[i].length, 8);
                    CHECK_INT(datagrams[i].flags, 0);
                    CHECK_INT(bytes[i][0], got + i);
                    CHECK_INT(memcmp(&datagrams[i].address, &left_address, sizeof left_address), 0);
                    CHECK_INT(datagrams[i].control.length, 0);
                }
                got += received;
            }
            total += (size_t)sent;
        }
        fixture_close(left);
        fixture_close(right);
    }
}

static void limits(void) {
    minato_address address;
    int32_t receiver = fixture_bound_datagram(AF_INET, &address);
    int32_t sender = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    CHECK_INT(minato_message_send_batch(sender, datagrams, 0, 0, MINATO_NO_WAIT), 0);
    CHECK_INT(minato_message_receive_batch(receiver, datagrams, 0, 0, MINATO_NO_WAIT), 0);
    // No more than one batch at a time; the connected peer for an empty address.
    CHECK_INT(minato_socket_connect(sender, &address, fixture_soon()), 0);
    prepare(1, NULL);
    CHECK_INT(minato_message_send_batch(sender, datagrams, COUNT, 0, fixture_soon()), MINATO_BATCH_MAX);
    CHECK_INT(datagrams[MINATO_BATCH_MAX].length, 0);
    prepare(1, NULL);
    CHECK_INT(minato_message_receive_batch(receiver, datagrams, COUNT, 0, fixture_soon()), MINATO_BATCH_MAX);
    // Cut and empty datagrams.
    prepare(10, NULL);
    datagrams[1].buffer.length = 0;
    CHECK_INT(minato_message_send_batch(sender, datagrams, 3, 0, fixture_soon()), 3);
    prepare(4, NULL);
    CHECK_INT(minato_message_receive_batch(receiver, datagrams, 3, 0, fixture_soon()), 3);
    CHECK_INT(datagrams[0].length, 10);
    CHECK_INT(datagrams[0].flags, MSG_TRUNC);
    CHECK_INT(datagrams[1].length, 0);
    CHECK_INT(datagrams[1].flags, 0);
    CHECK_INT(datagrams[2].length, 10);
    fixture_close(sender);
    fixture_close(receiver);
    CHECK_INT(minato_message_send_batch(-1, datagrams, 1, 0, MINATO_NO_WAIT), -EBADF);
    CHECK_INT(minato_message_receive_batch(-1, datagrams, 1, 0, MINATO_NO_WAIT), -EBADF);
}

/// An error of a later datagram comes up when it is the first.
static void later_error(void) {
    minato_address address;
    static char large[100000];
    int32_t receiver = fixture_bound_datagram(AF_INET, &address);
    int32_t sender = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    prepare(1, &address);
    datagrams[2].buffer = (minato_buffer){large, sizeof large};
    CHECK_INT(minato_message_send_batch(sender, datagrams, 4, 0, fixture_soon()), 2);
    CHECK_INT(minato_message_send_batch(sender, datagrams + 2, 2, 0, fixture_soon()), -EMSGSIZE);
    CHECK_INT(minato_message_send_batch(sender, datagrams + 3, 1, 0, fixture_soon()), 1);
    fixture_close(sender);
    fixture_close(receiver);
}

static void ancillary(void) {
    _Alignas(8) static uint8_t memory[3][64];
    minato_address address;
    int32_t receiver = fixture_bound_datagram(AF_INET, &address);
    int32_t sender = CHECK_DESCRIPTOR(minato_socket_open(AF_INET, SOCK_DGRAM, 0));
    CHECK_INT(minato_option_set_boolean(receiver, IPPROTO_IP, IP_RECVTTL, true), 0);
    prepare(1, &address);
    static const int32_t ttls[] = {9, 8, 7};
    for (int i = 0; i < 3; i += 1) {
        datagrams[i].control = (minato_control){memory[i], sizeof memory[i], 0};
        CHECK_INT(minato_control_append(&datagrams[i].control, IPPROTO_IP, IP_TTL, &ttls[i], sizeof ttls[i]), 0);
    }
    CHECK_INT(minato_message_send_batch(sender, datagrams, 3, 0, fixture_soon()), 3);
    prepare(1, NULL);
    for (int i = 0; i < 2; i += 1) datagrams[i].control = (minato_control){memory[i], sizeof memory[i], 0};
    CHECK_INT(minato_message_receive_batch(receiver, datagrams, 3, 0, fixture_soon()), 3);
    for (int i = 0; i < 2; i += 1) {
        minato_control_item item;
        size_t cursor = 0;
        int32_t ttl = 0;
        CHECK_INT(minato_control_next(&datagrams[i].control, &cursor, &item), 1);
        CHECK_INT(item.type, IP_TTL);
        CHECK_INT(minato_control_integer(&item, &ttl), 0);
        CHECK_INT(ttl, ttls[i]);
        CHECK_INT(datagrams[i].flags, 0);
    }
    CHECK_INT(datagrams[2].flags, MSG_CTRUNC);
    CHECK_INT(datagrams[2].control.length, 0);
    fixture_close(sender);
    fixture_close(receiver);

    // Descriptors that arrive are close-on-exec.
    int32_t left, right, file = fixture_file(1), got[2];
    fixture_pair(SOCK_DGRAM, &left, &right);
    prepare(1, NULL);
    datagrams[0].control = (minato_control){memory[0], sizeof memory[0], 0};
    CHECK_INT(minato_control_append_descriptors(&datagrams[0].control, &file, 1), 0);
    CHECK_INT(minato_message_send_batch(left, datagrams, 1, 0, fixture_soon()), 1);
    CHECK_INT(minato_message_receive_batch(right, datagrams, 1, 0, fixture_soon()), 1);
    minato_control_item item;
    size_t cursor = 0;
    CHECK_INT(minato_control_next(&datagrams[0].control, &cursor, &item), 1);
    CHECK_INT(minato_control_descriptors(&item, got, 2), 1);
    fixture_close(CHECK_DESCRIPTOR(got[0]));
    fixture_close(file);
    fixture_close(left);
    fixture_close(right);
}

const struct check_test batch_tests[] = {
    {"batch: round trip", round_trip},
    {"batch: limits", limits},
    {"batch: a later error", later_error},
    {"batch: ancillary data", ancillary},
    {0},
};
