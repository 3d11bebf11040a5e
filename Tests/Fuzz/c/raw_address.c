// minato_address_set_raw: any bytes of a sockaddr. The accessors, format and compare take whatever comes of them.
#include <minato/minato.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    minato_address address;
    if (minato_address_set_raw(&address, data, size) < 0) return 0;
    minato_address other = address;
    check(minato_address_compare(&address, &other) == 0);

    char text[MINATO_ADDRESS_TEXT_MAX];
    int32_t length = minato_address_format(&address, text, sizeof text);
    check(length > 0 && (size_t)length < sizeof text && text[length] == 0);
    // A text that is taken back gives the same address, but for the flow of IPv6, which has no place in it.
    if (minato_address_parse(&other, text, (size_t)length) == 0 && minato_address_flow_info(&address) == 0) {
        check(minato_address_compare(&address, &other) == 0);
    }

    uint8_t bytes[MINATO_ADDRESS_UNIX_MAX + 1];
    int32_t count = minato_address_unix_name(&address, bytes, sizeof bytes);
    check(count <= (int32_t)sizeof bytes);
    count = minato_address_octets(&address, bytes);
    check(count == 4 || count == 16 || count < 0);
    if (minato_address_set_port(&address, 80) == 0) check(minato_address_port(&address) == 80);
    minato_address_is_mapped(&address, &other);
    return 0;
}
