#define _GNU_SOURCE
#include "minato/resolve.h"

#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

#define TEXT(text) (text), sizeof(text) - 1

static void numbers(void) {
    minato_resolution *resolution;
    int32_t code = 99;
    CHECK_INT(minato_resolve(TEXT("127.0.0.1"), TEXT("65535"), 0, SOCK_STREAM, 0, 0, &resolution, &code), 0);
    CHECK_INT(code, 0);
    CHECK_INT(minato_resolution_count(resolution), 1);
    minato_address address, expected = fixture_loopback(65535);
    int32_t family, type, protocol;
    CHECK_INT(minato_resolution_get(resolution, 0, &address, &family, &type, &protocol), 0);
    CHECK_INT(minato_address_compare(&address, &expected), 0);
    CHECK_INT(family, AF_INET);
    CHECK_INT(type, SOCK_STREAM);
    CHECK_INT(protocol, IPPROTO_TCP);
    CHECK_INT(minato_resolution_get(resolution, 0, NULL, NULL, NULL, NULL), 0);
    CHECK_INT(minato_resolution_get(resolution, 1, &address, NULL, NULL, NULL), -EINVAL);
    CHECK_INT(minato_resolution_get(resolution, SIZE_MAX, &address, NULL, NULL, NULL), -EINVAL);
    CHECK_TEXT(minato_resolution_canonical_name(resolution), NULL);
    minato_resolution_free(resolution);
    minato_resolution_free(NULL);

    // Every answer: no type asked for gives stream, datagram and raw.
    CHECK_INT(minato_resolve(TEXT("::1"), NULL, 0, 0, 0, 0, AI_CANONNAME, &resolution, &code), 0);
    CHECK(minato_resolution_count(resolution) >= 3);
    for (size_t i = 0; i < minato_resolution_count(resolution); i += 1) {
        CHECK_INT(minato_resolution_get(resolution, i, &address, &family, &type, NULL), 0);
        CHECK_INT(family, AF_INET6);
        CHECK_INT(minato_address_port(&address), 0);
    }
    CHECK_TEXT(minato_resolution_canonical_name(resolution), "::1");
    minato_resolution_free(resolution);
}

static void wildcard_and_loopback(void) {
    static const struct {
        int32_t flags;
        uint8_t first;
    } rows[] = {{AI_PASSIVE, 0}, {0, 127}};
    for (size_t i = 0; i < 2; i += 1) {
        minato_resolution *resolution;
        minato_address address;
        uint8_t octets[16];
        int32_t code;
        CHECK_INT(minato_resolve(NULL, 0, TEXT("80"), AF_INET, SOCK_DGRAM, 0, rows[i].flags, &resolution, &code), 0);
        CHECK_INT(minato_resolution_get(resolution, 0, &address, NULL, NULL, NULL), 0);
        CHECK_INT(minato_address_octets(&address, octets), 4);
        CHECK_INT(octets[0], rows[i].first);
        CHECK_INT(minato_address_port(&address), 80);
        minato_resolution_free(resolution);
    }
}

