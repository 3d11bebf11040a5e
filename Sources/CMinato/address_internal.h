/// The inside of `minato_address`, for the files of this library only.
///
/// A `struct sockaddr_storage` lies in the first 128 bytes and its length, a `socklen_t`, at byte 128. Whoever writes
/// an address clears all of it first, so that two equal addresses have equal bytes. The value is declared as an array
/// of integers: read and write it by memcpy, and use the pointers below for system calls only (C11 6.5, aliasing).
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_ADDRESS_INTERNAL_H
#define MINATO_ADDRESS_INTERNAL_H

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "minato/address.h"

/// Bytes for a `struct sockaddr_*`: what a system call that fills an address is told.
#define MINATO_ADDRESS_CAPACITY ((socklen_t)sizeof(struct sockaddr_storage))

/// Where the path or abstract name of a Unix address begins.
#define MINATO_ADDRESS_UNIX_OFFSET offsetof(struct sockaddr_un, sun_path)

_Static_assert(sizeof(struct sockaddr_storage) == 128, "the storage fills the first 128 bytes");
_Static_assert(sizeof(minato_address) == 136, "the size of minato_address is part of the binary interface");

/// The address for a system call that fills it.
static inline struct sockaddr *minato_address_sockaddr(minato_address *address) {
    return (struct sockaddr *)(void *)address;
}

/// The address for a system call that reads it.
static inline const struct sockaddr *minato_address_const_sockaddr(const minato_address *address) {
    return (const struct sockaddr *)(const void *)address;
}

/// The length for a system call; 0 for an address that was never set.
static inline socklen_t minato_address_size(const minato_address *address) {
    socklen_t size;
    memcpy(&size, (const char *)address + sizeof(struct sockaddr_storage), sizeof size);
    return size;
}

/// Takes over the length that the kernel reported, which may be more than it wrote, and clears what lies behind it.
static inline void minato_address_set_size(minato_address *address, socklen_t size) {
    if (size > MINATO_ADDRESS_CAPACITY) size = MINATO_ADDRESS_CAPACITY;
    sa_family_t family;
    memcpy(&family, address, sizeof family);
    // A path of 108 bytes comes back with the NUL that the kernel keeps behind it, one byte more than it would take.
    if (family == AF_UNIX && size > sizeof(struct sockaddr_un)) size = sizeof(struct sockaddr_un);
    memset((char *)address + size, 0, sizeof *address - size);
    memcpy((char *)address + sizeof(struct sockaddr_storage), &size, sizeof size);
}

#endif
