#include "minato/thread.h"

#include <pthread.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_THREAD_SANITIZER
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define WITH_THREAD_SANITIZER
#endif

static _Thread_local void *thread_value = NULL;

/// Changed in a child only while it has one thread.
static uint32_t forks = 0;

static void child_begins(void) {
    forks += 1;
    thread_value = NULL;
}

/// Before `main`, or when the library is loaded: later a fork might come first.
__attribute__((constructor)) static void watch_forks(void) {
    pthread_atfork(NULL, NULL, child_begins);
}

void *minato_thread_value(void) {
    return thread_value;
}

void minato_thread_set_value(void *value) {
    thread_value = value;
}

uint32_t minato_thread_forks(void) {
    return forks;
}

#ifdef WITH_THREAD_SANITIZER
void __tsan_acquire(void *address);

void minato_thread_acquire(const void *address) {
    __tsan_acquire((void *)(uintptr_t)address);
}
#else
void minato_thread_acquire(const void *address) {
    (void)address;
}
#endif
