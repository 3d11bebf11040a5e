/// What an event loop has to know about threads and processes: whether it runs on its own thread, and whether it has one.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_THREAD_H
#define MINATO_THREAD_H

#include "minato/base.h"

MINATO_BEGIN_DECLARATIONS

/// The value that this thread set last; NULL on a thread that set none, and in the threads that it starts.
///
/// After fork(2) it is NULL in the child.
MINATO_API void *MINATO_NULLABLE minato_thread_value(void);

/// Sets this thread's value. It is only compared, never used as an address.
MINATO_API void minato_thread_set_value(void *MINATO_NULLABLE value);

/// How often this process, and those that it was forked from, have forked since the library was loaded.
///
/// A number that differs from an earlier one tells that this is a child, which has none of the threads of its parent but
/// the one that forked. Only fork(3) of the C library counts: not vfork, posix_spawn, and clone.
MINATO_API uint32_t minato_thread_forks(void);

/// Tells ThreadSanitizer, in a build with it, that this thread sees everything that a thread did before it released
/// `address`; else does nothing.
///
/// For tasks of Swift: its runtime releases a task when a continuation is resumed, and does not acquire it when that
/// came before the task had stopped, which makes for false reports.
MINATO_API void minato_thread_acquire(const void *MINATO_NULLABLE address);

MINATO_END_DECLARATIONS

#endif
