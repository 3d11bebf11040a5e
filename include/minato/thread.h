/// One value per thread, by which an event loop knows in a few instructions whether it runs on its own thread.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_THREAD_H
#define MINATO_THREAD_H

#include "minato/base.h"

MINATO_BEGIN_DECLARATIONS

/// The value that this thread set last; NULL on a thread that set none, and in the threads that it starts.
///
/// After fork(2) the child's one thread has the value of the thread that forked.
MINATO_API void *MINATO_NULLABLE minato_thread_value(void);

/// Sets this thread's value. It is only compared, never used as an address.
MINATO_API void minato_thread_set_value(void *MINATO_NULLABLE value);

MINATO_END_DECLARATIONS

#endif
