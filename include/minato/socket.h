/// The verbs of a socket over plain descriptor numbers.
///
/// What holds for all of them:
///
/// - Descriptors that are made or received here are close-on-exec from birth.
/// - A call that can wait takes a `deadline` (see clock.h). It tries first and waits only when the kernel would block,
///   so a deadline that has passed still does what can be done at once. `-ETIMEDOUT` when the deadline comes, `-EAGAIN`
///   when the deadline is `MINATO_NO_WAIT`. `-EADDRNOTAVAIL` at once when an IP socket needs a port and all are taken.
/// - What goes on to block though poll(2) calls it ready, such as MSG_PEEK before an out-of-band byte of a Unix stream, is
///   looked at again and again until the deadline, every 50 ms at last. So is what other threads are faster to receive or
///   to accept, but it is tried once more without a pause, and then every millisecond.
/// - A signal ends the wait with `-EINTR`, so that a host language can run its handlers; call again with the same
///   deadline. What was done before is in the out-parameter.
/// - MSG_DONTWAIT among the flags is the deadline `MINATO_NO_WAIT`.
/// - It works on blocking and non-blocking descriptors alike. Connecting and sending a file make a blocking descriptor
///   non-blocking for the time of the call. Accept alone can wait past the deadline on a blocking descriptor, in the
///   rare race that the connection goes away between the wait and the call. `minato_socket_set_blocking` chooses.
/// - SIGPIPE is never raised.
/// - One descriptor may be used by several threads at a time, one of which may call `minato_socket_shutdown` to wake
///   the rest. Closing does not wake anybody, and the number is free for reuse at once: shut down, join, then close.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_SOCKET_H
#define MINATO_SOCKET_H

#include "minato/address.h"
#include "minato/base.h"
#include "minato/clock.h"

MINATO_BEGIN_DECLARATIONS

/// What `minato_socket_inspect` finds out about a descriptor.
typedef struct minato_socket_info {
    /// AF_INET, AF_INET6, AF_UNIX ...
    int32_t family;
    /// SOCK_STREAM, SOCK_DGRAM ..., without flags.
    int32_t type;
    /// IPPROTO_TCP ... as the kernel filled it in.
    int32_t protocol;
    /// 1 when listen(2) has been called on it, else 0.
    int32_t listening;
} minato_socket_info;

/// Opens a socket and returns its descriptor. `type` may carry SOCK_NONBLOCK. Python: `socket.socket`. See socket(2).
MINATO_API int32_t minato_socket_open(int32_t family, int32_t type, int32_t protocol);

/// Opens two sockets that are connected to each other. Python: `socket.socketpair`. See socketpair(2).
MINATO_API int32_t
minato_socket_pair(int32_t family, int32_t type, int32_t protocol, int32_t *descriptors MINATO_COUNTED_BY(2));

/// Finds out family, type and protocol of a descriptor; `-ENOTSOCK` when it is not a socket. Python: `socket(fileno=)`.
MINATO_API int32_t minato_socket_inspect(int32_t descriptor, minato_socket_info *info);

/// Closes a descriptor, once: after `-EINTR` or `-EIO` the number is gone too, so never call again. See close(2).
MINATO_API int32_t minato_socket_close(int32_t descriptor);

/// Duplicates a descriptor; the copy is close-on-exec. Python: `socket.dup`. See fcntl(2), F_DUPFD_CLOEXEC.
MINATO_API int32_t minato_socket_duplicate(int32_t descriptor);

/// Binds to a local address. Python: `bind`. See bind(2).
MINATO_API int32_t minato_socket_bind(int32_t descriptor, const minato_address *address);

/// Makes a listening socket. A negative backlog counts as 0; the kernel caps it at net.core.somaxconn. See listen(2).
MINATO_API int32_t minato_socket_listen(int32_t descriptor, int32_t backlog);

/// Takes a connection and returns its descriptor.
///
/// `flags` is 0 or SOCK_NONBLOCK, for the new descriptor. `peer`, unless NULL, receives the peer's address. Errors of
/// the connection itself (`-ECONNABORTED`, `-EPROTO`, network errors) are reported: a server goes on after them. See
/// accept(2).
MINATO_API int32_t
minato_socket_accept(int32_t descriptor, int32_t flags, int64_t deadline, minato_address *MINATO_NULLABLE peer);

/// Takes a connection from a listening descriptor that has O_NONBLOCK, with accept4(2) and no other system call:
/// `-EAGAIN` when there is none. On a blocking descriptor it waits for ever.
///
/// Arguments and the other results as `minato_socket_accept`. For event loops.
MINATO_API int32_t minato_socket_accept_once(int32_t descriptor, int32_t flags, minato_address *MINATO_NULLABLE peer);

/// Connects, and waits until the connection stands or has failed.
///
/// After `-EINTR` call again: it goes on waiting for the same attempt. `-EISCONN` when a stream has another peer
/// already. After `-ETIMEDOUT` or `-EAGAIN` the attempt goes on in the kernel; wait again with
/// `minato_socket_finish_connect` or close. A Unix socket whose peer's backlog is full waits too (the kernel refuses
/// that to a non-blocking descriptor; the descriptor blocks for that time, under SO_SNDTIMEO, and is set back
/// afterwards). See connect(2).
MINATO_API int32_t minato_socket_connect(int32_t descriptor, const minato_address *address, int64_t deadline);

/// Starts to connect on a non-blocking descriptor: 0 when connected at once, 1 when under way (wait until it is
/// writable, then call `minato_socket_finish_connect`), or the failure (`-EAGAIN`: a Unix peer's backlog is full).
MINATO_API int32_t minato_socket_start_connect(int32_t descriptor, const minato_address *address);

