#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

static void sizes(void) {
    for (size_t payload = 0; payload < 300; payload += 1) {
        CHECK_INT(minato_control_space(payload), CMSG_SPACE(payload));
        CHECK_INT(minato_control_length(payload), CMSG_LEN(payload));
    }
    static const size_t excessive[] = {SIZE_MAX, SIZE_MAX - 7, SIZE_MAX - 16, SIZE_MAX / 2, INT64_MAX};
    for (size_t i = 0; i < sizeof excessive / sizeof excessive[0]; i += 1) {
        CHECK_INT(minato_control_space(excessive[i]), -EOVERFLOW);
        CHECK_INT(minato_control_length(excessive[i]), -EOVERFLOW);
    }
}

static void build_and_walk(void) {
    _Alignas(8) uint8_t memory[256];
    minato_control control = {memory, sizeof memory, 0};
    static const size_t lengths[] = {0, 1, 4, 7, 8, 13};
    const size_t count = sizeof lengths / sizeof lengths[0];
    memset(memory, 0xaa, sizeof memory);
    size_t expected = 0;
    for (size_t i = 0; i < count; i += 1) {
        const char *data = lengths[i] == 0 ? NULL : "abcdefghijklmn";
        CHECK_INT(minato_control_append(&control, 100 + (int)i, 200 + (int)i, data, lengths[i]), 0);
        expected += CMSG_SPACE(lengths[i]);
        CHECK_INT(control.length, expected);
    }
    // The C library's own walk sees the same.
    struct msghdr header = {.msg_control = memory, .msg_controllen = control.length};
    struct cmsghdr *place = CMSG_FIRSTHDR(&header);
    minato_control_item item;
    size_t cursor = 0;
    for (size_t i = 0; i < count; i += 1) {
        CHECK_INT(minato_control_next(&control, &cursor, &item), 1);
        CHECK_INT(item.level, 100 + i);
        CHECK_INT(item.type, 200 + i);
        CHECK_INT(item.length, lengths[i]);
        CHECK_INT(item.truncated, 0);
        if (lengths[i] > 0) CHECK_INT(memcmp(item.data, "abcdefghijklmn", lengths[i]), 0);
        CHECK(place != NULL && place->cmsg_len == CMSG_LEN(lengths[i]) && place->cmsg_type == item.type);
        place = CMSG_NXTHDR(&header, place);
    }
    CHECK_INT(minato_control_next(&control, &cursor, &item), 0);
    CHECK_INT(minato_control_next(&control, &cursor, &item), 0);
}

static void append_refuses(void) {
    _Alignas(8) uint8_t memory[64];
    minato_control control = {memory, CMSG_SPACE(4), 0}, missing = {NULL, 64, 0}, crooked = {memory + 4, 56, 0};
    minato_credentials credentials = {0};
    minato_packet_info info;
    int32_t many[254] = {0};
    CHECK_INT(minato_control_append(&control, 1, 1, many, 9), -ENOBUFS);
    CHECK(minato_control_append(&control, 1, 1, many, SIZE_MAX) < 0);
    CHECK_INT(control.length, 0);
    CHECK_INT(minato_control_append(&control, 1, 1, many, 8), 0);
    CHECK_INT(minato_control_append(&control, 1, 1, NULL, 0), -ENOBUFS);
    CHECK_INT(control.length, CMSG_SPACE(8));
    CHECK_INT(minato_control_append(&missing, 1, 1, many, 4), -EINVAL);
    CHECK_INT(minato_control_append(&crooked, 1, 1, many, 4), -EINVAL);
    control.length = SIZE_MAX;
    CHECK_INT(minato_control_append(&control, 1, 1, many, 4), -ENOBUFS);
    control.length = 0;
    CHECK_INT(minato_control_append_descriptors(&control, many, 0), -EINVAL);
    CHECK_INT(minato_control_append_descriptors(&control, many, 254), -EINVAL);
    CHECK_INT(minato_control_append_descriptors(&control, many, 253), -ENOBUFS);
    CHECK_INT(minato_control_append_credentials(&control, &credentials), -ENOBUFS);
    memset(&info, 0, sizeof info);
    CHECK_INT(minato_control_append_packet_info(&control, &info), -EAFNOSUPPORT);
    minato_address_set_unix_unnamed(&info.address);
    CHECK_INT(minato_control_append_packet_info(&control, &info), -EAFNOSUPPORT);
    CHECK_INT(control.length, 0);
}

