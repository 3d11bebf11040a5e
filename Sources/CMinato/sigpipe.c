#include "internal.h"

#include "minato/sigpipe.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

typedef struct guard_state {
    sigset_t previous_mask;
    bool was_pending;
} guard_state;

_Static_assert(sizeof(guard_state) <= sizeof(minato_sigpipe_guard), "the public guard must hold the state");

static void only_sigpipe(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

void minato_sigpipe_begin(minato_sigpipe_guard *guard) {
    guard_state state;
    memset(&state, 0, sizeof state);
    sigset_t sigpipe;
    only_sigpipe(&sigpipe);
    pthread_sigmask(SIG_BLOCK, &sigpipe, &state.previous_mask);
    // A SIGPIPE that is sent to a thread by a write is pending for that thread; one that was there before is not ours. There can
    // be none where it was not blocked.
    if (sigismember(&state.previous_mask, SIGPIPE) == 1) {
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        state.was_pending = sigismember(&pending, SIGPIPE) == 1;
    }
    memcpy(guard, &state, sizeof state);
}

void minato_sigpipe_end(const minato_sigpipe_guard *guard) {
    guard_state state;
    memcpy(&state, guard, sizeof state);
    sigset_t sigpipe;
    only_sigpipe(&sigpipe);
    if (!state.was_pending) {
        static const struct timespec at_once = {0, 0};
        while (sigtimedwait(&sigpipe, NULL, &at_once) < 0 && errno == EINTR) continue;
    }
    pthread_sigmask(SIG_SETMASK, &state.previous_mask, NULL);
}
