/// Signals as a descriptor that can be read and waited for beside sockets.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_SIGNAL_H
#define MINATO_SIGNAL_H

#include "minato/base.h"
#include "minato/clock.h"

MINATO_BEGIN_DECLARATIONS

/// A signal that was read: see signalfd(2) for the fields.
typedef struct minato_signal_info {
    /// The number: SIGTERM ...
    int32_t signal;
    /// Why it was sent: SI_USER, SI_KERNEL ...
    int32_t code;
    /// The process that sent it, 0 when there is none.
    int32_t process;
    /// The real user of that process.
    uint32_t user;
} minato_signal_info;

/// Opens a descriptor (close-on-exec, non-blocking) that becomes readable when one of the signals is pending, and
/// blocks them for the calling thread.
///
/// A signal is delivered to any thread that does not block it: call this on the main thread before others are started,
/// which inherit its mask, or block the signals in each with `minato_signal_block`. A program that is started inherits
/// the mask too: unblock between fork and exec. `-EINVAL` for a number that is no signal. See signalfd(2).
MINATO_API int32_t minato_signal_open(const int32_t *MINATO_NULLABLE signals MINATO_COUNTED_BY(count), size_t count);

/// Waits for the next signal of a descriptor of `minato_signal_open`; 0 on success. Deadline and `-EINTR` as in
/// socket.h.
MINATO_API int32_t minato_signal_read(int32_t descriptor, int64_t deadline, minato_signal_info *info);

/// Blocks signals for the calling thread. `-EINVAL` for a number that is no signal. See pthread_sigmask(3).
MINATO_API int32_t minato_signal_block(const int32_t *MINATO_NULLABLE signals MINATO_COUNTED_BY(count), size_t count);

/// Unblocks signals for the calling thread.
MINATO_API int32_t minato_signal_unblock(const int32_t *MINATO_NULLABLE signals MINATO_COUNTED_BY(count), size_t count);

MINATO_END_DECLARATIONS

#endif