/// Waits for a started connect: 0 when it stands, else its failure, read from SO_ERROR. `-ENOTCONN` for a stream that has not
/// started to connect, or whose failure was given before.
MINATO_API int32_t minato_socket_finish_connect(int32_t descriptor, int64_t deadline);

/// Sends some of `count` bytes and returns how many the kernel took (0 only for `count` 0 or an empty datagram).
///
/// `flags`: `MSG_...`; MSG_NOSIGNAL is added. Python: `send`. See send(2).
MINATO_API int64_t minato_socket_send(
    int32_t descriptor, const void *bytes MINATO_SIZED_BY(count) MINATO_NOESCAPE, size_t count, int32_t flags,
    int64_t deadline);

/// Sends some of `count` bytes without waiting: one system call, `-EAGAIN` when nothing can be sent. For event loops.
///
/// As `minato_socket_send` without flags and with `MINATO_NO_WAIT`, in fewer instructions: it is no cancellation point
/// of pthreads.
MINATO_API int64_t
minato_socket_send_once(int32_t descriptor, const void *bytes MINATO_SIZED_BY(count) MINATO_NOESCAPE, size_t count);

/// Sends all of `count` bytes of a stream under one deadline; 0 on success.
///
/// `sent` receives how many bytes the kernel took, after a failure and `-EINTR` too: go on from there. Python:
/// `sendall`.
MINATO_API int32_t minato_socket_send_all(
    int32_t descriptor, const void *bytes MINATO_SIZED_BY(count) MINATO_NOESCAPE, size_t count, int32_t flags,
    int64_t deadline, size_t *sent);

/// Sends one datagram to an address and returns its length.
///
/// A full queue of a Unix socket that is named here is waited for inside sendto(2), under SO_SNDTIMEO, which is set
/// back afterwards: when several threads wait so on one descriptor at a time, one may wait past its deadline.
///
/// Python: `sendto`. See sendto(2).
MINATO_API int64_t minato_socket_send_to(
    int32_t descriptor, const void *bytes MINATO_SIZED_BY(count) MINATO_NOESCAPE, size_t count, int32_t flags,
    const minato_address *address, int64_t deadline);

/// Receives at most `capacity` bytes and returns how many; 0 is the end of a stream, or an empty datagram.
///
/// With MSG_TRUNC in `flags` a datagram's true length is returned, which is more than `capacity` when it was cut. With
/// MSG_WAITALL a stream is received until the buffer is full; less is returned at its end, and when the deadline, a signal
/// or an error comes in between, which the next call tells. The other receiving calls do not know MSG_WAITALL.
/// Python: `recv`, `recv_into`. See recv(2).
MINATO_API int64_t minato_socket_receive(
    int32_t descriptor, void *buffer MINATO_SIZED_BY(capacity) MINATO_NOESCAPE, size_t capacity, int32_t flags,
    int64_t deadline);

/// Receives without waiting: one system call, `-EAGAIN` when nothing is there. For event loops.
///
/// As `minato_socket_receive` without flags and with `MINATO_NO_WAIT`, in fewer instructions: it is no cancellation
/// point of pthreads.
MINATO_API int64_t
minato_socket_receive_once(int32_t descriptor, void *buffer MINATO_SIZED_BY(capacity) MINATO_NOESCAPE, size_t capacity);

/// Receives as `minato_socket_receive` does and writes the sender's address (the empty address when there is none).
///
/// Python: `recvfrom`, `recvfrom_into`. See recvfrom(2).
MINATO_API int64_t minato_socket_receive_from(
    int32_t descriptor, void *buffer MINATO_SIZED_BY(capacity) MINATO_NOESCAPE, size_t capacity, int32_t flags,
    minato_address *sender, int64_t deadline);

/// Sends `count` bytes of an open file, from `offset`, without copying them through the program; 0 on success.
///
/// Ends early, with success, at the end of the file: `sent` tells. `sent` is right after a failure too. The file's own
/// position is neither used nor moved. Files that sendfile(2) cannot read are copied by pread(2); `-ESPIPE` for a pipe.
/// SIGPIPE is blocked for the thread meanwhile. Python: `sendfile`.
MINATO_API int32_t minato_socket_send_file(
    int32_t descriptor, int32_t file, int64_t offset, uint64_t count, int64_t deadline, uint64_t *sent);

/// Ends one or both directions: SHUT_RD, SHUT_WR, SHUT_RDWR. Wakes threads that wait on the socket. See shutdown(2).
MINATO_API int32_t minato_socket_shutdown(int32_t descriptor, int32_t how);

/// The local address. Python: `getsockname`. See getsockname(2).
MINATO_API int32_t minato_socket_local_address(int32_t descriptor, minato_address *address);

/// The peer's address; `-ENOTCONN` when there is none. Python: `getpeername`. See getpeername(2).
MINATO_API int32_t minato_socket_peer_address(int32_t descriptor, minato_address *address);

/// Sets or clears O_NONBLOCK, which belongs to the open file and so to every copy of the descriptor. See fcntl(2).
MINATO_API int32_t minato_socket_set_blocking(int32_t descriptor, bool blocking);

/// 1 when the descriptor blocks, 0 when it has O_NONBLOCK.
MINATO_API int32_t minato_socket_is_blocking(int32_t descriptor);

/// Sets or clears close-on-exec: an inheritable descriptor is passed on to programs that are started. Python:
/// `set_inheritable`.
MINATO_API int32_t minato_socket_set_inheritable(int32_t descriptor, bool inheritable);

/// 1 when the descriptor is inheritable, 0 when it is close-on-exec. Python: `get_inheritable`.
MINATO_API int32_t minato_socket_is_inheritable(int32_t descriptor);

MINATO_END_DECLARATIONS

#endif
