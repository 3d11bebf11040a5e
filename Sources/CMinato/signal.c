#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "minato/signal.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "minato/ready.h"

static int32_t make_set(sigset_t *set, const int32_t *signals, size_t count) {
    sigemptyset(set);
    for (size_t i = 0; i < count; i += 1) {
        // The only failure of sigaddset(3): a number that is no signal, or one that the C library keeps for itself.
        if (sigaddset(set, signals[i]) < 0) return -EINVAL;
    }
    return 0;
}

static int32_t change_mask(int how, const int32_t *signals, size_t count) {
    sigset_t set;
    int32_t result = make_set(&set, signals, count);
    if (result < 0) return result;
    return -pthread_sigmask(how, &set, NULL);
}

int32_t minato_signal_open(const int32_t *signals, size_t count) {
    sigset_t set;
    int32_t result = make_set(&set, signals, count);
    if (result < 0) return result;
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor < 0) return -errno;
    result = -pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (result < 0) {
        close(descriptor);
        return result;
    }
    return descriptor;
}

int32_t minato_signal_read(int32_t descriptor, int64_t deadline, minato_signal_info *info) {
    struct signalfd_siginfo record;
    for (;;) {
        ssize_t count = read(descriptor, &record, sizeof record);
        if (count == (ssize_t)sizeof record) break;
        // Not a descriptor of signals.
        if (count >= 0) return -EINVAL;
        if (errno != EAGAIN) return -errno;
        // Another thread may take the signal in between: then wait again.
        int32_t ready = minato_wait(descriptor, MINATO_READABLE, deadline);
        if (ready < 0) return ready;
    }
    info->signal = (int32_t)record.ssi_signo;
    info->code = record.ssi_code;
    info->process = (int32_t)record.ssi_pid;
    info->user = record.ssi_uid;
    return 0;
}

int32_t minato_signal_block(const int32_t *signals, size_t count) {
    return change_mask(SIG_BLOCK, signals, count);
}

int32_t minato_signal_unblock(const int32_t *signals, size_t count) {
    return change_mask(SIG_UNBLOCK, signals, count);
}
