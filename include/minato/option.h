/// Socket options by level and name: `SOL_SOCKET, SO_KEEPALIVE`, with the kernel's own constants.
///
/// Every function returns 0 or `-errno` (`-ENOPROTOOPT` for an unknown option) unless it says otherwise. Python:
/// `setsockopt`, `getsockopt`. See setsockopt(2), socket(7), tcp(7), ip(7), ipv6(7).
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_OPTION_H
#define MINATO_OPTION_H

#include "minato/address.h"
#include "minato/base.h"

MINATO_BEGIN_DECLARATIONS

/// Sets an option whose value is an int.
MINATO_API int32_t minato_option_set_integer(int32_t descriptor, int32_t level, int32_t name, int32_t value);

/// Reads an option whose value is an int (or a single byte, as some IP options are); `-EINVAL` when it has another
/// size.
MINATO_API int32_t minato_option_get_integer(int32_t descriptor, int32_t level, int32_t name, int32_t *value);

/// Sets an option that is on or off.
MINATO_API int32_t minato_option_set_boolean(int32_t descriptor, int32_t level, int32_t name, bool value);

/// Reads an option that is on or off: any number but 0 is on.
MINATO_API int32_t minato_option_get_boolean(int32_t descriptor, int32_t level, int32_t name, bool *value);

/// Sets an option whose value is a `struct timeval` (SO_RCVTIMEO, SO_SNDTIMEO), in nanoseconds, rounded up to
/// microseconds. `-EINVAL` below zero; `MINATO_NO_DEADLINE` and zero both mean "none" to the kernel.
MINATO_API int32_t minato_option_set_duration(int32_t descriptor, int32_t level, int32_t name, int64_t nanoseconds);

/// Reads an option whose value is a `struct timeval`, in nanoseconds; `-EINVAL` when it has another size.
MINATO_API int32_t minato_option_get_duration(int32_t descriptor, int32_t level, int32_t name, int64_t *nanoseconds);

/// Sets SO_LINGER: closing waits up to `seconds` for unsent data; on with 0 seconds resets the connection. `-EINVAL`
/// for negative seconds.
MINATO_API int32_t minato_option_set_linger(int32_t descriptor, bool on, int32_t seconds);

/// Reads SO_LINGER.
MINATO_API int32_t minato_option_get_linger(int32_t descriptor, bool *on, int32_t *seconds);

/// Sets an option to bytes as they are (a struct of the kernel). `value` may be NULL, as for `setsockopt(level, name,
/// None, length)`.
MINATO_API int32_t minato_option_set_bytes(
    int32_t descriptor, int32_t level, int32_t name, const void *MINATO_NULLABLE value MINATO_SIZED_BY(length),
    size_t length);

/// Reads an option as bytes and returns how many the kernel wrote, at most `capacity`.
MINATO_API int32_t minato_option_get_bytes(
    int32_t descriptor, int32_t level, int32_t name, void *value MINATO_SIZED_BY(capacity), size_t capacity);

/// Joins a multicast group, IPv4 or IPv6, on an interface (0: the kernel chooses). See ip(7), MCAST_JOIN_GROUP, RFC
/// 3678.
///
/// `source`, unless NULL, admits datagrams of that sender only. `-EAFNOSUPPORT` for an address that is not IP.
MINATO_API int32_t minato_option_join_group(
    int32_t descriptor, const minato_address *group, const minato_address *MINATO_NULLABLE source,
    uint32_t interface_index);

/// Leaves what `minato_option_join_group` joined with the same arguments.
MINATO_API int32_t minato_option_leave_group(
    int32_t descriptor, const minato_address *group, const minato_address *MINATO_NULLABLE source,
    uint32_t interface_index);

/// Sets how far multicast datagrams go, in hops, 0-255; `family` is AF_INET or AF_INET6 (so for the two below).
MINATO_API int32_t minato_option_set_multicast_hops(int32_t descriptor, int32_t family, int32_t hops);

/// Sets whether the sending host hears its own multicast datagrams.
MINATO_API int32_t minato_option_set_multicast_loop(int32_t descriptor, int32_t family, bool loop);

/// Sets the interface that multicast datagrams leave by (0: the kernel chooses).
MINATO_API int32_t minato_option_set_multicast_interface(int32_t descriptor, int32_t family, uint32_t interface_index);

MINATO_END_DECLARATIONS

#endif
