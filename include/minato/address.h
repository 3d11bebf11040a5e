/// Socket addresses as one value of fixed size, for every family.
///
/// A `minato_address` lives anywhere (stack, array, foreign memory aligned to 8) and is copied by assignment. Its bytes
/// are private: read them through the accessors. A zeroed value is the empty address, of family AF_UNSPEC.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_ADDRESS_H
#define MINATO_ADDRESS_H

#include "minato/base.h"

/// The longest text that `minato_address_format` makes, NUL included.
#define MINATO_ADDRESS_TEXT_MAX 512

/// The longest path or abstract name of a Unix socket, in bytes (sun_path keeps one for the NUL). See unix(7).
#define MINATO_ADDRESS_UNIX_MAX 107

MINATO_BEGIN_DECLARATIONS

/// An address of any family; 136 bytes, aligned to 8.
typedef struct minato_address {
    uint64_t opaque_[17];
} minato_address;

/// The kinds of names that a Unix address can have: what `minato_address_unix_kind` returns.
enum {
    /// No name: an unbound socket. Bound to, it asks the kernel to choose an abstract name ("autobind").
    MINATO_UNIX_UNNAMED = 0,
    /// A path of the file system.
    MINATO_UNIX_PATH = 1,
    /// A name of the abstract name space: any bytes, of exact length, gone with its socket.
    MINATO_UNIX_ABSTRACT = 2
};

/// Makes an IPv4 address from four octets in network order and a port. Never fails.
MINATO_API void
minato_address_set_ipv4(minato_address *address, const uint8_t *octets MINATO_COUNTED_BY(4), uint16_t port);

/// Makes an IPv6 address from sixteen octets in network order, a port, a scope id (interface index, 0 for none) and
/// flow information (the 20 bits of the flow label, host order; 0 for none). Never fails. See ipv6(7).
MINATO_API void minato_address_set_ipv6(
    minato_address *address, const uint8_t *octets MINATO_COUNTED_BY(16), uint16_t port, uint32_t scope_id,
    uint32_t flow_info);

/// Makes the address of a Unix socket at a path of `length` bytes.
///
/// `-EINVAL` for an empty path or a NUL inside, `-ENAMETOOLONG` beyond `MINATO_ADDRESS_UNIX_MAX`: a path is never cut.
MINATO_API int32_t
minato_address_set_unix_path(minato_address *address, const char *path MINATO_COUNTED_BY(length), size_t length);

/// Makes an abstract Unix address whose name is exactly these `length` bytes (no leading NUL is written by the caller).
///
/// `-EINVAL` for an empty name, `-ENAMETOOLONG` beyond `MINATO_ADDRESS_UNIX_MAX`.
MINATO_API int32_t
minato_address_set_unix_abstract(minato_address *address, const uint8_t *name MINATO_COUNTED_BY(length), size_t length);

/// Makes the unnamed Unix address. Never fails.
MINATO_API void minato_address_set_unix_unnamed(minato_address *address);

/// Makes an address of any family from the bytes of its `struct sockaddr_*`, family first.
///
/// What lies behind the NUL of a Unix path is dropped. `-EINVAL` when there are fewer than two bytes, more than
/// `sizeof(struct sockaddr_storage)`, or fewer than a known family needs.
MINATO_API int32_t
minato_address_set_raw(minato_address *address, const void *bytes MINATO_SIZED_BY(length), size_t length);

/// Reads the text that `minato_address_format` writes: `127.0.0.1:80`, `[::1]:80`, `[fe80::1%eth0]:80`, `unix:/run/x`,
/// `unix:@name`, `unix:`, and `raw:` with hexadecimal digits for families other than IP and Unix. Numbers only, nothing
/// is looked up but the name of an interface. The port may not be missing.
///
/// `-EINVAL` for any other text, a port outside 0-65535 and a NUL; `-ENODEV` for an unknown interface; `-ENAMETOOLONG`
/// for a Unix name that does not fit.
MINATO_API int32_t
minato_address_parse(minato_address *address, const char *text MINATO_COUNTED_BY(length), size_t length);

/// Writes the address as text, always NUL-terminated and cut to `capacity` (`MINATO_ADDRESS_TEXT_MAX` always suffices).
///
/// Parsing the text gives an equal address, except that flow information is not written, and that names which only the
/// kernel or raw bytes can make (a path of 108 bytes, an abstract name of none) are refused. A scope id is written as a
/// number. Bytes of a Unix name that are not printable ASCII, a backslash, and a leading `@` of a path become `\xNN`.
/// Families other than IP and Unix: `raw:` and their bytes in hexadecimal; the empty address is `raw:0000`. Returns the
/// length of the whole text without its NUL.
MINATO_API int32_t
minato_address_format(const minato_address *address, char *buffer MINATO_COUNTED_BY(capacity), size_t capacity);

/// The address family: AF_INET, AF_INET6, AF_UNIX ... or AF_UNSPEC for the empty address.
MINATO_API int32_t minato_address_family(const minato_address *address);

/// The port of an IP address in host order, or `-EAFNOSUPPORT`.
MINATO_API int32_t minato_address_port(const minato_address *address);

/// Changes the port of an IP address; `-EAFNOSUPPORT` for another family.
MINATO_API int32_t minato_address_set_port(minato_address *address, uint16_t port);

/// Copies the octets of an IP address in network order and returns how many: 4 or 16. `-EAFNOSUPPORT` for another
/// family.
MINATO_API int32_t minato_address_octets(const minato_address *address, uint8_t *octets MINATO_COUNTED_BY(16));

/// The scope id of an IPv6 address (an interface index), zero for every other.
MINATO_API uint32_t minato_address_scope_id(const minato_address *address);

/// The flow label of an IPv6 address in host order, zero for every other.
MINATO_API uint32_t minato_address_flow_info(const minato_address *address);

/// Whether an IPv6 address is an IPv4-mapped one (`::ffff:1.2.3.4`); if so, and `plain` is not NULL, writes the IPv4
/// address with the same port there.
MINATO_API bool minato_address_is_mapped(const minato_address *address, minato_address *MINATO_NULLABLE plain);

/// One of `MINATO_UNIX_...`, or `-EAFNOSUPPORT` for another family.
MINATO_API int32_t minato_address_unix_kind(const minato_address *address);

/// Copies the path or abstract name of a Unix address, without a NUL in front or behind, and returns its length.
///
/// `-EAFNOSUPPORT` for another family, `-ENOBUFS` when `capacity` is too small (`MINATO_ADDRESS_UNIX_MAX + 1` suffices:
/// the kernel accepts a path of 108 bytes that other programs bind).
MINATO_API int32_t
minato_address_unix_name(const minato_address *address, uint8_t *name MINATO_COUNTED_BY(capacity), size_t capacity);

/// The bytes of the `struct sockaddr_*` inside the value, valid as long as the value is; `length` receives their
/// number.
///
/// For passing to a system call that Minato does not wrap.
MINATO_API const void *minato_address_bytes(const minato_address *address, uint32_t *length);

/// Orders addresses by family, then by every meaningful field. Zero when they are equal; padding never counts.
MINATO_API int32_t minato_address_compare(const minato_address *left, const minato_address *right);

MINATO_END_DECLARATIONS

#endif
