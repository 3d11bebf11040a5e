#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "minato/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

/// The memory of an entry: at first, and where doubling it ends. A host with more aliases than that is not served.
enum { FIRST_CAPACITY = 1024, LAST_CAPACITY = 1 << 20 };

/// The pointers of `host` lead into `memory`.
struct minato_host_entry {
    struct hostent host;
    char memory[];
};

/// What is looked up: a name, or else an address.
typedef struct question {
    const char *name;
    uint8_t octets[16];
    socklen_t length;
    int family;
} question;

/// What a code of h_errno(3) is called in the family of `EAI_...`.
static int32_t resolver_code_of(int host_error) {
    switch (host_error) {
    case TRY_AGAIN:
        return EAI_AGAIN;
    case NO_RECOVERY:
        return EAI_FAIL;
#ifdef EAI_NODATA
    case NO_DATA:
        return EAI_NODATA;
#endif
    default:
        return EAI_NONAME;
    }
}

/// Asks once: 0, `-ERANGE` when the memory is too small, or another failure.
static int32_t ask(const question *question, minato_host_entry *entry, size_t capacity, int32_t *resolver_code) {
    struct hostent *found = NULL;
    int host_error = 0;
    errno = 0;
    int error = question->name != NULL
                    ? gethostbyname2_r(
                          question->name, question->family, &entry->host, entry->memory, capacity, &found, &host_error)
                    : gethostbyaddr_r(
                          question->octets, question->length, question->family, &entry->host, entry->memory, capacity,
                          &found, &host_error);
    int system_error = errno;
    if (error == ERANGE) return -ERANGE;
    if (found != NULL) return 0;
    if (host_error == NETDB_INTERNAL) return system_error > 0 ? -system_error : -EIO;
    *resolver_code = resolver_code_of(host_error);
    return -ENOENT;
}

static int32_t find(const question *question, minato_host_entry **entry, int32_t *resolver_code) {
    *entry = NULL;
    *resolver_code = 0;
    if (question->family != AF_INET && question->family != AF_INET6) return -EAFNOSUPPORT;
    for (size_t capacity = FIRST_CAPACITY;; capacity *= 2) {
        minato_host_entry *made = malloc(sizeof *made + capacity);
        if (made == NULL) return -ENOMEM;
        int32_t result = ask(question, made, capacity, resolver_code);
        if (result == 0) {
            *entry = made;
            return 0;
        }
        free(made);
        if (result != -ERANGE || capacity == LAST_CAPACITY) return result;
    }
}

int32_t minato_host_entry_find(const char *name, int32_t family, minato_host_entry **entry, int32_t *resolver_code) {
    const question question = {.name = name, .octets = {0}, .length = 0, .family = family};
    return find(&question, entry, resolver_code);
}

int32_t
minato_host_entry_find_address(const minato_address *address, minato_host_entry **entry, int32_t *resolver_code) {
    question question = {.name = NULL, .octets = {0}, .length = 0, .family = minato_address_family(address)};
    int32_t length = minato_address_octets(address, question.octets);
    question.length = length < 0 ? 0 : (socklen_t)length;
    return find(&question, entry, resolver_code);
}

const char *minato_host_entry_name(const minato_host_entry *entry) {
    return entry->host.h_name;
}

const char *minato_host_entry_alias(const minato_host_entry *entry, size_t index) {
    for (size_t i = 0; entry->host.h_aliases[i] != NULL; i++) {
        if (i == index) return entry->host.h_aliases[i];
    }
    return NULL;
}

int32_t minato_host_entry_address(const minato_host_entry *entry, size_t index, minato_address *address) {
    for (size_t i = 0; entry->host.h_addr_list[i] != NULL; i++) {
        if (i != index) continue;
        const uint8_t *octets = (const uint8_t *)entry->host.h_addr_list[i];
        if (entry->host.h_addrtype == AF_INET) {
            minato_address_set_ipv4(address, octets, 0);
        } else {
            minato_address_set_ipv6(address, octets, 0, 0, 0);
        }
        return 0;
    }
    return -EINVAL;
}

void minato_host_entry_free(minato_host_entry *entry) {
    free(entry);
}
