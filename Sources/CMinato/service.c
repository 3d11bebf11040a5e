#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#include "minato/resolve.h"

/// Room for one line of /etc/services or /etc/protocols with all its aliases.
#define ENTRY_CAPACITY 8192

/// Copies a text with its NUL and returns its length.
static int32_t give(const char *text, char *buffer, size_t capacity) {
    size_t length = strlen(text);
    if (length >= capacity) return -ENOBUFS;
    memcpy(buffer, text, length + 1);
    return (int32_t)length;
}

int32_t minato_service_port(const char *name, const char *protocol) {
    struct servent entry, *found = NULL;
    char memory[ENTRY_CAPACITY];
    int error = getservbyname_r(name, protocol, &entry, memory, sizeof memory, &found);
    if (error == ERANGE) return -ERANGE;
    return found == NULL ? -ENOENT : ntohs((uint16_t)found->s_port);
}

int32_t minato_service_name(uint16_t port, const char *protocol, char *name, size_t capacity) {
    struct servent entry, *found = NULL;
    char memory[ENTRY_CAPACITY];
    int error = getservbyport_r(htons(port), protocol, &entry, memory, sizeof memory, &found);
    if (error == ERANGE) return -ERANGE;
    return found == NULL ? -ENOENT : give(found->s_name, name, capacity);
}

int32_t minato_protocol_number(const char *name) {
#ifdef __GLIBC__
    struct protoent entry, *found = NULL;
    char memory[ENTRY_CAPACITY];
    int error = getprotobyname_r(name, &entry, memory, sizeof memory, &found);
    if (error == ERANGE) return -ERANGE;
#else
    // musl has a constant table and no reentrant form.
    struct protoent *found = getprotobyname(name);
#endif
    return found == NULL ? -ENOENT : found->p_proto;
}

int32_t minato_interface_index(const char *name) {
    unsigned int index = if_nametoindex(name);
    if (index == 0) return -errno;
    return (int32_t)index;
}

int32_t minato_interface_name(uint32_t index, char *name, size_t capacity) {
    char text[IF_NAMESIZE];
    if (if_indextoname(index, text) == NULL) return -errno;
    return give(text, name, capacity);
}

int32_t minato_interface_list(uint32_t *indexes, size_t capacity) {
    struct if_nameindex *entries = if_nameindex();
    if (entries == NULL) return -errno;
    size_t count = 0;
    for (; entries[count].if_index != 0; count += 1) {
        if (count < capacity) indexes[count] = entries[count].if_index;
    }
    if_freenameindex(entries);
    return (int32_t)count;
}

int32_t minato_host_name(char *name, size_t capacity) {
    char text[HOST_NAME_MAX + 1];
    if (gethostname(text, sizeof text) < 0) return -errno;
    // POSIX leaves open whether a name that was cut is terminated.
    text[sizeof text - 1] = 0;
    return give(text, name, capacity);
}
