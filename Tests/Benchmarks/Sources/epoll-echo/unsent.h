/// The rest of a reply that the kernel did not take yet.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef BENCHMARKS_UNSENT_H
#define BENCHMARKS_UNSENT_H

#include <stddef.h>

struct unsent;

/// Copies the bytes. NULL when there is no memory.
struct unsent *unsent_make(const char *bytes, size_t count);

/// Sends as much as the kernel takes: 0 when that was all, -EAGAIN when some is left, else what went wrong.
int unsent_send(struct unsent *unsent, int descriptor);

/// Lets go of it; NULL is allowed.
void unsent_free(struct unsent *unsent);

#endif
