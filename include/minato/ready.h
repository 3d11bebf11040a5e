/// Waiting until descriptors are ready: one, a few, or three sets of them. For many and often, see poller.h.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_READY_H
#define MINATO_READY_H

#include "minato/base.h"
#include "minato/clock.h"

MINATO_BEGIN_DECLARATIONS

/// What a descriptor is waited for, and what it is ready for. The last three are always reported, asked for or not.
enum {
    /// Reading will not block: data, a connection to accept, or the end of the stream.
    MINATO_READABLE = 1,
    /// Writing will not block.
    MINATO_WRITABLE = 2,
    /// Out-of-band data. See POLLPRI in poll(2).
    MINATO_PRIORITY = 4,
    /// The peer has closed its sending side (POLLRDHUP): only when asked for.
    MINATO_READ_CLOSED = 8,
    /// Both directions are closed (POLLHUP).
    MINATO_HANGUP = 16,
    /// An error is pending (POLLERR): the next call on the descriptor returns it.
    MINATO_ERROR = 32,
    /// The descriptor is not open (POLLNVAL).
    MINATO_INVALID = 64
};

/// A descriptor of `minato_poll`, the interest in it, and the answer: `MINATO_READABLE` and so on, in both.
typedef struct minato_poll_entry {
    /// Negative: skipped, nothing is reported.
    int32_t descriptor;
    uint32_t interest;
    uint32_t ready;
} minato_poll_entry;

/// One of the three sets of `minato_select`: descriptor numbers, and a byte for each that is set to 1 when it is ready.
typedef struct minato_select_set {
    const int32_t *MINATO_NULLABLE descriptors;
    uint8_t *MINATO_NULLABLE ready;
    size_t count;
} minato_select_set;

/// Waits until one descriptor is ready and returns the flags that hold.
///
/// `-ETIMEDOUT` or `-EAGAIN` (see clock.h) when none holds by the deadline, `-EINTR`, `-EBADF` when it is not open.
MINATO_API int32_t minato_wait(int32_t descriptor, uint32_t interest, int64_t deadline);

/// Waits until one of `count` entries is ready and returns how many are; 0 when the deadline comes first.
///
/// No entries: waits for the deadline. Never returns early. `-EINTR`: the entries are as they were. See poll(2).
MINATO_API int32_t
minato_poll(minato_poll_entry *MINATO_NULLABLE entries MINATO_COUNTED_BY(count), size_t count, int64_t deadline);

/// Waits until a descriptor of one of the three sets is ready and returns how many memberships are; 0 at the deadline.
///
/// As select(2), without its limit of 1,024: any number, in any order, the same one in several sets or twice in one. A
/// NULL set is empty. Readable includes end of stream, hang-up and errors, writable includes errors, exceptional is
/// out-of-band data. `-EBADF` when a number is not open. On failure the `ready` bytes are all 0. Python:
/// `select.select`.
MINATO_API int32_t minato_select(
    const minato_select_set *MINATO_NULLABLE readable, const minato_select_set *MINATO_NULLABLE writable,
    const minato_select_set *MINATO_NULLABLE exceptional, int64_t deadline);

MINATO_END_DECLARATIONS

#endif
