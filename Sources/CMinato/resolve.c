#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "minato/resolve.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "address_internal.h"

struct minato_resolution {
    struct addrinfo *first;
    size_t count;
};

/// What a resolver code is as a result.
static int32_t result_of(int code, int error) {
    switch (code) {
    case 0:
        return 0;
    // Some libraries report a failure of the system without a reason.
    case EAI_SYSTEM:
        return error > 0 ? -error : -EIO;
    case EAI_OVERFLOW:
        return -ENOBUFS;
    default:
        return -ENOENT;
    }
}

/// Makes a NUL-terminated copy of a text.
static int32_t terminate(char *copy, size_t capacity, const char *text, size_t length) {
    if (length > 0 && memchr(text, 0, length) != NULL) return -EINVAL;
    if (length >= capacity) return -ENAMETOOLONG;
    if (length > 0) memcpy(copy, text, length);
    copy[length] = 0;
    return 0;
}

/// Refuses the text that getaddrinfo of glibc takes for none, so that the answer would be this machine, or port 0.
static bool is_text(const char *text) {
    return strcmp(text, "*") != 0;
}

/// Refuses the numbers that getaddrinfo takes through strtoul(3) and cuts to 16 bits: `65616` would be port 80, and so
/// would ` +80`.
static bool is_acceptable_service(const char *service) {
    if (!is_text(service) || strspn(service, " \t\n\v\f\r+-") > 0) return false;
    if (service[strspn(service, "0123456789")] != 0) return true;
    service += strspn(service, "0");
    size_t digits = strlen(service);
    return digits < 5 || (digits == 5 && strcmp(service, "65535") <= 0);
}

int32_t minato_resolve(
    const char *host, size_t host_length, const char *service, size_t service_length, int32_t family, int32_t type,
    int32_t protocol, int32_t flags, minato_resolution **resolution, int32_t *resolver_code) {
    char host_text[MINATO_HOST_NAME_MAX];
    char service_text[MINATO_HOST_NAME_MAX];
    *resolution = NULL;
    *resolver_code = 0;
    int32_t result = host == NULL ? 0 : terminate(host_text, sizeof host_text, host, host_length);
    if (result < 0) return result;
    result = service == NULL ? 0 : terminate(service_text, sizeof service_text, service, service_length);
    if (result < 0) return result;
    if (host != NULL && !is_text(host_text)) return -EINVAL;
    if (service != NULL && !is_acceptable_service(service_text)) return -EINVAL;

    struct minato_resolution *answer = malloc(sizeof *answer);
    if (answer == NULL) return -ENOMEM;
    struct addrinfo hints = {.ai_flags = flags, .ai_family = family, .ai_socktype = type, .ai_protocol = protocol};
    answer->first = NULL;
    errno = 0;
    int code = getaddrinfo(
        host == NULL ? NULL : host_text, service == NULL ? NULL : service_text, &hints, &answer->first);
    int error = errno;
    if (code != 0) {
        free(answer);
        *resolver_code = code;
        return result_of(code, error);
    }
    answer->count = 0;
    for (struct addrinfo *entry = answer->first; entry != NULL; entry = entry->ai_next) answer->count += 1;
    *resolution = answer;
    return 0;
}

size_t minato_resolution_count(const minato_resolution *resolution) {
    return resolution->count;
}

int32_t minato_resolution_get(
    const minato_resolution *resolution, size_t index, minato_address *address, int32_t *family, int32_t *type,
    int32_t *protocol) {
    if (index >= resolution->count) return -EINVAL;
    const struct addrinfo *entry = resolution->first;
    for (; index > 0; index -= 1) entry = entry->ai_next;
    if (address != NULL) {
        int32_t result = minato_address_set_raw(address, entry->ai_addr, entry->ai_addrlen);
        if (result < 0) return result;
    }
    if (family != NULL) *family = entry->ai_family;
    if (type != NULL) *type = entry->ai_socktype;
    if (protocol != NULL) *protocol = entry->ai_protocol;
    return 0;
}

const char *minato_resolution_canonical_name(const minato_resolution *resolution) {
    return resolution->first->ai_canonname;
}

void minato_resolution_free(minato_resolution *resolution) {
    if (resolution == NULL) return;
    freeaddrinfo(resolution->first);
    free(resolution);
}

int32_t minato_resolve_address(
    const minato_address *address, int32_t flags, char *host, size_t host_capacity, char *service,
    size_t service_capacity, int32_t *resolver_code) {
    if (host_capacity > MINATO_HOST_NAME_MAX) host_capacity = MINATO_HOST_NAME_MAX;
    if (service_capacity > MINATO_HOST_NAME_MAX) service_capacity = MINATO_HOST_NAME_MAX;
    errno = 0;
    int code = getnameinfo(
        minato_address_const_sockaddr(address), minato_address_size(address), host, (socklen_t)host_capacity, service,
        (socklen_t)service_capacity, flags);
    int error = errno;
    *resolver_code = code;
    return result_of(code, error);
}
