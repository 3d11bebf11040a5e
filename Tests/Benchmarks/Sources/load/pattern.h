/// The bytes that are sent: an endless stream that repeats itself only after a prime number of bytes, so that nothing
/// lost, doubled or out of its order goes unseen.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef BENCHMARKS_PATTERN_H
#define BENCHMARKS_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/// Makes the bytes; to be called first.
void pattern_make(void);

/// The stream from a position on; at least MAX_MESSAGE bytes stand there.
const char *pattern_at(uint64_t position);

#endif
