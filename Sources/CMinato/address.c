#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "minato/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "address_internal.h"

/// The 20 bits of `sin6_flowinfo` that are the flow label (RFC 6437); the traffic class lies above them.
#define FLOW_LABEL_MASK 0x000fffff

static struct sockaddr_in ipv4_of(const minato_address *address) {
    struct sockaddr_in value;
    memcpy(&value, address, sizeof value);
    return value;
}

static struct sockaddr_in6 ipv6_of(const minato_address *address) {
    struct sockaddr_in6 value;
    memcpy(&value, address, sizeof value);
    return value;
}

/// Writes `length` bytes, which may be those of the address itself, and clears the rest.
static void assign(minato_address *address, const void *bytes, size_t length) {
    memmove(address, bytes, length);
    minato_address_set_size(address, (socklen_t)length);
}

void minato_address_set_ipv4(minato_address *address, const uint8_t *octets, uint16_t port) {
    struct sockaddr_in value = {.sin_family = AF_INET, .sin_port = htons(port)};
    memcpy(&value.sin_addr, octets, 4);
    assign(address, &value, sizeof value);
}

void minato_address_set_ipv6(
    minato_address *address, const uint8_t *octets, uint16_t port, uint32_t scope_id, uint32_t flow_info) {
    struct sockaddr_in6 value = {
        .sin6_family = AF_INET6,
        .sin6_port = htons(port),
        .sin6_flowinfo = htonl(flow_info & FLOW_LABEL_MASK),
        .sin6_scope_id = scope_id};
    memcpy(&value.sin6_addr, octets, 16);
    assign(address, &value, sizeof value);
}

int32_t minato_address_set_unix_path(minato_address *address, const char *path, size_t length) {
    if (length == 0 || memchr(path, 0, length) != NULL) return -EINVAL;
    if (length > MINATO_ADDRESS_UNIX_MAX) return -ENAMETOOLONG;
    struct sockaddr_un value = {.sun_family = AF_UNIX};
    memcpy(value.sun_path, path, length);
    // With its NUL, as the kernel counts when it reports a path.
    assign(address, &value, MINATO_ADDRESS_UNIX_OFFSET + length + 1);
    return 0;
}

int32_t minato_address_set_unix_abstract(minato_address *address, const uint8_t *name, size_t length) {
    if (length == 0) return -EINVAL;
    if (length > MINATO_ADDRESS_UNIX_MAX) return -ENAMETOOLONG;
    struct sockaddr_un value = {.sun_family = AF_UNIX};
    memcpy(value.sun_path + 1, name, length);
    assign(address, &value, MINATO_ADDRESS_UNIX_OFFSET + 1 + length);
    return 0;
}

void minato_address_set_unix_unnamed(minato_address *address) {
    sa_family_t family = AF_UNIX;
    assign(address, &family, MINATO_ADDRESS_UNIX_OFFSET);
}

/// `set_raw` for Unix: bytes behind the NUL of a path are not part of it.
static int32_t set_raw_unix(minato_address *address, const char *bytes, size_t length) {
    const char *name = bytes + MINATO_ADDRESS_UNIX_OFFSET;
    size_t rest = length - MINATO_ADDRESS_UNIX_OFFSET;
    if (rest > 0 && name[0] != 0) rest = strnlen(name, rest);
    if (rest > sizeof((struct sockaddr_un *)0)->sun_path) return -EINVAL;
    struct sockaddr_un value = {.sun_family = AF_UNIX};
    memcpy(value.sun_path, name, rest);
    bool room_for_nul = rest > 0 && name[0] != 0 && rest < sizeof value.sun_path;
    assign(address, &value, MINATO_ADDRESS_UNIX_OFFSET + rest + room_for_nul);
    return 0;
}

int32_t minato_address_set_raw(minato_address *address, const void *bytes, size_t length) {
    sa_family_t family;
    if (length < sizeof family || length > MINATO_ADDRESS_CAPACITY) return -EINVAL;
    memcpy(&family, bytes, sizeof family);
    switch (family) {
    case AF_INET: {
        struct sockaddr_in value;
        if (length < sizeof value) return -EINVAL;
        memcpy(&value, bytes, sizeof value);
        memset(value.sin_zero, 0, sizeof value.sin_zero);
        assign(address, &value, sizeof value);
        return 0;
    }
    case AF_INET6:
        if (length < sizeof(struct sockaddr_in6)) return -EINVAL;
        assign(address, bytes, sizeof(struct sockaddr_in6));
        return 0;
    case AF_UNIX:
        return set_raw_unix(address, bytes, length);
    default:
        assign(address, bytes, length);
        return 0;
    }
}

int32_t minato_address_family(const minato_address *address) {
    sa_family_t family;
    memcpy(&family, address, sizeof family);
    return family;
}

int32_t minato_address_port(const minato_address *address) {
    switch (minato_address_family(address)) {
    case AF_INET:
        return ntohs(ipv4_of(address).sin_port);
    case AF_INET6:
        return ntohs(ipv6_of(address).sin6_port);
    default:
        return -EAFNOSUPPORT;
    }
}

int32_t minato_address_set_port(minato_address *address, uint16_t port) {
    in_port_t value = htons(port);
    switch (minato_address_family(address)) {
    case AF_INET:
        memcpy((char *)address + offsetof(struct sockaddr_in, sin_port), &value, sizeof value);
        return 0;
    case AF_INET6:
        memcpy((char *)address + offsetof(struct sockaddr_in6, sin6_port), &value, sizeof value);
        return 0;
    default:
        return -EAFNOSUPPORT;
    }
}

