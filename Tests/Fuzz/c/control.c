// minato_control_next and what reads its items: any bytes as received ancillary data.
#include <minato/minato.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds) abort();
}

static void read_item(const minato_control_item *item) {
    int32_t descriptors[16], integer;
    minato_credentials credentials;
    minato_packet_info info;
    int32_t count = minato_control_descriptors(item, descriptors, 16);
    check(count <= 16 && (count < 0 || (size_t)count * sizeof(int32_t) <= item->length));
    minato_control_credentials(item, &credentials);
    minato_control_packet_info(item, &info);
    minato_control_integer(item, &integer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // Memory of exactly this size, so that reading one byte too far shows.
    uint8_t *bytes = malloc(size);
    if (bytes == NULL) return 0;
    memcpy(bytes, data, size);
    const minato_control received = {.bytes = bytes, .capacity = size, .length = size};
    uint64_t room[1024];
    minato_control built = {.bytes = room, .capacity = sizeof room, .length = 0};
    minato_control_item item;
    size_t cursor = 0, before = 0, items = 0;
    while (minato_control_next(&received, &cursor, &item) == 1) {
        check(cursor > before && cursor <= size);
        before = cursor;
        items += 1;
        const uint8_t *payload = item.data;
        check(payload >= bytes && item.length <= (size_t)(bytes + size - payload));
        check(!item.truncated || cursor == size);
        read_item(&item);
        minato_control_append(&built, item.level, item.type, item.data, item.length);
    }
    check(minato_control_next(&received, &cursor, &item) == 0);

    // What was built of the same items, as far as there was room, is walked in the same way.
    const minato_control rebuilt = built;
    for (cursor = 0; minato_control_next(&rebuilt, &cursor, &item) == 1; items -= 1) check(item.truncated == 0);
    check(built.length > sizeof room / 2 || items == 0);
    free(bytes);
    return 0;
}
