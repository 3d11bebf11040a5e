/// Preloaded into a program: its allocation number FAIL_AT fails, from 1; with FAIL_ALL, all that follow do too. At the end it
/// writes `ALLOCATIONS LIVE` to the descriptor FAIL_REPORT: how many there were, and how many blocks were not given back.
///
/// The allocator itself is glibc's, called by its other names, so that nothing is looked up while memory is asked for.
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void __libc_free(void *block);

static atomic_long asked, live, fail_at;
static atomic_bool fail_all;

__attribute__((constructor)) static void begin(void) {
    const char *number = getenv("FAIL_AT");
    // When memory fails while glibc reads /etc/nsswitch.conf for the first look-up of a process, it aborts or follows a null
    // pointer (seen in 2.36): so that is over before anything fails.
    struct addrinfo *answer = NULL;
    if (getaddrinfo("localhost", "80", NULL, &answer) == 0) freeaddrinfo(answer);
    atomic_store(&asked, 0);
    atomic_store(&live, 0);
    atomic_store(&fail_all, getenv("FAIL_ALL") != NULL);
    atomic_store(&fail_at, number == NULL ? 0 : atol(number));
}

__attribute__((destructor)) static void end(void) {
    const char *descriptor = getenv("FAIL_REPORT");
    if (descriptor != NULL) dprintf(atoi(descriptor), "%ld %ld\n", atomic_load(&asked), atomic_load(&live));
}

static int fails(void) {
    long number = atomic_fetch_add(&asked, 1) + 1, at = atomic_load(&fail_at);
    if (at == 0 || number < at || (number > at && !atomic_load(&fail_all))) return 0;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *block) {
    if (block != NULL) atomic_fetch_add(&live, 1);
    return block;
}

void *malloc(size_t size) {
    return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t count, size_t size) {
    return fails() ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size) {
    if (fails()) return NULL;
    return old == NULL ? counted(__libc_realloc(old, size)) : __libc_realloc(old, size);
}

void free(void *block) {
    if (block != NULL) atomic_fetch_sub(&live, 1);
    __libc_free(block);
}
