#include "minato/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "check.h"
#include "subjects.h"

static const uint8_t ipv4_octets[4] = {192, 0, 2, 7};
static const uint8_t ipv6_octets[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};

static void empty(void) {
    minato_address address;
    uint32_t length = 99;
    uint8_t name[4];
    memset(&address, 0, sizeof address);
    CHECK_INT(sizeof address, 136);
    CHECK_INT(minato_address_family(&address), AF_UNSPEC);
    CHECK_INT(minato_address_port(&address), -EAFNOSUPPORT);
    CHECK_INT(minato_address_set_port(&address, 1), -EAFNOSUPPORT);
    CHECK_INT(minato_address_octets(&address, name), -EAFNOSUPPORT);
    CHECK_INT(minato_address_scope_id(&address), 0);
    CHECK_INT(minato_address_flow_info(&address), 0);
    CHECK_INT(minato_address_is_mapped(&address, NULL), false);
    CHECK_INT(minato_address_unix_kind(&address), -EAFNOSUPPORT);
    CHECK_INT(minato_address_unix_name(&address, name, sizeof name), -EAFNOSUPPORT);
    CHECK(minato_address_bytes(&address, &length) != NULL);
    CHECK_INT(length, 2);
    // What its bytes make is the same address.
    minato_address other;
    CHECK_INT(minato_address_set_raw(&other, minato_address_bytes(&address, &length), 2), 0);
    CHECK_INT(minato_address_compare(&address, &other), 0);
}

static void ipv4(void) {
    minato_address address;
    uint8_t octets[16] = {0};
    uint32_t length;
    memset(&address, 0xff, sizeof address);
    minato_address_set_ipv4(&address, ipv4_octets, 65535);
    CHECK_INT(minato_address_family(&address), AF_INET);
    CHECK_INT(minato_address_port(&address), 65535);
    CHECK_INT(minato_address_octets(&address, octets), 4);
    CHECK_INT(memcmp(octets, ipv4_octets, 4), 0);
    CHECK_INT(minato_address_set_port(&address, 80), 0);
    CHECK_INT(minato_address_port(&address), 80);
    CHECK_INT(minato_address_scope_id(&address), 0);
    CHECK_INT(minato_address_is_mapped(&address, NULL), false);
    struct sockaddr_in raw;
    memcpy(&raw, minato_address_bytes(&address, &length), sizeof raw);
    CHECK_INT(length, sizeof raw);
    CHECK_INT(ntohs(raw.sin_port), 80);
    CHECK_INT(raw.sin_zero[0], 0);
}

static void ipv6(void) {
    minato_address address;
    uint8_t octets[16];
    uint32_t length;
    minato_address_set_ipv6(&address, ipv6_octets, 443, 4294967295u, 0xfffff);
    CHECK_INT(minato_address_family(&address), AF_INET6);
    CHECK_INT(minato_address_port(&address), 443);
    CHECK_INT(minato_address_octets(&address, octets), 16);
    CHECK_INT(memcmp(octets, ipv6_octets, 16), 0);
    CHECK_INT(minato_address_scope_id(&address), 4294967295u);
    CHECK_INT(minato_address_flow_info(&address), 0xfffff);
    struct sockaddr_in6 raw;
    memcpy(&raw, minato_address_bytes(&address, &length), sizeof raw);
    CHECK_INT(length, sizeof raw);
    CHECK_INT(raw.sin6_flowinfo, htonl(0xfffff));
    CHECK_INT(minato_address_set_port(&address, 0), 0);
    CHECK_INT(minato_address_port(&address), 0);
}

static void mapped(void) {
    uint8_t octets[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 7};
    minato_address address, plain, expected;
    minato_address_set_ipv6(&address, octets, 25, 0, 0);
    minato_address_set_ipv4(&expected, ipv4_octets, 25);
    CHECK_INT(minato_address_is_mapped(&address, NULL), true);
    CHECK_INT(minato_address_is_mapped(&address, &plain), true);
    CHECK_INT(minato_address_compare(&plain, &expected), 0);
    // In place, too.
    CHECK_INT(minato_address_is_mapped(&address, &address), true);
    CHECK_INT(minato_address_compare(&address, &expected), 0);
    octets[11] = 0;
    minato_address_set_ipv6(&address, octets, 25, 0, 0);
    plain = expected;
    CHECK_INT(minato_address_is_mapped(&address, &plain), false);
    CHECK_INT(minato_address_compare(&plain, &expected), 0);
}