static void services(void) {
    static const struct {
        const char *service;
        int32_t result, port;
    } rows[] = {
        {"http", 0, 80},
        {"0", 0, 0},
        {"65535", 0, 65535},
        {"0080", 0, 80},
        {"65536", -EINVAL, 0},
        {"65616", -EINVAL, 0},
        {"99999", -EINVAL, 0},
        {"4294967376", -EINVAL, 0},
        {"-1", -EINVAL, 0},
        {"+80", -EINVAL, 0},
        {" 80", -EINVAL, 0},
        {"\t80", -EINVAL, 0},
        {"18446744073709551696", -EINVAL, 0},
        {"*", -EINVAL, 0},
        {"nosuchservice", -ENOENT, 0},
        {"80x", -ENOENT, 0},
        {"80 ", -ENOENT, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        minato_resolution *resolution;
        int32_t code = 99;
        check_row(rows[i].service);
        CHECK_INT(
            minato_resolve(
                TEXT("127.0.0.1"), rows[i].service, strlen(rows[i].service), AF_INET, SOCK_STREAM, 0, 0, &resolution,
                &code),
            rows[i].result);
        CHECK_INT(code, rows[i].result == -ENOENT ? EAI_SERVICE : 0);
        CHECK_INT(resolution != NULL, rows[i].result == 0);
        if (resolution == NULL) continue;
        minato_address address;
        CHECK_INT(minato_resolution_get(resolution, 0, &address, NULL, NULL, NULL), 0);
        CHECK_INT(minato_address_port(&address), rows[i].port);
        minato_resolution_free(resolution);
    }
    check_row(NULL);
}

static void failures(void) {
    char host[1100], labels[1100];
    memset(host, 'h', sizeof host);
    for (size_t i = 0; i < sizeof labels; i += 1) labels[i] = i % 50 == 49 ? '.' : 'l';
    const struct {
        const char *row, *host;
        size_t length;
        int32_t family, flags, result, code;
    } rows[] = {
        {"no number", TEXT("localhost"), 0, AI_NUMERICHOST, -ENOENT, EAI_NONAME},
        {"empty", TEXT(""), 0, AI_NUMERICHOST, -ENOENT, EAI_NONAME},
        {"NUL inside", TEXT("127.0.0.1\0x"), 0, AI_NUMERICHOST, -EINVAL, 0},
        {"this machine, to glibc", TEXT("*"), 0, 0, -EINVAL, 0},
        {"1024 bytes", labels, 1024, 0, AI_NUMERICHOST, -ENOENT, EAI_NONAME},
        {"1025 bytes", labels, 1025, 0, AI_NUMERICHOST, -ENAMETOOLONG, 0},
        {"1100 bytes", host, 1100, 0, 0, -ENAMETOOLONG, 0},
        {"unknown family", TEXT("127.0.0.1"), 12345, 0, -ENOENT, EAI_FAMILY},
        {"unknown flags", TEXT("127.0.0.1"), 0, 1 << 28, -ENOENT, EAI_BADFLAGS},
        {"other family", TEXT("127.0.0.1"), AF_INET6, AI_NUMERICHOST, -ENOENT, EAI_ADDRFAMILY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i += 1) {
        minato_resolution *resolution = (minato_resolution *)&rows;
        int32_t code = 99;
        check_row(rows[i].row);
        CHECK_INT(
            minato_resolve(
                rows[i].host, rows[i].length, TEXT("1"), rows[i].family, SOCK_STREAM, 0, rows[i].flags, &resolution,
                &code),
            rows[i].result);
        CHECK_INT(code, rows[i].code);
        CHECK(resolution == NULL);
    }
    check_row(NULL);
    minato_resolution *resolution;
    int32_t code = 99;
    CHECK_INT(minato_resolve(NULL, 0, NULL, 0, 0, 0, 0, 0, &resolution, &code), -ENOENT);
    CHECK_INT(code, EAI_NONAME);
    CHECK_INT(minato_resolve(TEXT("::1"), TEXT("8\0"), 0, 0, 0, 0, &resolution, &code), -EINVAL);
    CHECK_INT(minato_resolve(TEXT("::1"), host, 1100, 0, 0, 0, 0, &resolution, &code), -ENAMETOOLONG);
}

static void names_of_addresses(void) {
    minato_address address = fixture_loopback(80), empty;
    char host[MINATO_HOST_NAME_MAX], service[MINATO_SERVICE_NAME_MAX];
    int32_t code = 99;
    int32_t numeric = NI_NUMERICHOST | NI_NUMERICSERV;
    CHECK_INT(minato_resolve_address(&address, numeric, host, sizeof host, service, sizeof service, &code), 0);
    CHECK_INT(code, 0);
    CHECK_TEXT(host, "127.0.0.1");
    CHECK_TEXT(service, "80");
    CHECK_INT(minato_resolve_address(&address, NI_NUMERICHOST, NULL, 0, service, sizeof service, &code), 0);
    CHECK_TEXT(service, "http");
    CHECK_INT(minato_resolve_address(&address, numeric, host, SIZE_MAX, NULL, 0, &code), 0);
    CHECK_INT(minato_resolve_address(&address, numeric, host, 9, NULL, 0, &code), -ENOBUFS);
    CHECK_INT(code, EAI_OVERFLOW);
    CHECK_INT(minato_resolve_address(&address, numeric, NULL, 0, service, 2, &code), -ENOBUFS);
    memset(&empty, 0, sizeof empty);
    CHECK_INT(minato_resolve_address(&empty, numeric, host, sizeof host, NULL, 0, &code), -ENOENT);
    CHECK_INT(code, EAI_FAMILY);
    uint8_t octets[4] = {192, 0, 2, 1};
    minato_address_set_ipv4(&address, octets, 1);
    CHECK_INT(
        minato_resolve_address(&address, NI_NAMEREQD | NI_NUMERICHOST, host, sizeof host, NULL, 0, &code), -ENOENT);
    CHECK_INT(code, EAI_NONAME);
}

static void service_names(void) {
    char name[MINATO_SERVICE_NAME_MAX];
    CHECK_INT(minato_service_port("http", "tcp"), 80);
    CHECK_INT(minato_service_port("domain", NULL), 53);
    CHECK_INT(minato_service_port("http", "nosuch"), -ENOENT);
    CHECK_INT(minato_service_port("nosuchservice", NULL), -ENOENT);
    CHECK_INT(minato_service_port("", NULL), -ENOENT);
    CHECK_INT(minato_service_name(80, "tcp", name, sizeof name), 4);
    CHECK_TEXT(name, "http");
    CHECK_INT(minato_service_name(53, NULL, name, 7), 6);
    CHECK_TEXT(name, "domain");
    CHECK_INT(minato_service_name(53, NULL, name, 6), -ENOBUFS);
    CHECK_INT(minato_service_name(53, NULL, name, 0), -ENOBUFS);
    CHECK_INT(minato_service_name(0, "tcp", name, sizeof name), -ENOENT);
    CHECK_INT(minato_protocol_number("tcp"), 6);
    CHECK_INT(minato_protocol_number("udp"), 17);
    CHECK_INT(minato_protocol_number("nosuch"), -ENOENT);
}

static void interfaces(void) {
    char name[MINATO_SERVICE_NAME_MAX];
    int32_t index = minato_interface_index("lo");
    CHECK(index > 0);
    CHECK_INT(minato_interface_index("nosuchif0"), -ENODEV);
    CHECK_INT(minato_interface_index(""), -ENODEV);
    CHECK_INT(minato_interface_index("a-name-longer-than-any-interface"), -ENODEV);
    CHECK_INT(minato_interface_name((uint32_t)index, name, sizeof name), 2);
    CHECK_TEXT(name, "lo");
    CHECK_INT(minato_interface_name((uint32_t)index, name, 3), 2);
    CHECK_INT(minato_interface_name((uint32_t)index, name, 2), -ENOBUFS);
    CHECK_INT(minato_interface_name(0, name, sizeof name), -ENXIO);
    CHECK_INT(minato_interface_name(INT_MAX, name, sizeof name), -ENXIO);
    CHECK_INT(minato_interface_name(UINT32_MAX, name, sizeof name), -ENXIO);
    uint32_t indexes[64] = {0};
    int32_t count = minato_interface_list(indexes, 64);
    CHECK(count >= 1 && count <= 64);
    bool found = false;
    for (int32_t i = 0; i < count; i += 1) found |= indexes[i] == (uint32_t)index;
    CHECK(found);
    CHECK_INT(minato_interface_list(indexes, 0), count);
    indexes[1] = 4711;
    CHECK_INT(minato_interface_list(indexes, 1), count);
    CHECK_INT(indexes[1], 4711);
}

static void host_name(void) {
    char expected[HOST_NAME_MAX + 1], name[MINATO_HOST_NAME_MAX];
    CHECK_INT(gethostname(expected, sizeof expected), 0);
    CHECK_INT(minato_host_name(name, sizeof name), strlen(expected));
    CHECK_TEXT(name, expected);
    CHECK_INT(minato_host_name(name, strlen(expected) + 1), strlen(expected));
    CHECK_INT(minato_host_name(name, strlen(expected)), -ENOBUFS);
    CHECK_INT(minato_host_name(name, 0), -ENOBUFS);
}

const struct check_test resolve_tests[] = {
    {"resolve: numbers", numbers},
    {"resolve: wildcard and loopback", wildcard_and_loopback},
    {"resolve: services", services},
    {"resolve: failures", failures},
    {"resolve: names of addresses", names_of_addresses},
    {"resolve: service names", service_names},
    {"resolve: interfaces", interfaces},
    {"resolve: host name", host_name},
    {0},
};