static void typed_items(void) {
    _Alignas(8) uint8_t memory[256];
    minato_control control = {memory, sizeof memory, 0};
    static const int32_t passed[] = {7, 8, 9};
    minato_credentials credentials = {11, 12, 13}, credentials_back = {0};
    minato_packet_info info4, info6, back;
    uint8_t octets[16] = {0x20, 0x01, [15] = 1};
    memset(&info4, 0, sizeof info4);
    memset(&info6, 0, sizeof info6);
    minato_address_set_ipv4(&info4.address, octets, 0);
    info4.interface_index = 3;
    minato_address_set_ipv6(&info6.address, octets, 0, 0, 0);
    info6.interface_index = 4;
    CHECK_INT(minato_control_append_descriptors(&control, passed, 3), 0);
    CHECK_INT(minato_control_append_credentials(&control, &credentials), 0);
    CHECK_INT(minato_control_append_packet_info(&control, &info4), 0);
    CHECK_INT(minato_control_append_packet_info(&control, &info6), 0);
    CHECK_INT(minato_control_append_segment_size(&control, 1200), 0);

    minato_control_item items[5];
    size_t cursor = 0;
    for (int i = 0; i < 5; i += 1) CHECK_INT(minato_control_next(&control, &cursor, &items[i]), 1);
    int32_t descriptors[3], number = 0;
    CHECK_INT(minato_control_descriptors(&items[0], descriptors, 3), 3);
    CHECK_INT(memcmp(descriptors, passed, sizeof passed), 0);
    CHECK_INT(minato_control_descriptors(&items[0], descriptors, 2), -ENOBUFS);
    CHECK_INT(minato_control_credentials(&items[1], &credentials_back), 0);
    CHECK_INT(memcmp(&credentials, &credentials_back, sizeof credentials), 0);
    for (int i = 2; i < 4; i += 1) {
        const minato_packet_info *info = i == 2 ? &info4 : &info6;
        CHECK_INT(minato_control_packet_info(&items[i], &back), 0);
        CHECK_INT(minato_address_compare(&back.address, &info->address), 0);
        CHECK_INT(back.interface_index, info->interface_index);
    }
    CHECK_INT(minato_control_integer(&items[4], &number), 0);
    CHECK_INT(number, 1200);
    CHECK_INT(items[4].level, IPPROTO_UDP);
    // Each refuses the items of the others, and its own when it is cut.
    for (int i = 0; i < 5; i += 1) {
        if (i != 0) CHECK_INT(minato_control_descriptors(&items[i], descriptors, 3), -EINVAL);
        if (i != 1) CHECK_INT(minato_control_credentials(&items[i], &credentials_back), -EINVAL);
        if (i != 2 && i != 3) CHECK_INT(minato_control_packet_info(&items[i], &back), -EINVAL);
        if (i != 4) CHECK_INT(minato_control_integer(&items[i], &number), -EINVAL);
        items[i].length -= 1;
        items[i].truncated = 1;
    }
    CHECK_INT(minato_control_descriptors(&items[0], descriptors, 3), 2);
    CHECK_INT(minato_control_credentials(&items[1], &credentials_back), -EINVAL);
    CHECK_INT(minato_control_packet_info(&items[2], &back), -EINVAL);
    CHECK_INT(minato_control_packet_info(&items[3], &back), -EINVAL);
}

