/// Names to addresses and back: hosts, services, protocols, network interfaces.
///
/// Host and service look-ups block without a limit (the C library cannot interrupt them); a program that must not wait
/// makes them on a thread of its own.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_RESOLVE_H
#define MINATO_RESOLVE_H

#include "minato/address.h"
#include "minato/base.h"

/// The longest host name that `minato_resolve_address` writes, NUL included (NI_MAXHOST).
#define MINATO_HOST_NAME_MAX 1025

/// The longest service or interface name that is written, NUL included (NI_MAXSERV).
#define MINATO_SERVICE_NAME_MAX 32

MINATO_BEGIN_DECLARATIONS

/// The answer of a look-up: opaque, owned by the caller, immutable, readable from any thread.
typedef struct minato_resolution minato_resolution;

/// Looks up a host and a service and gives every answer, in the order of RFC 6724.
///
/// - `host`: a name, an address in numbers, or NULL (with `AI_PASSIVE` the wildcard, else the loopback address).
/// - `service`: a name or a number 0-65535 in decimal, or NULL for port 0.
/// - `family`, `type`, `protocol`: as for socket(2), 0 for any. `flags`: `AI_...`.
/// - `resolution`: receives the answer, to be freed with `minato_resolution_free`; NULL on failure.
/// - `resolver_code`: receives the `EAI_...` code on failure, else 0.
///
/// On failure returns `-errno` for `EAI_SYSTEM`; `-EINVAL` for a NUL inside a text, `*`, or a number that is out of range;
/// `-ENAMETOOLONG` for a host or service of more than 1,024 bytes; `-ENOMEM`; and `-ENOENT` for every other resolver
/// code. Python: `socket.getaddrinfo`. See getaddrinfo(3).
MINATO_API int32_t minato_resolve(
    const char *MINATO_NULLABLE host MINATO_COUNTED_BY(host_length), size_t host_length,
    const char *MINATO_NULLABLE service MINATO_COUNTED_BY(service_length), size_t service_length, int32_t family,
    int32_t type, int32_t protocol, int32_t flags, minato_resolution *MINATO_NULLABLE *MINATO_NONNULL resolution,
    int32_t *resolver_code);

/// How many addresses the answer has; at least one.
MINATO_API size_t minato_resolution_count(const minato_resolution *resolution);

/// One address of the answer, with the family, type and protocol to open a socket with.
///
/// Any of the out-parameters may be NULL. `-EINVAL` when there is no such index.
MINATO_API int32_t minato_resolution_get(
    const minato_resolution *resolution, size_t index, minato_address *MINATO_NULLABLE address,
    int32_t *MINATO_NULLABLE family, int32_t *MINATO_NULLABLE type, int32_t *MINATO_NULLABLE protocol);

/// The canonical name of the host, when `AI_CANONNAME` asked for it, else NULL. Lives as long as the answer.
MINATO_API const char *MINATO_NULLABLE minato_resolution_canonical_name(const minato_resolution *resolution);

/// Frees an answer. NULL is allowed.
MINATO_API void minato_resolution_free(minato_resolution *MINATO_NULLABLE resolution);

/// Looks up the names of an address; `flags` are `NI_...`. Both texts are NUL-terminated.
///
/// Either buffer may be NULL with capacity 0, both to ask only whether the address is well-formed. Failure as for
/// `minato_resolve`, `-ENOBUFS` for `EAI_OVERFLOW`. Python: `socket.getnameinfo`. See getnameinfo(3).
MINATO_API int32_t minato_resolve_address(
    const minato_address *address, int32_t flags, char *MINATO_NULLABLE host MINATO_COUNTED_BY(host_capacity),
    size_t host_capacity, char *MINATO_NULLABLE service MINATO_COUNTED_BY(service_capacity), size_t service_capacity,
    int32_t *resolver_code);

/// What a host is called and where it is, with its aliases: opaque, owned by the caller, immutable, readable from any
/// thread.
typedef struct minato_host_entry minato_host_entry;

