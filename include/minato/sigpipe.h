/// SIGPIPE kept away from a stretch of code that cannot ask for MSG_NOSIGNAL: sendfile(2), or a library that writes to
/// sockets itself.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_SIGPIPE_H
#define MINATO_SIGPIPE_H

#include "minato/base.h"

MINATO_BEGIN_DECLARATIONS

/// What `minato_sigpipe_end` has to set back; 136 bytes, opaque.
typedef struct minato_sigpipe_guard {
    uint64_t opaque_[17];
} minato_sigpipe_guard;

/// Blocks SIGPIPE for the calling thread. Each begin is paired with an end on the same thread; pairs may nest.
MINATO_API void minato_sigpipe_begin(minato_sigpipe_guard *guard);

/// Takes away a SIGPIPE that came up in between, and sets the thread's signal mask back. One that was pending before
/// stays.
MINATO_API void minato_sigpipe_end(const minato_sigpipe_guard *guard);

MINATO_END_DECLARATIONS

#endif
