// minato_address_parse: any text. What is read is written and read again as the same address.
#include <minato/minato.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    minato_address address;
    if (minato_address_parse(&address, (const char *)data, size) < 0) return 0;

    char text[MINATO_ADDRESS_TEXT_MAX];
    int32_t length = minato_address_format(&address, text, sizeof text);
    check(length > 0 && (size_t)length < sizeof text && text[length] == 0);
    minato_address again;
    check(minato_address_parse(&again, text, (size_t)length) == 0);
    check(minato_address_compare(&address, &again) == 0);

    // Cut, it is the beginning of the same text.
    char beginning[8];
    check(minato_address_format(&address, beginning, sizeof beginning) == length);
    check(strlen(beginning) == (length < 7 ? (size_t)length : 7) && strncmp(beginning, text, 7) == 0);

    uint8_t bytes[MINATO_ADDRESS_UNIX_MAX + 1];
    minato_address_octets(&address, bytes);
    minato_address_unix_name(&address, bytes, sizeof bytes);
    minato_address_is_mapped(&address, &again);
    uint32_t count;
    const void *raw = minato_address_bytes(&address, &count);
    check(minato_address_set_raw(&again, raw, count) == 0 && minato_address_compare(&address, &again) == 0);
    return 0;
}
