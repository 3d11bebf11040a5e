#include "internal.h"

#include "minato/message.h"

#include <limits.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/// The header in front of each item and the padding behind it: CMSG_LEN(0), CMSG_ALIGN. See cmsg(3).
enum { HEADER = CMSG_LEN(0), ALIGNMENT = alignof(struct cmsghdr) };

static size_t aligned(size_t length) {
    return (length + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

int64_t minato_control_length(size_t payload) {
    return payload > (size_t)INT_MAX - HEADER ? -EOVERFLOW : (int64_t)(HEADER + payload);
}

int64_t minato_control_space(size_t payload) {
    return payload > (size_t)INT_MAX - HEADER - ALIGNMENT ? -EOVERFLOW : (int64_t)(HEADER + aligned(payload));
}

int32_t minato_control_append(minato_control *control, int32_t level, int32_t type, const void *data, size_t length) {
    int64_t space = minato_control_space(length);
    if (space < 0) return (int32_t)space;
    if (control->bytes == NULL || (uintptr_t)control->bytes % ALIGNMENT != 0) return -EINVAL;
    if (control->length > control->capacity || (uint64_t)space > control->capacity - control->length) return -ENOBUFS;

    char *place = (char *)control->bytes + control->length;
    memset(place, 0, (size_t)space);
    struct cmsghdr header;
    memset(&header, 0, sizeof header);
    header.cmsg_len = HEADER + length;
    header.cmsg_level = level;
    header.cmsg_type = type;
    memcpy(place, &header, sizeof header);
    if (length > 0) memcpy(place + HEADER, data, length);
    control->length += (size_t)space;
    return 0;
}

int32_t minato_control_next(const minato_control *control, size_t *cursor, minato_control_item *item) {
    memset(item, 0, sizeof *item);
    if (control->bytes == NULL || *cursor >= control->length || control->length - *cursor < HEADER) return 0;
    size_t available = control->length - *cursor;
    const char *place = (const char *)control->bytes + *cursor;
    struct cmsghdr header;
    memcpy(&header, place, sizeof header);
    // The kernel never writes an item shorter than its header. Going on behind one would loop over the same bytes.
    if (header.cmsg_len < HEADER) {
        *cursor = control->length;
        return 0;
    }
    size_t length = header.cmsg_len;
    if (length > available) {
        item->truncated = 1;
        length = available;
    }
    item->level = header.cmsg_level;
    item->type = header.cmsg_type;
    item->data = place + HEADER;
    item->length = length - HEADER;
    *cursor = available - length < aligned(length) - length ? control->length : *cursor + aligned(length);
    return 1;
}

int32_t minato_control_append_descriptors(minato_control *control, const int32_t *descriptors, size_t count) {
    enum { SCM_MAX_FD = 253 };
    if (count == 0 || count > SCM_MAX_FD) return -EINVAL;
    return minato_control_append(control, SOL_SOCKET, SCM_RIGHTS, descriptors, count * sizeof *descriptors);
}

int32_t minato_control_descriptors(const minato_control_item *item, int32_t *descriptors, size_t capacity) {
    if (item->level != SOL_SOCKET || item->type != SCM_RIGHTS) return -EINVAL;
    size_t count = item->length / sizeof *descriptors;
    if (count > capacity) return -ENOBUFS;
    if (count > 0) memcpy(descriptors, item->data, count * sizeof *descriptors);
    return (int32_t)count;
}

int32_t minato_control_close_descriptors(const minato_control *control) {
    int32_t closed = 0;
    size_t cursor = 0;
    minato_control_item item;
    while (minato_control_next(control, &cursor, &item) == 1) {
        if (item.level != SOL_SOCKET || item.type != SCM_RIGHTS) continue;
        for (size_t i = 0; i < item.length / sizeof(int32_t); i++) {
            int32_t descriptor;
            memcpy(&descriptor, (const char *)item.data + i * sizeof descriptor, sizeof descriptor);
            close(descriptor);
            closed++;
        }
    }
    return closed;
}