int32_t minato_address_octets(const minato_address *address, uint8_t *octets) {
    switch (minato_address_family(address)) {
    case AF_INET:
        memcpy(octets, (const char *)address + offsetof(struct sockaddr_in, sin_addr), 4);
        return 4;
    case AF_INET6:
        memcpy(octets, (const char *)address + offsetof(struct sockaddr_in6, sin6_addr), 16);
        return 16;
    default:
        return -EAFNOSUPPORT;
    }
}

uint32_t minato_address_scope_id(const minato_address *address) {
    return minato_address_family(address) == AF_INET6 ? ipv6_of(address).sin6_scope_id : 0;
}

uint32_t minato_address_flow_info(const minato_address *address) {
    if (minato_address_family(address) != AF_INET6) return 0;
    return ntohl(ipv6_of(address).sin6_flowinfo) & FLOW_LABEL_MASK;
}

bool minato_address_is_mapped(const minato_address *address, minato_address *plain) {
    if (minato_address_family(address) != AF_INET6) return false;
    struct sockaddr_in6 value = ipv6_of(address);
    if (!IN6_IS_ADDR_V4MAPPED(&value.sin6_addr)) return false;
    if (plain != NULL) minato_address_set_ipv4(plain, value.sin6_addr.s6_addr + 12, ntohs(value.sin6_port));
    return true;
}

int32_t minato_address_unix_kind(const minato_address *address) {
    if (minato_address_family(address) != AF_UNIX) return -EAFNOSUPPORT;
    // The kernel reports an unnamed socket by its family alone, 2 bytes.
    if (minato_address_size(address) <= MINATO_ADDRESS_UNIX_OFFSET) return MINATO_UNIX_UNNAMED;
    return ((const char *)address)[MINATO_ADDRESS_UNIX_OFFSET] == 0 ? MINATO_UNIX_ABSTRACT : MINATO_UNIX_PATH;
}

int32_t minato_address_unix_name(const minato_address *address, uint8_t *name, size_t capacity) {
    int32_t kind = minato_address_unix_kind(address);
    if (kind < 0) return kind;
    if (kind == MINATO_UNIX_UNNAMED) return 0;
    const char *start = (const char *)address + MINATO_ADDRESS_UNIX_OFFSET;
    size_t length = minato_address_size(address) - MINATO_ADDRESS_UNIX_OFFSET;
    if (kind == MINATO_UNIX_ABSTRACT) {
        start += 1;
        length -= 1;
    } else {
        // A path of 108 bytes fills its field and has no NUL.
        length = strnlen(start, length);
    }
    if (length > capacity) return -ENOBUFS;
    memcpy(name, start, length);
    return (int32_t)length;
}

const void *minato_address_bytes(const minato_address *address, uint32_t *length) {
    socklen_t size = minato_address_size(address);
    // An address that was never set is at least a family, AF_UNSPEC, which connect(2) takes to dissolve an association.
    *length = size < sizeof(sa_family_t) ? (uint32_t)sizeof(sa_family_t) : size;
    return address;
}

static int32_t compare_numbers(uint32_t left, uint32_t right) {
    return (left > right) - (left < right);
}

static int32_t compare_bytes(const void *left, size_t left_length, const void *right, size_t right_length) {
    int order = memcmp(left, right, left_length < right_length ? left_length : right_length);
    if (order != 0) return order < 0 ? -1 : 1;
    return compare_numbers((uint32_t)left_length, (uint32_t)right_length);
}

static int32_t compare_ip(const minato_address *left, const minato_address *right) {
    uint8_t left_octets[16], right_octets[16];
    int32_t count = minato_address_octets(left, left_octets);
    minato_address_octets(right, right_octets);
    int32_t order = compare_bytes(left_octets, (size_t)count, right_octets, (size_t)count);
    if (order == 0) order = minato_address_port(left) - minato_address_port(right);
    if (order == 0) order = compare_numbers(minato_address_scope_id(left), minato_address_scope_id(right));
    if (order == 0) order = compare_numbers(minato_address_flow_info(left), minato_address_flow_info(right));
    return (order > 0) - (order < 0);
}

static int32_t compare_unix(const minato_address *left, const minato_address *right) {
    int32_t order = minato_address_unix_kind(left) - minato_address_unix_kind(right);
    if (order != 0) return order < 0 ? -1 : 1;
    uint8_t left_name[MINATO_ADDRESS_UNIX_MAX + 1], right_name[MINATO_ADDRESS_UNIX_MAX + 1];
    int32_t left_length = minato_address_unix_name(left, left_name, sizeof left_name);
    int32_t right_length = minato_address_unix_name(right, right_name, sizeof right_name);
    return compare_bytes(left_name, (size_t)left_length, right_name, (size_t)right_length);
}

int32_t minato_address_compare(const minato_address *left, const minato_address *right) {
    int32_t family = minato_address_family(left);
    int32_t order = compare_numbers((uint32_t)family, (uint32_t)minato_address_family(right));
    if (order != 0) return order;
    if (family == AF_INET || family == AF_INET6) return compare_ip(left, right);
    if (family == AF_UNIX) return compare_unix(left, right);
    uint32_t left_length, right_length;
    const void *left_bytes = minato_address_bytes(left, &left_length);
    const void *right_bytes = minato_address_bytes(right, &right_length);
    return compare_bytes(left_bytes, left_length, right_bytes, right_length);
}