static void unix_paths(void) {
    char bytes[200];
    memset(bytes, 'a', sizeof bytes);
    char with_nul[] = "/tmp/a\0b";
    const struct {
        const char *row, *path;
        size_t length;
        int32_t result;
    } rows[] = {
        {"one byte", "x", 1, 0},
        {"usual", "/run/x.sock", 11, 0},
        {"107 bytes", bytes, MINATO_ADDRESS_UNIX_MAX, 0},
        {"108 bytes", bytes, 108, -ENAMETOOLONG},
        {"200 bytes", bytes, 200, -ENAMETOOLONG},
        {"empty", "", 0, -EINVAL},
        {"NUL inside", with_nul, 8, -EINVAL},
        {"NUL behind", with_nul, 7, -EINVAL},
        {"NUL in front", "\0x", 2, -EINVAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        minato_address address;
        uint8_t name[MINATO_ADDRESS_UNIX_MAX + 1];
        uint32_t length;
        check_row(rows[i].row);
        CHECK_INT(minato_address_set_unix_path(&address, rows[i].path, rows[i].length), rows[i].result);
        if (rows[i].result < 0) continue;
        CHECK_INT(minato_address_family(&address), AF_UNIX);
        CHECK_INT(minato_address_unix_kind(&address), MINATO_UNIX_PATH);
        CHECK_INT(minato_address_unix_name(&address, name, sizeof name), rows[i].length);
        CHECK_INT(memcmp(name, rows[i].path, rows[i].length), 0);
        CHECK_INT(minato_address_unix_name(&address, name, rows[i].length), rows[i].length);
        CHECK_INT(minato_address_unix_name(&address, name, rows[i].length - 1), -ENOBUFS);
        minato_address_bytes(&address, &length);
        CHECK_INT(length, 2 + rows[i].length + 1);
        CHECK_INT(minato_address_port(&address), -EAFNOSUPPORT);
    }
    check_row(NULL);
}

static void unix_abstract(void) {
    uint8_t bytes[108];
    memset(bytes, 0, sizeof bytes);
    for (size_t size = 0; size <= sizeof bytes; size += 1) {
        minato_address address;
        uint8_t name[MINATO_ADDRESS_UNIX_MAX];
        uint32_t length;
        int32_t result = size == 0 ? -EINVAL : size > 107 ? -ENAMETOOLONG : 0;
        CHECK_INT(minato_address_set_unix_abstract(&address, bytes, size), result);
        if (result < 0) continue;
        CHECK_INT(minato_address_unix_kind(&address), MINATO_UNIX_ABSTRACT);
        // Zeros at the end are part of the name.
        CHECK_INT(minato_address_unix_name(&address, name, sizeof name), size);
        minato_address_bytes(&address, &length);
        CHECK_INT(length, 3 + size);
    }
    minato_address address;
    uint8_t name[1];
    uint32_t length;
    minato_address_set_unix_unnamed(&address);
    CHECK_INT(minato_address_unix_kind(&address), MINATO_UNIX_UNNAMED);
    CHECK_INT(minato_address_unix_name(&address, name, 0), 0);
    minato_address_bytes(&address, &length);
    CHECK_INT(length, 2);
}

static void raw(void) {
    struct sockaddr_storage storage;
    struct sockaddr_un *local = (struct sockaddr_un *)&storage;
    const struct {
        const char *row;
        sa_family_t family;
        size_t length;
        int32_t result;
    } rows[] = {
        {"nothing", AF_INET, 0, -EINVAL},
        {"one byte", AF_INET, 1, -EINVAL},
        {"family alone of IPv4", AF_INET, 2, -EINVAL},
        {"IPv4 less one", AF_INET, sizeof(struct sockaddr_in) - 1, -EINVAL},
        {"IPv4", AF_INET, sizeof(struct sockaddr_in), 0},
        {"IPv4 in a storage", AF_INET, sizeof storage, 0},
        {"IPv6 less one", AF_INET6, sizeof(struct sockaddr_in6) - 1, -EINVAL},
        {"IPv6", AF_INET6, sizeof(struct sockaddr_in6), 0},
        {"unnamed", AF_UNIX, 2, 0},
        {"another family", AF_NETLINK, 12, 0},
        {"another family, all", AF_NETLINK, sizeof storage, 0},
        {"one more than all", AF_NETLINK, sizeof storage + 1, -EINVAL},
        {"far too much", AF_NETLINK, SIZE_MAX, -EINVAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        minato_address address, other;
        uint32_t length;
        check_row(rows[i].row);
        memset(&storage, 1, sizeof storage);
        storage.ss_family = rows[i].family;
        CHECK_INT(minato_address_set_raw(&address, &storage, rows[i].length), rows[i].result);
        if (rows[i].result < 0) continue;
        CHECK_INT(minato_address_family(&address), rows[i].family);
        const void *bytes = minato_address_bytes(&address, &length);
        CHECK_INT(minato_address_set_raw(&other, bytes, length), 0);
        CHECK_INT(minato_address_compare(&address, &other), 0);
        CHECK_INT(memcmp(&address, &other, sizeof other), 0);
        // Into itself.
        CHECK_INT(minato_address_set_raw(&other, minato_address_bytes(&other, &length), length), 0);
        CHECK_INT(memcmp(&address, &other, sizeof other), 0);
    }
    check_row(NULL);

    // A path of 108 bytes has no NUL, and the kernel reports it with one more; what lies behind a NUL does not count.
    minato_address address, expected;
    uint8_t name[MINATO_ADDRESS_UNIX_MAX + 1];
    uint32_t length;
    memset(&storage, 0, sizeof storage);
    local->sun_family = AF_UNIX;
    memset(local->sun_path, 'p', sizeof local->sun_path);
    for (size_t size = sizeof *local; size <= sizeof *local + 1; size += 1) {
        CHECK_INT(minato_address_set_raw(&address, &storage, size), 0);
        CHECK_INT(minato_address_unix_kind(&address), MINATO_UNIX_PATH);
        CHECK_INT(minato_address_unix_name(&address, name, sizeof name), 108);
        CHECK_INT(minato_address_unix_name(&address, name, 107), -ENOBUFS);
        minato_address_bytes(&address, &length);
        CHECK_INT(length, sizeof *local);
    }
    local->sun_path[4] = 0;
    CHECK_INT(minato_address_set_raw(&address, &storage, sizeof *local), 0);
    CHECK_INT(minato_address_set_unix_path(&expected, "pppp", 4), 0);
    CHECK_INT(memcmp(&address, &expected, sizeof address), 0);
    // An abstract name cannot be longer than its field.
    memset(local->sun_path, 0, sizeof local->sun_path);
    CHECK_INT(minato_address_set_raw(&address, &storage, sizeof *local + 1), -EINVAL);
    CHECK_INT(minato_address_set_raw(&address, &storage, sizeof *local), 0);
    CHECK_INT(minato_address_unix_name(&address, name, sizeof name), 107);
}

static void compare(void) {
    minato_address rows[14];
    size_t count = 0;
    uint8_t larger4[4] = {192, 0, 2, 8}, larger6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 10};
    struct sockaddr_storage storage;
    memset(&storage, 0, sizeof storage);
    // From the least to the greatest: AF_UNSPEC 0, AF_UNIX 1, AF_INET 2, AF_INET6 10, AF_NETLINK 16.
    memset(&rows[count++], 0, sizeof rows[0]);
    minato_address_set_unix_unnamed(&rows[count++]);
    minato_address_set_unix_path(&rows[count++], "/a", 2);
    minato_address_set_unix_path(&rows[count++], "/ab", 3);
    minato_address_set_unix_path(&rows[count++], "/b", 2);
    minato_address_set_unix_abstract(&rows[count++], (const uint8_t *)"\0", 1);
    minato_address_set_unix_abstract(&rows[count++], (const uint8_t *)"\0\0", 2);
    minato_address_set_ipv4(&rows[count++], ipv4_octets, 300);
    minato_address_set_ipv4(&rows[count++], larger4, 2);
    minato_address_set_ipv6(&rows[count++], ipv6_octets, 1, 0, 0);
    minato_address_set_ipv6(&rows[count++], ipv6_octets, 1, 0, 1);
    minato_address_set_ipv6(&rows[count++], ipv6_octets, 1, 1, 0);
    minato_address_set_ipv6(&rows[count++], larger6, 1, 0, 0);
    storage.ss_family = AF_NETLINK;
    minato_address_set_raw(&rows[count++], &storage, 12);
    for (size_t left = 0; left < count; left += 1) {
        for (size_t right = 0; right < count; right += 1) {
            int32_t order = minato_address_compare(&rows[left], &rows[right]);
            CHECK_INT((order > 0) - (order < 0), (left > right) - (left < right));
        }
    }
    // Padding never counts.
    struct sockaddr_in padded = {.sin_family = AF_INET, .sin_port = htons(300)};
    minato_address address;
    memcpy(&padded.sin_addr, ipv4_octets, 4);
    memset(padded.sin_zero, 7, sizeof padded.sin_zero);
    CHECK_INT(minato_address_set_raw(&address, &padded, sizeof padded), 0);
    CHECK_INT(minato_address_compare(&address, &rows[7]), 0);
    CHECK_INT(memcmp(&address, &rows[7], sizeof address), 0);
}

const struct check_test address_tests[] = {
    {"address: empty", empty},
    {"address: IPv4", ipv4},
    {"address: IPv6", ipv6},
    {"address: IPv4-mapped", mapped},
    {"address: Unix paths", unix_paths},
    {"address: abstract Unix names", unix_abstract},
    {"address: raw", raw},
    {"address: compare", compare},
    {0},
};
