/// Messages: scatter and gather, ancillary data, batches. sendmsg(2), recvmsg(2), cmsg(3).
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_MESSAGE_H
#define MINATO_MESSAGE_H

#include "minato/address.h"
#include "minato/base.h"
#include "minato/clock.h"

MINATO_BEGIN_DECLARATIONS

/// A piece of memory to send from or receive into: the layout of `struct iovec`.
typedef struct minato_buffer {
    void *MINATO_NULLABLE base;
    size_t length;
} minato_buffer;

/// Ancillary data: a caller's memory with whole items in front, built by `minato_control_append...` or filled by a
/// receive.
typedef struct minato_control {
    /// Aligned to 8 bytes (`size_t`).
    void *MINATO_NULLABLE bytes;
    /// How many bytes the memory has.
    size_t capacity;
    /// How many of them hold items.
    size_t length;
} minato_control;

/// One item of ancillary data, pointing into the memory it was read from.
typedef struct minato_control_item {
    /// SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6 ...
    int32_t level;
    /// SCM_RIGHTS, SCM_CREDENTIALS, IP_PKTINFO ...
    int32_t type;
    const void *MINATO_NULLABLE data;
    /// Bytes of data that are there.
    size_t length;
    /// 1 when the item claims more bytes than there are. Linux shortens the claim of an item that it cuts, so after
    /// MSG_CTRUNC the last item may be incomplete although this is 0: compare `length` with what the type needs.
    int32_t truncated;
} minato_control_item;

/// Which process sent a message, as the kernel vouches for it: SCM_CREDENTIALS, SO_PEERCRED.
typedef struct minato_credentials {
    int32_t process;
    uint32_t user;
    uint32_t group;
} minato_credentials;

/// Which local address and interface a datagram came to, or shall leave from: IP_PKTINFO, IPV6_PKTINFO.
typedef struct minato_packet_info {
    /// An IP address with port 0.
    minato_address address;
    /// 0: unknown when received, the kernel's choice when sent.
    uint32_t interface_index;
} minato_packet_info;

/// One datagram of a batch.
typedef struct minato_datagram {
    /// The bytes to send, or the memory to receive into.
    minato_buffer buffer;
    /// Where to (an empty address: the connected peer), or from whom.
    minato_address address;
    /// Ancillary data; all zero for none. On receipt `length` is set.
    minato_control control;
    /// Set on return: bytes sent, or the datagram's true length (more than `buffer.length` when it was cut).
    size_t length;
    /// Set by a receive: MSG_TRUNC, MSG_CTRUNC ...
    int32_t flags;
} minato_datagram;

/// Bytes of ancillary memory that an item of `payload` bytes takes, padding included, or `-EOVERFLOW`. See cmsg(3),
/// CMSG_SPACE.
MINATO_API int64_t minato_control_space(size_t payload);

/// Bytes that such an item takes without the padding behind it, or `-EOVERFLOW`. See cmsg(3), CMSG_LEN.
MINATO_API int64_t minato_control_length(size_t payload);

/// Appends an item as it is. `-ENOBUFS` when it does not fit, `-EINVAL` when the memory is missing or not aligned to 8.
MINATO_API int32_t minato_control_append(
    minato_control *control, int32_t level, int32_t type, const void *MINATO_NULLABLE data MINATO_SIZED_BY(length),
    size_t length);

/// Appends descriptors to pass (SCM_RIGHTS): at least one, at most 253; else `-EINVAL`. See unix(7).
MINATO_API int32_t minato_control_append_descriptors(
    minato_control *control, const int32_t *descriptors MINATO_COUNTED_BY(count), size_t count);

/// Appends credentials (SCM_CREDENTIALS); only a privileged process may name others than its own.
MINATO_API int32_t minato_control_append_credentials(minato_control *control, const minato_credentials *credentials);

/// Appends the local address and interface to send from. `-EAFNOSUPPORT` for an address that is not IP.
MINATO_API int32_t minato_control_append_packet_info(minato_control *control, const minato_packet_info *info);

/// Appends the size in which the kernel shall cut one large buffer into datagrams (UDP_SEGMENT). See udp(7).
MINATO_API int32_t minato_control_append_segment_size(minato_control *control, uint16_t size);

