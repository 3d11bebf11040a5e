#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

/// Whether one of the addresses of a host is this one.
static bool has_address(const minato_host_entry *entry, const minato_address *wanted) {
    minato_address address;
    for (size_t i = 0; minato_host_entry_address(entry, i, &address) == 0; i += 1) {
        if (minato_address_compare(&address, wanted) == 0) return true;
    }
    return false;
}

static void by_name(void) {
    minato_host_entry *entry;
    int32_t code;
    minato_address address, loopback = fixture_loopback(0);
    CHECK_INT(minato_host_entry_find("localhost", AF_INET, &entry, &code), 0);
    CHECK_INT(code, 0);
    CHECK_TEXT(minato_host_entry_name(entry), "localhost");
    CHECK(has_address(entry, &loopback));
    CHECK_INT(minato_host_entry_address(entry, 1000, &address), -EINVAL);
    CHECK(minato_host_entry_alias(entry, 1000) == NULL);
    minato_host_entry_free(entry);
    // Numbers are their own name.
    static const uint8_t octets[16] = {[15] = 1};
    minato_address_set_ipv6(&loopback, octets, 0, 0, 0);
    CHECK_INT(minato_host_entry_find("::1", AF_INET6, &entry, &code), 0);
    CHECK_TEXT(minato_host_entry_name(entry), "::1");
    CHECK(has_address(entry, &loopback));
    CHECK(minato_host_entry_alias(entry, 0) == NULL);
    minato_host_entry_free(entry);
    minato_host_entry_free(NULL);
}

static void by_address(void) {
    minato_host_entry *entry;
    int32_t code;
    minato_address loopback = fixture_loopback(80), portless = fixture_loopback(0);
    CHECK_INT(minato_host_entry_find_address(&loopback, &entry, &code), 0);
    CHECK_INT(code, 0);
    CHECK(strlen(minato_host_entry_name(entry)) > 0);
    CHECK(has_address(entry, &portless));
    minato_host_entry_free(entry);
}

static void failures(void) {
    minato_host_entry *entry = (minato_host_entry *)&entry;
    int32_t code;
    minato_address address;
    // RFC 6761: no name below this one exists. Without a name server, nobody can say so.
    CHECK_INT(minato_host_entry_find("host.invalid", AF_INET, &entry, &code), -ENOENT);
    CHECK(code == EAI_NONAME || code == EAI_AGAIN);
    CHECK(entry == NULL);
    CHECK_INT(minato_host_entry_find("localhost", AF_UNIX, &entry, &code), -EAFNOSUPPORT);
    CHECK_INT(code, 0);
    minato_address_set_unix_unnamed(&address);
    CHECK_INT(minato_host_entry_find_address(&address, &entry, &code), -EAFNOSUPPORT);
    CHECK(entry == NULL);
}

const struct check_test host_entry_tests[] = {
    {"host entry: by name", by_name},
    {"host entry: by address", by_address},
    {"host entry: failures", failures},
    {0},
};
