/// System calls without the wrappers of libc. Not installed.
///
/// send(3) and recv(3) are cancellation points, which costs a process with several threads as much again as the rest of
/// them; and the kernel answers with `-errno`, which is the convention of this library, so that nothing has to be fetched
/// from `errno`. On processors that are not known here, libc does it.
#ifndef MINATO_SYSTEM_CALL_H
#define MINATO_SYSTEM_CALL_H

#include "internal.h"

#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__) && !defined(__ILP32__)

/// Makes a call with six arguments: its answer or `-errno`. See syscall(2) for the registers.
static inline int64_t minato_system_call(long number, long a, long b, long c, long d, long e, long f) {
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long answer;
    __asm__ volatile("syscall"
                     : "=a"(answer)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return answer;
}

#elif defined(__aarch64__) && !defined(__ILP32__)

/// Makes a call with six arguments: its answer or `-errno`. See syscall(2) for the registers.
static inline int64_t minato_system_call(long number, long a, long b, long c, long d, long e, long f) {
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
    return x0;
}

#else

/// Makes a call with six arguments: its answer or `-errno`.
static inline int64_t minato_system_call(long number, long a, long b, long c, long d, long e, long f) {
    return minato_result(syscall(number, a, b, c, d, e, f));
}

#endif

#endif
