#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "minato/address.h"
#include "subjects.h"

/// Texts that are written just as they are read.
static void round_trip(void) {
    static const struct {
        const char *text;
        int32_t family;
    } rows[] = {
        {"127.0.0.1:80", AF_INET},
        {"0.0.0.0:0", AF_INET},
        {"255.255.255.255:65535", AF_INET},
        {"[::1]:80", AF_INET6},
        {"[::]:0", AF_INET6},
        {"[fe80::1%1]:8080", AF_INET6},
        {"[fe80::1%4294967295]:8080", AF_INET6},
        {"[::ffff:1.2.3.4]:5", AF_INET6},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535", AF_INET6},
        {"unix:", AF_UNIX},
        {"unix:/run/x", AF_UNIX},
        {"unix:relative path", AF_UNIX},
        {"unix:@name", AF_UNIX},
        {"unix:@@name", AF_UNIX},
        {"unix:@a\\x00b\\x00", AF_UNIX},
        {"unix:\\x40name", AF_UNIX},
        {"unix:/a@b", AF_UNIX},
        {"unix:/a\\x5cb\\x0a\\x7f\\xff", AF_UNIX},
        {"raw:0000", AF_UNSPEC},
        {"raw:100001ff", AF_NETLINK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        const char *text = rows[i].text;
        minato_address address, again;
        char buffer[MINATO_ADDRESS_TEXT_MAX];
        check_row(text);
        CHECK_INT(minato_address_parse(&address, text, strlen(text)), 0);
        CHECK_INT(minato_address_family(&address), rows[i].family);
        CHECK_INT(minato_address_format(&address, buffer, sizeof buffer), strlen(text));
        CHECK_TEXT(buffer, text);
        CHECK_INT(minato_address_parse(&again, buffer, strlen(buffer)), 0);
        CHECK_INT(minato_address_compare(&address, &again), 0);
        // Cut anywhere, it is terminated and nothing behind is touched.
        for (size_t capacity = 0; capacity <= strlen(text); capacity += 1) {
            memset(buffer, '#', sizeof buffer);
            CHECK_INT(minato_address_format(&address, buffer, capacity), strlen(text));
            CHECK_INT(buffer[capacity], '#');
            if (capacity == 0) continue;
            CHECK_INT(strlen(buffer), capacity - 1);
            CHECK_INT(strncmp(buffer, text, capacity - 1), 0);
        }
    }
    check_row(NULL);
}

/// Texts that are understood but written in another way.
static void canonical_form(void) {
    char by_name[64], by_index[64];
    unsigned int index = if_nametoindex("lo");
    CHECK(index > 0);
    snprintf(by_name, sizeof by_name, "[fe80::1%%lo]:1");
    snprintf(by_index, sizeof by_index, "[fe80::1%%%u]:1", index);
    const struct {
        const char *text, *canonical;
    } rows[] = {
        {by_name, by_index},
        {"[FE80:0:0:0:0:0:0:1]:1", "[fe80::1]:1"},
        {"[::1%0]:1", "[::1]:1"},
        {"unix:\\x2frun\\x2Fx", "unix:/run/x"},
        {"unix:/\xc3\xa9", "unix:/\\xc3\\xa9"},
        {"raw:10000A0B", "raw:10000a0b"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        minato_address address;
        char buffer[MINATO_ADDRESS_TEXT_MAX];
        check_row(rows[i].text);
        CHECK_INT(minato_address_parse(&address, rows[i].text, strlen(rows[i].text)), 0);
        minato_address_format(&address, buffer, sizeof buffer);
        CHECK_TEXT(buffer, rows[i].canonical);
    }
    check_row(NULL);
}

static void refused(void) {
    static const char *const rows[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        ":80",
        "127.0.0.1:65536",
        "127.0.0.1:4294967376",
        "127.0.0.1:99999999999",
        "127.0.0.1:-1",
        "127.0.0.1:+80",
        "127.0.0.1: 80",
        "127.0.0.1:80 ",
        " 127.0.0.1:80",
        "127.0.0.1:080",
        "127.0.0.1:0x50",
        "127.0.0.1:http",
        "127.1:80",
        "0177.0.0.1:80",
        "0x7f.0.0.1:80",
        "2130706433:80",
        "127.0.0.1.:80",
        "256.0.0.1:80",
        "localhost:80",
        "127.0.0.1000000000000000:80",
        "::1:80",
        "[::1]",
        "[::1]:",
        "[::1]80",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[:::1]:80",
        "[::1%]:80",
        "[::1%4294967296]:80",
        "[::1%99999999999999]:80",
        "[127.0.0.1]:80",
        "[::1]]:80",
        "[[::1]:80",
        "[0:0:0:0:0:0:0:0:1]:80",
        "unix",
        "UNIX:/x",
        "unix:@",
        "unix:/a\\",
        "unix:/a\\x",
        "unix:/a\\x4",
        "unix:/a\\xg0",
        "unix:/a\\n",
        "unix:/a\\x00",
        "unix:\\x00a",
        "raw:",
        "raw:00",
        "raw:000",
        "raw:0g00",
        "raw:02000050",
        "raw:0100",
        "raw:02000050c00002070000000000000000",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        minato_address address, before;
        check_row(rows[i]);
        memset(&address, 0x5a, sizeof address);
        before = address;
        CHECK_INT(minato_address_parse(&address, rows[i], strlen(rows[i])), -EINVAL);
        CHECK_INT(memcmp(&address, &before, sizeof address), 0);
    }
    check_row(NULL);

    minato_address address;
    CHECK_INT(minato_address_parse(&address, "127.0.0.1:80\0", 13), -EINVAL);
    CHECK_INT(minato_address_parse(&address, "127.0.0.1\0:80", 13), -EINVAL);
    CHECK_INT(minato_address_parse(&address, "unix:/a\0b", 9), -EINVAL);
    CHECK_INT(minato_address_parse(&address, "unix:@a\0b", 9), -EINVAL);
    CHECK_INT(minato_address_parse(&address, "127.0.0.1:8080", 12), 0);
    CHECK_INT(minato_address_port(&address), 80);
    static const char *const unknown_interfaces[] = {"[fe80::1%nosuchif0]:1", "[fe80::1%a-name-longer-than-any]:1"};
    for (size_t i = 0; i < 2; i += 1) {
        CHECK_INT(minato_address_parse(&address, unknown_interfaces[i], strlen(unknown_interfaces[i])), -ENODEV);
    }
}

static void long_names(void) {
    char text[700], buffer[MINATO_ADDRESS_TEXT_MAX];
    uint8_t name[MINATO_ADDRESS_UNIX_MAX + 1];
    for (int abstract = 0; abstract <= 1; abstract += 1) {
        size_t prefix = (size_t)sprintf(text, "unix:%s", abstract ? "@" : "");
        memset(text + prefix, 'n', sizeof text - prefix);
        minato_address address;
        CHECK_INT(minato_address_parse(&address, text, prefix + 107), 0);
        CHECK_INT(minato_address_unix_name(&address, name, sizeof name), 107);
        CHECK_INT(minato_address_parse(&address, text, prefix + 108), -ENAMETOOLONG);
        CHECK_INT(minato_address_parse(&address, text, sizeof text), -ENAMETOOLONG);
        // Malformed and too long is malformed.
        text[sizeof text - 1] = '\\';
        CHECK_INT(minato_address_parse(&address, text, sizeof text), -EINVAL);
        memcpy(text + sizeof text - 4, "\\x00", 4);
        CHECK_INT(minato_address_parse(&address, text, sizeof text), abstract ? -ENAMETOOLONG : -EINVAL);
    }
    // The longest text of all is one of escapes.
    memset(name, 0xff, sizeof name);
    minato_address address, again;
    CHECK_INT(minato_address_set_unix_abstract(&address, name, 107), 0);
    int32_t length = minato_address_format(&address, buffer, sizeof buffer);
    CHECK_INT(length, 6 + 4 * 107);
    CHECK_INT(minato_address_parse(&again, buffer, (size_t)length), 0);
    CHECK_INT(minato_address_compare(&address, &again), 0);
    struct sockaddr_storage storage;
    memset(&storage, 0xee, sizeof storage);
    storage.ss_family = AF_NETLINK;
    CHECK_INT(minato_address_set_raw(&address, &storage, sizeof storage), 0);
    length = minato_address_format(&address, buffer, sizeof buffer);
    CHECK_INT(length, 4 + 2 * 128);
    CHECK_INT(minato_address_parse(&again, buffer, (size_t)length), 0);
    CHECK_INT(minato_address_compare(&address, &again), 0);
}

const struct check_test address_text_tests[] = {
    {"address text: round trip", round_trip},
    {"address text: canonical form", canonical_form},
    {"address text: refused", refused},
    {"address text: long names", long_names},
    {0},
};
