#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "address_internal.h"

/// Text under construction: counts everything and writes what fits, with room kept for the NUL.
struct text {
    char *buffer;
    size_t capacity;
    size_t length;
};

static void put(struct text *text, const char *bytes) {
    for (; *bytes != 0; bytes += 1) {
        if (text->length + 1 < text->capacity) text->buffer[text->length] = *bytes;
        text->length += 1;
    }
}

static void put_byte(struct text *text, uint8_t byte) {
    put(text, (char[2]){(char)byte, 0});
}

static void put_number(struct text *text, uint32_t number) {
    char digits[11];
    snprintf(digits, sizeof digits, "%u", number);
    put(text, digits);
}

static void put_hexadecimal(struct text *text, uint8_t byte) {
    char digits[3];
    snprintf(digits, sizeof digits, "%02x", byte);
    put(text, digits);
}

static void format_ip(struct text *text, const minato_address *address, int32_t family) {
    uint8_t octets[16];
    char numbers[INET6_ADDRSTRLEN] = "";
    minato_address_octets(address, octets);
    inet_ntop(family, octets, numbers, sizeof numbers);
    if (family == AF_INET6) put(text, "[");
    put(text, numbers);
    uint32_t scope_id = minato_address_scope_id(address);
    if (scope_id != 0) {
        put(text, "%");
        put_number(text, scope_id);
    }
    put(text, family == AF_INET6 ? "]:" : ":");
    put_number(text, (uint32_t)minato_address_port(address));
}

static void format_unix(struct text *text, const minato_address *address) {
    uint8_t name[MINATO_ADDRESS_UNIX_MAX + 1];
    int32_t length = minato_address_unix_name(address, name, sizeof name);
    int32_t kind = minato_address_unix_kind(address);
    put(text, kind == MINATO_UNIX_ABSTRACT ? "unix:@" : "unix:");
    for (int32_t i = 0; i < length; i += 1) {
        // A path may begin with the mark of an abstract name.
        bool mistakable = i == 0 && name[i] == '@' && kind == MINATO_UNIX_PATH;
        if (name[i] < ' ' || name[i] > '~' || name[i] == '\\' || mistakable) {
            put(text, "\\x");
            put_hexadecimal(text, name[i]);
        } else {
            put_byte(text, name[i]);
        }
    }
}

int32_t minato_address_format(const minato_address *address, char *buffer, size_t capacity) {
    struct text text = {buffer, capacity, 0};
    int32_t family = minato_address_family(address);
    if (family == AF_INET || family == AF_INET6) {
        format_ip(&text, address, family);
    } else if (family == AF_UNIX) {
        format_unix(&text, address);
    } else {
        uint32_t length;
        const uint8_t *bytes = minato_address_bytes(address, &length);
        put(&text, "raw:");
        for (uint32_t i = 0; i < length; i += 1) put_hexadecimal(&text, bytes[i]);
    }
    if (capacity > 0) buffer[text.length < capacity ? text.length : capacity - 1] = 0;
    return (int32_t)text.length;
}

/// Reads a whole decimal number up to `limit`: digits only, no sign, no space, no zero in front.
static bool read_number(const char *digits, size_t length, uint32_t limit, uint32_t *number) {
    uint64_t value = 0;
    if (length == 0 || length > 10 || (length > 1 && digits[0] == '0')) return false;
    for (size_t i = 0; i < length; i += 1) {
        if (digits[i] < '0' || digits[i] > '9') return false;
        value = value * 10 + (uint64_t)(digits[i] - '0');
    }
    *number = (uint32_t)value;
    return value <= limit;
}

/// Copies a part of the text to where functions that need a NUL can read it.
static bool copy_part(char *part, size_t capacity, const char *text, size_t length) {
    if (length >= capacity) return false;
    memcpy(part, text, length);
    part[length] = 0;
    return true;
}

static int32_t read_scope(const char *text, size_t length, uint32_t *scope_id) {
    if (length == 0) return -EINVAL;
    if (read_number(text, length, UINT32_MAX, scope_id)) return 0;
    char name[IF_NAMESIZE];
    if (!copy_part(name, sizeof name, text, length)) return -ENODEV;
    // A number that is out of range is no name.
    if (strspn(name, "0123456789") == length) return -EINVAL;
    unsigned int index = if_nametoindex(name);
    if (index == 0) return -errno;
    *scope_id = index;
    return 0;
}

