/// What every Minato header needs: version, visibility and the annotations that clang and Swift read.
///
/// Two conventions hold for every function of the library unless its comment says otherwise:
///
/// - **Result.** `>= 0` is success, `-errno` is failure (`-ECONNREFUSED`). There is no global state and nothing to read
///   from `errno`. Codes of another family (`EAI_*`) leave through an out-parameter.
/// - **Threads.** A function may be called from any thread; what one value (a descriptor, a poller) allows at the same
///   time from several threads is what the kernel allows for it, and the comment says where it is less.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_BASE_H
#define MINATO_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MINATO_VERSION_MAJOR 0
#define MINATO_VERSION_MINOR 1
#define MINATO_VERSION_PATCH 0
/// The version of the headers as one number, `major * 10000 + minor * 100 + patch`, for `#if`.
#define MINATO_VERSION (MINATO_VERSION_MAJOR * 10000 + MINATO_VERSION_MINOR * 100 + MINATO_VERSION_PATCH)

#if defined(__GNUC__)
#define MINATO_API __attribute__((visibility("default")))
#else
#define MINATO_API
#endif

// `<ptrcheck.h>` (bounds annotations, read by Swift) comes with recent clangs only; gcc and C++ see plain pointers.
#if defined(__clang__) && !defined(__cplusplus)
#if __has_include(<ptrcheck.h>)
#include <ptrcheck.h>
#define MINATO_COUNTED_BY(count) __counted_by(count)
#define MINATO_SIZED_BY(size) __sized_by(size)
#endif
#endif
#ifndef MINATO_COUNTED_BY
#define MINATO_COUNTED_BY(count)
#define MINATO_SIZED_BY(size)
#endif

#if defined(__clang__)
#define MINATO_NOESCAPE __attribute__((noescape))
#define MINATO_NULLABLE _Nullable
#define MINATO_NONNULL _Nonnull
#define MINATO_BEGIN_POINTERS \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wnullability-extension\"") \
        _Pragma("clang assume_nonnull begin")
#define MINATO_END_POINTERS _Pragma("clang assume_nonnull end") _Pragma("clang diagnostic pop")
#else
#define MINATO_NOESCAPE
#define MINATO_NULLABLE
#define MINATO_NONNULL
#define MINATO_BEGIN_POINTERS
#define MINATO_END_POINTERS
#endif

#if defined(__cplusplus)
#define MINATO_BEGIN_DECLARATIONS \
    extern "C" { \
    MINATO_BEGIN_POINTERS
#define MINATO_END_DECLARATIONS \
    MINATO_END_POINTERS \
    }
#else
#define MINATO_BEGIN_DECLARATIONS MINATO_BEGIN_POINTERS
#define MINATO_END_DECLARATIONS MINATO_END_POINTERS
#endif

MINATO_BEGIN_DECLARATIONS

/// The version of the library that is linked or loaded, in the form of `MINATO_VERSION`.
MINATO_API int32_t minato_version(void);

/// The version of the library as text, `"0.1.0"`: static, NUL-terminated, never freed.
MINATO_API const char *minato_version_text(void);

MINATO_END_DECLARATIONS

#endif
