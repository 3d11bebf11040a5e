/// Names and messages of the codes that Minato's functions return.
///
/// SPDX-License-Identifier: Apache-2.0
#ifndef MINATO_ERROR_H
#define MINATO_ERROR_H

#include "minato/base.h"

MINATO_BEGIN_DECLARATIONS

/// The symbolic name of an errno value, `"ECONNREFUSED"`, or NULL for a number that has none.
///
/// `code` may have either sign, so that a result can be passed as it is. The text is static. Python: `errno.errorcode`.
MINATO_API const char *MINATO_NULLABLE minato_error_name(int32_t code);

/// Writes the message of an errno value, `"Connection refused"`, always NUL-terminated and cut to `capacity`.
///
/// `code` may have either sign; an unknown one gives `"Unknown error 12345"`. Reentrant; not translated. Returns the
/// length of the whole message without its NUL. Python: `os.strerror`. See strerror(3).
MINATO_API int32_t minato_error_message(int32_t code, char *buffer MINATO_COUNTED_BY(capacity), size_t capacity);

/// The symbolic name of a resolver code, `"EAI_NONAME"`, or NULL for a number that has none. The text is static.
MINATO_API const char *MINATO_NULLABLE minato_error_resolver_name(int32_t code);

/// The message of a resolver code, `"Name or service not known"`. The text is static. See gai_strerror(3).
MINATO_API const char *minato_error_resolver_message(int32_t code);

MINATO_END_DECLARATIONS

#endif
