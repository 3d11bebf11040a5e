#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "minato/error.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

/// The code without its sign; 64 bits wide because INT32_MIN has no positive counterpart in 32.
static int64_t magnitude(int32_t code) {
    return code < 0 ? -(int64_t)code : code;
}

#ifndef __GLIBC__
/// For C libraries without strerrorname_np: the codes that sockets and files give.
static const struct {
    int code;
    const char *name;
} errno_names[] = {
#define NAMED(code) \
    { code, #code }
    NAMED(EPERM),           NAMED(ENOENT),      NAMED(EINTR),        NAMED(EIO),          NAMED(ENXIO),
    NAMED(EBADF),           NAMED(EAGAIN),      NAMED(ENOMEM),       NAMED(EACCES),       NAMED(EFAULT),
    NAMED(EBUSY),           NAMED(EEXIST),      NAMED(ENODEV),       NAMED(ENOTDIR),      NAMED(EISDIR),
    NAMED(EINVAL),          NAMED(ENFILE),      NAMED(EMFILE),       NAMED(ENOSPC),       NAMED(ESPIPE),
    NAMED(EROFS),           NAMED(EPIPE),       NAMED(ERANGE),       NAMED(ENAMETOOLONG), NAMED(ENOSYS),
    NAMED(ELOOP),           NAMED(EPROTO),      NAMED(EOVERFLOW),    NAMED(EILSEQ),       NAMED(ENOTSOCK),
    NAMED(EDESTADDRREQ),    NAMED(EMSGSIZE),    NAMED(EPROTOTYPE),   NAMED(ENOPROTOOPT),  NAMED(EPROTONOSUPPORT),
    NAMED(ESOCKTNOSUPPORT), NAMED(EOPNOTSUPP),  NAMED(EPFNOSUPPORT), NAMED(EAFNOSUPPORT), NAMED(EADDRINUSE),
    NAMED(EADDRNOTAVAIL),   NAMED(ENETDOWN),    NAMED(ENETUNREACH),  NAMED(ENETRESET),    NAMED(ECONNABORTED),
    NAMED(ECONNRESET),      NAMED(ENOBUFS),     NAMED(EISCONN),      NAMED(ENOTCONN),     NAMED(ESHUTDOWN),
    NAMED(ETOOMANYREFS),    NAMED(ETIMEDOUT),   NAMED(ECONNREFUSED), NAMED(EHOSTDOWN),    NAMED(EHOSTUNREACH),
    NAMED(EALREADY),        NAMED(EINPROGRESS), NAMED(ECANCELED),
#undef NAMED
};
#endif

const char *minato_error_name(int32_t code) {
    int64_t number = magnitude(code);
    if (number == 0 || number > INT32_MAX) return NULL;
#ifdef __GLIBC__
    return strerrorname_np((int)number);
#else
    for (size_t i = 0; i < sizeof errno_names / sizeof errno_names[0]; i += 1) {
        if (errno_names[i].code == number) return errno_names[i].name;
    }
    return NULL;
#endif
}

int32_t minato_error_message(int32_t code, char *buffer, size_t capacity) {
    int64_t number = magnitude(code);
    const char *message = NULL;
#ifdef __GLIBC__
    if (number <= INT32_MAX) message = strerrordesc_np((int)number);
#else
    char text[128];
    if (number <= INT32_MAX && strerror_r((int)number, text, sizeof text) == 0) message = text;
#endif
    if (message != NULL) return snprintf(buffer, capacity, "%s", message);
    return snprintf(buffer, capacity, "Unknown error %lld", (long long)number);
}

const char *minato_error_resolver_name(int32_t code) {
    switch (code) {
#define NAMED(code) \
    case code: \
        return #code
        NAMED(EAI_BADFLAGS);
        NAMED(EAI_NONAME);
        NAMED(EAI_AGAIN);
        NAMED(EAI_FAIL);
        NAMED(EAI_FAMILY);
        NAMED(EAI_SOCKTYPE);
        NAMED(EAI_SERVICE);
        NAMED(EAI_MEMORY);
        NAMED(EAI_SYSTEM);
        NAMED(EAI_OVERFLOW);
        // Extensions of glibc; older headers of other libraries have some of them.
#ifdef EAI_NODATA
        NAMED(EAI_NODATA);
#endif
#ifdef EAI_ADDRFAMILY
        NAMED(EAI_ADDRFAMILY);
#endif
#ifdef EAI_INPROGRESS
        NAMED(EAI_INPROGRESS);
        NAMED(EAI_CANCELED);
        NAMED(EAI_NOTCANCELED);
        NAMED(EAI_ALLDONE);
        NAMED(EAI_INTR);
        NAMED(EAI_IDN_ENCODE);
#endif
#undef NAMED
    default:
        return NULL;
    }
}

const char *minato_error_resolver_message(int32_t code) {
    return gai_strerror(code);
}
