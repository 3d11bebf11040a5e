#include "test_environment.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

extern char **environ;

static int32_t removed = 0;

/// Whether an entry of the environment is `http_proxy=...`, `NO_PROXY=...` and the like.
static int names_proxy(const char *entry) {
    static const char suffix[] = "_proxy";
    const size_t suffix_length = sizeof suffix - 1;
    const char *sign = strchr(entry, '=');
    return sign != NULL && (size_t)(sign - entry) > suffix_length &&
           strncasecmp(sign - suffix_length, suffix, suffix_length) == 0;
}

/// The proxies of whoever runs the tests are of no use to them: their servers are on this machine. Before `main`, while there
/// is one thread.
__attribute__((constructor)) static void remove_proxies(void) {
    size_t index = 0;
    while (environ != NULL && environ[index] != NULL) {
        const char *entry = environ[index];
        char *name = names_proxy(entry) ? strndup(entry, (size_t)(strchr(entry, '=') - entry)) : NULL;
        // What cannot be removed is passed over, so that this ends.
        if (name != NULL && unsetenv(name) == 0) {
            removed += 1;
        } else {
            index += 1;
        }
        free(name);
    }
}

int32_t minato_test_removed_proxies(void) {
    return removed;
}