/// Walks over received ancillary data: 1 and an item, or 0 at the end.
///
/// `cursor` starts at 0 and belongs to the walk. Whatever the bytes are, nothing outside `control->length` is read: an
/// item that claims more than there is comes out with what is there and `truncated` set, and ends the walk.
MINATO_API int32_t minato_control_next(const minato_control *control, size_t *cursor, minato_control_item *item);

/// Copies the descriptors of an SCM_RIGHTS item and returns how many whole ones it has; `-EINVAL` for another item,
/// `-ENOBUFS` when there are more than `capacity`. The receiver owns them: close each.
MINATO_API int32_t minato_control_descriptors(
    const minato_control_item *item, int32_t *descriptors MINATO_COUNTED_BY(capacity), size_t capacity);

/// Reads an SCM_CREDENTIALS item; `-EINVAL` for another or a truncated one.
MINATO_API int32_t minato_control_credentials(const minato_control_item *item, minato_credentials *credentials);

/// Reads an IP_PKTINFO or IPV6_PKTINFO item; `-EINVAL` for another or a truncated one.
MINATO_API int32_t minato_control_packet_info(const minato_control_item *item, minato_packet_info *info);

/// Reads an item whose payload is an int or shorter number (UDP_GRO, IP_TTL, SO_RXQ_OVFL ...); `-EINVAL` when it is
/// not.
MINATO_API int32_t minato_control_integer(const minato_control_item *item, int32_t *value);

/// Closes every descriptor that received ancillary data carries, for a receiver that did not ask for them. Returns how
/// many were closed.
MINATO_API int32_t minato_control_close_descriptors(const minato_control *control);

/// Sends one message gathered from `count` buffers and returns the bytes sent.
///
/// `address` NULL: the connected peer. `control` NULL: no ancillary data. No buffers at all sends an empty datagram.
/// `-EMSGSIZE` for more buffers than IOV_MAX. Deadline and `-EINTR` as in socket.h. Python: `sendmsg`.
MINATO_API int64_t minato_message_send(
    int32_t descriptor, const minato_buffer *MINATO_NULLABLE buffers MINATO_COUNTED_BY(count), size_t count,
    const minato_address *MINATO_NULLABLE address, const minato_control *MINATO_NULLABLE control, int32_t flags,
    int64_t deadline);

/// Receives one message scattered into `count` buffers and returns the bytes received, as recv(2) does.
///
/// - `sender`, unless NULL: from whom. `control`, unless NULL: receives ancillary data and sets its `length`.
/// - `received_flags`, unless NULL: MSG_TRUNC (the datagram was cut; with MSG_TRUNC in `flags` the result is its true
///   length), MSG_CTRUNC (ancillary data was cut), MSG_EOR ... MSG_CMSG_CLOEXEC is used always and never shown.
///
/// Descriptors that arrive belong to the caller, who closes each. Without `control` the kernel drops them. Python:
/// `recvmsg`, `recvmsg_into`.
MINATO_API int64_t minato_message_receive(
    int32_t descriptor, const minato_buffer *MINATO_NULLABLE buffers MINATO_COUNTED_BY(count), size_t count,
    minato_address *MINATO_NULLABLE sender, minato_control *MINATO_NULLABLE control, int32_t flags,
    int32_t *MINATO_NULLABLE received_flags, int64_t deadline);

/// How many datagrams one batch call handles at most: a larger `count` is served in part.
#define MINATO_BATCH_MAX 64

/// Sends up to `count` datagrams with one system call and returns how many were sent, at least 1. See sendmmsg(2).
///
/// An error is returned only for the first datagram; for a later one the count so far is, and the error comes up when
/// the caller goes on with the rest. `count` 0 gives 0.
MINATO_API int32_t minato_message_send_batch(
    int32_t descriptor, minato_datagram *datagrams MINATO_COUNTED_BY(count), size_t count, int32_t flags,
    int64_t deadline);

/// Waits for a datagram and receives what is there, up to `count`, with one system call; returns how many. See
/// recvmmsg(2).
///
/// For datagram sockets only: MSG_TRUNC, which tells a datagram's true length, throws the data of a TCP stream away.
MINATO_API int32_t minato_message_receive_batch(
    int32_t descriptor, minato_datagram *datagrams MINATO_COUNTED_BY(count), size_t count, int32_t flags,
    int64_t deadline);

MINATO_END_DECLARATIONS

#endif