/// Looks up a host by name, with its aliases, which `minato_resolve` does not tell.
///
/// - `name`: a name, or an address in numbers, NUL-terminated. `family`: AF_INET or AF_INET6.
/// - `entry`: receives the answer, to be freed with `minato_host_entry_free`; NULL on failure.
/// - `resolver_code`: receives the `EAI_...` code that says the same as the one of h_errno on failure, else 0.
///
/// Failure as for `minato_resolve`; `-EAFNOSUPPORT` for another family. Python: `socket.gethostbyname_ex`. See
/// gethostbyname2_r(3).
MINATO_API int32_t minato_host_entry_find(
    const char *name, int32_t family, minato_host_entry *MINATO_NULLABLE *MINATO_NONNULL entry, int32_t *resolver_code);

/// Looks up a host by an IP address, with its aliases. Results as for `minato_host_entry_find`. Python:
/// `socket.gethostbyaddr`. See gethostbyaddr_r(3).
MINATO_API int32_t minato_host_entry_find_address(
    const minato_address *address, minato_host_entry *MINATO_NULLABLE *MINATO_NONNULL entry, int32_t *resolver_code);

/// The name of the host. Lives as long as the entry, as the aliases do.
MINATO_API const char *minato_host_entry_name(const minato_host_entry *entry);

/// One alias of the host, or NULL when there is no such index.
MINATO_API const char *MINATO_NULLABLE minato_host_entry_alias(const minato_host_entry *entry, size_t index);

/// One address of the host, with port 0; `-EINVAL` when there is no such index.
MINATO_API int32_t minato_host_entry_address(const minato_host_entry *entry, size_t index, minato_address *address);

/// Frees an entry. NULL is allowed.
MINATO_API void minato_host_entry_free(minato_host_entry *MINATO_NULLABLE entry);

/// The port of a service in host order, `"http"` for `"tcp"`; `protocol` NULL for any. Both are NUL-terminated.
///
/// `-ENOENT` for an unknown service, `-ERANGE` for an entry of more than 8 KiB in the services file. Python:
/// `socket.getservbyname`. See getservbyname_r(3).
MINATO_API int32_t minato_service_port(const char *name, const char *MINATO_NULLABLE protocol);

/// Writes the name of the service at a port and returns its length. `-ENOENT` for an unknown one, `-ENOBUFS` when it
/// does not fit. Python: `socket.getservbyport`.
MINATO_API int32_t minato_service_name(
    uint16_t port, const char *MINATO_NULLABLE protocol, char *name MINATO_COUNTED_BY(capacity), size_t capacity);

/// The number of a protocol, `"tcp"` is 6; `-ENOENT` for an unknown one. Python: `socket.getprotobyname`.
MINATO_API int32_t minato_protocol_number(const char *name);

/// The index of a network interface, `"lo"`; `-ENODEV` for an unknown one. Python: `socket.if_nametoindex`.
MINATO_API int32_t minato_interface_index(const char *name);

/// Writes the name of the interface with an index and returns its length; `-ENXIO` for an unknown one, `-ENOBUFS` when
/// it does not fit (`MINATO_SERVICE_NAME_MAX` suffices). Python: `socket.if_indextoname`.
MINATO_API int32_t minato_interface_name(uint32_t index, char *name MINATO_COUNTED_BY(capacity), size_t capacity);

/// Writes the indexes of the network interfaces, at most `capacity`, and returns how many there are.
///
/// Python: `socket.if_nameindex`. See if_nameindex(3).
MINATO_API int32_t minato_interface_list(uint32_t *indexes MINATO_COUNTED_BY(capacity), size_t capacity);

/// Writes the name of this host and returns its length; `-ENOBUFS` when it does not fit. Python: `socket.gethostname`.
MINATO_API int32_t minato_host_name(char *name MINATO_COUNTED_BY(capacity), size_t capacity);

MINATO_END_DECLARATIONS

#endif