static int32_t parse_ipv6(minato_address *address, const char *text, size_t length, uint16_t port) {
    const char *percent = memchr(text, '%', length);
    size_t numbers_length = percent == NULL ? length : (size_t)(percent - text);
    char numbers[INET6_ADDRSTRLEN];
    uint8_t octets[16];
    uint32_t scope_id = 0;
    if (!copy_part(numbers, sizeof numbers, text, numbers_length)) return -EINVAL;
    if (inet_pton(AF_INET6, numbers, octets) != 1) return -EINVAL;
    if (percent != NULL) {
        int32_t result = read_scope(percent + 1, length - numbers_length - 1, &scope_id);
        if (result < 0) return result;
    }
    minato_address_set_ipv6(address, octets, port, scope_id, 0);
    return 0;
}

static int32_t parse_ip(minato_address *address, const char *text, size_t length) {
    const char *colon = memrchr(text, ':', length);
    uint32_t port;
    if (colon == NULL) return -EINVAL;
    size_t host_length = (size_t)(colon - text);
    if (!read_number(colon + 1, length - host_length - 1, UINT16_MAX, &port)) return -EINVAL;
    if (host_length >= 2 && text[0] == '[' && colon[-1] == ']') {
        return parse_ipv6(address, text + 1, host_length - 2, (uint16_t)port);
    }
    char numbers[INET_ADDRSTRLEN];
    uint8_t octets[4];
    if (!copy_part(numbers, sizeof numbers, text, host_length)) return -EINVAL;
    // Unlike inet_aton(3), it takes four decimal numbers only: no octal, no hexadecimal, no short forms.
    if (inet_pton(AF_INET, numbers, octets) != 1) return -EINVAL;
    minato_address_set_ipv4(address, octets, (uint16_t)port);
    return 0;
}

static int hexadecimal_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

/// Two hexadecimal digits as a byte, or -1.
static int read_byte(const char *digits, size_t length) {
    if (length < 2) return -1;
    int high = hexadecimal_digit(digits[0]);
    int low = hexadecimal_digit(digits[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static int32_t parse_unix(minato_address *address, const char *text, size_t length) {
    if (length == 0) {
        minato_address_set_unix_unnamed(address);
        return 0;
    }
    bool abstract = text[0] == '@';
    // One byte more than fits, so that the constructors see what is too long.
    uint8_t name[MINATO_ADDRESS_UNIX_MAX + 1];
    size_t count = 0;
    for (size_t i = abstract ? 1 : 0; i < length; i += 1) {
        int byte = (uint8_t)text[i];
        if (byte == '\\') {
            byte = length - i >= 4 && text[i + 1] == 'x' ? read_byte(text + i + 2, 2) : -1;
            if (byte < 0) return -EINVAL;
            i += 3;
        }
        // The rest is read too: a text that is malformed and too long is malformed.
        if (byte == 0 && !abstract) return -EINVAL;
        if (count < sizeof name) name[count++] = (uint8_t)byte;
    }
    if (abstract) return minato_address_set_unix_abstract(address, name, count);
    return minato_address_set_unix_path(address, (const char *)name, count);
}

static int32_t parse_raw(minato_address *address, const char *text, size_t length) {
    uint8_t bytes[sizeof(struct sockaddr_storage)];
    if (length % 2 != 0 || length / 2 > sizeof bytes) return -EINVAL;
    for (size_t i = 0; i < length / 2; i += 1) {
        int byte = read_byte(text + 2 * i, 2);
        if (byte < 0) return -EINVAL;
        bytes[i] = (uint8_t)byte;
    }
    minato_address value;
    int32_t result = minato_address_set_raw(&value, bytes, length / 2);
    if (result < 0) return result;
    int32_t family = minato_address_family(&value);
    // These have a text of their own, whose limits shall not be got round.
    if (family == AF_INET || family == AF_INET6 || family == AF_UNIX) return -EINVAL;
    *address = value;
    return 0;
}

static bool has_prefix(const char *text, size_t length, const char *prefix) {
    size_t prefix_length = strlen(prefix);
    return length >= prefix_length && memcmp(text, prefix, prefix_length) == 0;
}

int32_t minato_address_parse(minato_address *address, const char *text, size_t length) {
    if (length == 0 || memchr(text, 0, length) != NULL) return -EINVAL;
    if (has_prefix(text, length, "unix:")) return parse_unix(address, text + 5, length - 5);
    if (has_prefix(text, length, "raw:")) return parse_raw(address, text + 4, length - 4);
    return parse_ip(address, text, length);
}
