#include "unsent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct unsent {
    size_t offset;
    size_t count;
    char bytes[];
};

struct unsent *unsent_make(const char *bytes, size_t count) {
    struct unsent *unsent = malloc(sizeof *unsent + count);
    if (unsent == NULL) return NULL;
    unsent->offset = 0;
    unsent->count = count;
    memcpy(unsent->bytes, bytes, count);
    return unsent;
}

int unsent_send(struct unsent *unsent, int descriptor) {
    while (unsent->offset < unsent->count) {
        ssize_t sent = send(descriptor, unsent->bytes + unsent->offset, unsent->count - unsent->offset, MSG_NOSIGNAL);
        if (sent >= 0) {
            unsent->offset += (size_t)sent;
        } else if (errno != EINTR) {
            return -errno;
        }
    }
    return 0;
}

void unsent_free(struct unsent *unsent) {
    free(unsent);
}
