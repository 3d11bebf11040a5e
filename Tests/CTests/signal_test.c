#define _GNU_SOURCE
#include "minato/signal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"
#include "subjects.h"

static bool is_blocked(int number) {
    sigset_t set;
    pthread_sigmask(SIG_SETMASK, NULL, &set);
    return sigismember(&set, number) == 1;
}

static void mask(void) {
    static const int32_t signals[] = {SIGUSR2, SIGHUP};
    CHECK_INT(minato_signal_block(signals, 2), 0);
    CHECK(is_blocked(SIGUSR2) && is_blocked(SIGHUP));
    CHECK_INT(minato_signal_unblock(signals, 1), 0);
    CHECK(!is_blocked(SIGUSR2) && is_blocked(SIGHUP));
    CHECK_INT(minato_signal_unblock(signals, 2), 0);
    CHECK(!is_blocked(SIGHUP));
    CHECK_INT(minato_signal_block(signals, 0), 0);
    static const int32_t wrong[] = {0, -1, 65, 1000, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i += 1) {
        const int32_t pair[] = {SIGUSR2, wrong[i]};
        CHECK_INT(minato_signal_block(pair, 2), -EINVAL);
        CHECK_INT(minato_signal_unblock(pair, 2), -EINVAL);
        CHECK_INT(minato_signal_open(pair, 2), -EINVAL);
        CHECK(!is_blocked(SIGUSR2));
    }
}

static void read_signals(void) {
    static const int32_t signals[] = {SIGUSR2, SIGTERM};
    minato_signal_info info = {0};
    int32_t descriptor = CHECK_DESCRIPTOR(minato_signal_open(signals, 2));
    CHECK(is_blocked(SIGUSR2) && is_blocked(SIGTERM));
    CHECK((fcntl(descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK_INT(minato_signal_read(descriptor, MINATO_NO_WAIT, &info), -EAGAIN);
    CHECK_INT(kill(getpid(), SIGTERM), 0);
    CHECK_INT(minato_wait(descriptor, MINATO_READABLE, fixture_soon()), MINATO_READABLE);
    // A deadline that has passed still does what can be done at once.
    CHECK_INT(minato_signal_read(descriptor, MINATO_NO_WAIT, &info), 0);
    CHECK_INT(info.signal, SIGTERM);
    CHECK_INT(info.code, SI_USER);
    CHECK_INT(info.process, getpid());
    CHECK_INT(info.user, getuid());
    CHECK_INT(raise(SIGUSR2), 0);
    CHECK_INT(minato_signal_read(descriptor, fixture_soon(), &info), 0);
    CHECK_INT(info.signal, SIGUSR2);
    CHECK_INT(info.code, SI_TKILL);
    CHECK_INT(minato_signal_read(descriptor, MINATO_NO_WAIT, &info), -EAGAIN);
    fixture_close(descriptor);
    CHECK_INT(minato_signal_unblock(signals, 2), 0);
}

static void wrong_descriptors(void) {
    minato_signal_info info;
    CHECK_INT(minato_signal_read(-1, MINATO_NO_WAIT, &info), -EBADF);
    int32_t file = fixture_file(1000);
    CHECK_INT(minato_signal_read(file, MINATO_NO_WAIT, &info), -EINVAL);
    fixture_close(file);
}

static void *send_signal(void *thread) {
    pthread_kill(*(pthread_t *)thread, SIGUSR2);
    return NULL;
}

static void wait_for_signal(void) {
    static const int32_t signals[] = {SIGUSR2};
    int32_t descriptor = CHECK_DESCRIPTOR(minato_signal_open(signals, 1));
    pthread_t reader = pthread_self(), sender;
    minato_signal_info info = {0};
    CHECK_INT(pthread_create(&sender, NULL, send_signal, &reader), 0);
    CHECK_INT(minato_signal_read(descriptor, fixture_soon(), &info), 0);
    CHECK_INT(info.signal, SIGUSR2);
    CHECK_INT(pthread_join(sender, NULL), 0);
    fixture_close(descriptor);
    CHECK_INT(minato_signal_unblock(signals, 1), 0);
}

const struct check_test signal_tests[] = {
    {"signal: mask", mask},
    {"signal: read", read_signals},
    {"signal: descriptors of other kinds", wrong_descriptors},
    {"signal: wait", wait_for_signal},
    {0},
};