static void integers(void) {
    const uint8_t small = 200;
    const int32_t large = -5;
    const uint64_t huge = 1;
    const struct {
        minato_control_item item;
        int32_t result, value;
    } rows[] = {
        {{0, 0, &small, 1, 0}, 0, 200},    {{0, 0, &large, 4, 0}, 0, -5},    {{0, 0, &huge, 8, 0}, -EINVAL, 0},
        {{0, 0, &huge, 3, 0}, -EINVAL, 0}, {{0, 0, NULL, 0, 0}, -EINVAL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        int32_t value = 0;
        CHECK_INT(minato_control_integer(&rows[i].item, &value), rows[i].result);
        CHECK_INT(value, rows[i].value);
    }
}

/// Whatever the bytes are, the walk ends and stays inside. The memory is exactly as long as said, so that the address
/// sanitizer sees a step outside.
static void garbage(void) {
    uint64_t state = 88172645463325252u;
    for (int round = 0; round < 20000; round += 1) {
        size_t length = (size_t)round % 97;
        uint8_t *memory = malloc(length > 0 ? length : 1);
        CHECK(memory != NULL);
        for (size_t i = 0; i < length; i += 1) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            memory[i] = (uint8_t)state;
            // Lengths near the real ones, now and then.
            if (i % 8 != 0 && round % 3 != 0) memory[i] = 0;
        }
        minato_control control = {memory, length, length};
        minato_control_item item;
        size_t cursor = 0, previous = 0, steps = 0;
        while (minato_control_next(&control, &cursor, &item) == 1) {
            minato_credentials credentials;
            minato_packet_info info;
            int32_t descriptors[32], number;
            const uint8_t *data = item.data;
            CHECK(
                item.length <= length &&
                (item.length == 0 || (data >= memory && data + item.length <= memory + length)));
            CHECK(cursor > previous && cursor <= length);
            previous = cursor;
            steps += 1;
            CHECK(steps <= length);
            if (item.truncated) CHECK_INT(cursor, length);
            item.level = SOL_SOCKET;
            item.type = SCM_RIGHTS;
            CHECK(minato_control_descriptors(&item, descriptors, 32) >= 0);
            item.type = SCM_CREDENTIALS;
            minato_control_credentials(&item, &credentials);
            item.level = IPPROTO_IP;
            item.type = IP_PKTINFO;
            minato_control_packet_info(&item, &info);
            minato_control_integer(&item, &number);
        }
        free(memory);
    }
    minato_control nothing = {NULL, 0, 0};
    minato_control_item item;
    size_t cursor = 0, wild = SIZE_MAX;
    CHECK_INT(minato_control_next(&nothing, &cursor, &item), 0);
    _Alignas(8) uint8_t memory[32] = {0};
    minato_control control = {memory, 32, 32};
    CHECK_INT(minato_control_next(&control, &wild, &item), 0);
}

static void closes_descriptors(void) {
    _Alignas(8) uint8_t memory[128];
    minato_control control = {memory, sizeof memory, 0};
    int32_t descriptors[3];
    for (int i = 0; i < 3; i += 1) descriptors[i] = fixture_file(1);
    CHECK_INT(minato_control_append_descriptors(&control, descriptors, 2), 0);
    CHECK_INT(minato_control_append_segment_size(&control, 9), 0);
    CHECK_INT(minato_control_append_descriptors(&control, descriptors + 2, 1), 0);
    CHECK_INT(minato_control_close_descriptors(&control), 3);
    for (int i = 0; i < 3; i += 1) CHECK_INT(minato_socket_close(descriptors[i]), -EBADF);
    control.length = 0;
    CHECK_INT(minato_control_close_descriptors(&control), 0);
}

const struct check_test control_tests[] = {
    {"control: sizes", sizes},
    {"control: build and walk", build_and_walk},
    {"control: append refuses", append_refuses},
    {"control: typed items", typed_items},
    {"control: integers", integers},
    {"control: garbage", garbage},
    {"control: closes descriptors", closes_descriptors},
    {0},
};
