/// Deadlines: points of CLOCK_MONOTONIC in nanoseconds, the only form in which a blocking call takes a time limit.
///
/// A deadline is absolute so that a call that was interrupted (`-EINTR`) or partly done can be made again with the same
/// value: the time never stretches.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_CLOCK_H
#define MINATO_CLOCK_H

#include "minato/base.h"

/// The deadline that never comes: wait for ever.
#define MINATO_NO_DEADLINE 0x7fffffffffffffff

/// The deadline that has always passed: try once, never wait. A call that would have to wait returns `-EAGAIN` for this
/// value (and any below it), and `-ETIMEDOUT` once a real deadline has passed.
#define MINATO_NO_WAIT 0

MINATO_BEGIN_DECLARATIONS

/// The present, in nanoseconds of CLOCK_MONOTONIC. Always greater than `MINATO_NO_WAIT`. See clock_gettime(2).
MINATO_API int64_t minato_clock_now(void);

/// The deadline that lies `nanoseconds` from now.
///
/// Zero gives `MINATO_NO_WAIT`; a sum past the end of the range gives `MINATO_NO_DEADLINE`; a negative number gives
/// `-EINVAL`, which is no deadline.
MINATO_API int64_t minato_clock_deadline(int64_t nanoseconds);

/// The deadline that lies `seconds` from now, rounded up to whole nanoseconds so that no positive time becomes zero.
///
/// Infinity gives `MINATO_NO_DEADLINE`; a negative number or NaN gives `-EINVAL`. For hosts whose time is a float.
MINATO_API int64_t minato_clock_deadline_from_seconds(double seconds);

/// Nanoseconds that are left until `deadline`: zero when it has passed, `INT64_MAX` for `MINATO_NO_DEADLINE`.
MINATO_API int64_t minato_clock_remaining(int64_t deadline);

MINATO_END_DECLARATIONS

#endif
