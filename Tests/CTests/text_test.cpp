// The parser of addresses against texts that are nearly right, each in memory of its exact length.
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "check.h"
#include "minato/minato.h"
#include "subjects.hpp"

namespace {

int32_t parse(const std::string &text, minato_address &address) {
    // Not the string itself: behind it is a NUL that a parser could read unseen.
    const std::unique_ptr<char[]> copy(new char[text.size() + 1]);
    char *end = copy.get() + text.size() + 1;
    std::memcpy(end - text.size(), text.data(), text.size());
    return minato_address_parse(&address, end - text.size(), text.size());
}

std::string format(const minato_address &address) {
    std::vector<char> buffer(MINATO_ADDRESS_TEXT_MAX);
    const int32_t length = minato_address_format(&address, buffer.data(), buffer.size());
    CHECK(length >= 0 && length < MINATO_ADDRESS_TEXT_MAX);
    return std::string(buffer.data(), static_cast<size_t>(length));
}

/// Whatever is understood is written in a form that is understood as the same.
void mutations() {
    const std::vector<std::string> seeds = {
        "127.0.0.1:80", "[fe80::1%1]:443", "[::ffff:1.2.3.4]:0", "unix:/run/x", "unix:@a\\x00b", "unix:", "raw:1000aa",
    };
    const std::string alphabet = "0123456789abcdefx:.[]%@/\\ru-+ \n";
    std::mt19937 random(20260101);
    const auto below = [&random](size_t limit) { return static_cast<size_t>(random()) % limit; };
    int understood = 0;
    for (int round = 0; round < 30000; round += 1) {
        std::string text = seeds[below(seeds.size())];
        for (size_t changes = below(4); changes > 0; changes -= 1) {
            const size_t place = below(text.size() + 1);
            const char letter = below(40) == 0 ? '\0' : alphabet[below(alphabet.size())];
            if (below(2) == 0 || place == text.size()) {
                text.insert(place, 1, letter);
            } else if (below(2) == 0) {
                text.erase(place, 1);
            } else {
                text[place] = letter;
            }
        }
        minato_address address, again;
        if (parse(text, address) < 0) continue;
        understood += 1;
        CHECK(text.find('\0') == std::string::npos);
        const std::string canonical = format(address);
        check_row(canonical.c_str());
        CHECK_INT(parse(canonical, again), 0);
        CHECK_INT(minato_address_compare(&address, &again), 0);
        CHECK_INT(std::memcmp(&address, &again, sizeof address), 0);
        CHECK(format(again) == canonical);
        check_row(nullptr);
    }
    CHECK(understood > 3000);
}

/// Any bytes at all, as the address of any family.
void raw_bytes() {
    std::mt19937 random(7);
    for (int round = 0; round < 20000; round += 1) {
        std::vector<uint8_t> bytes(static_cast<size_t>(random()) % 140);
        for (uint8_t &byte : bytes) byte = static_cast<uint8_t>(random());
        if (bytes.size() >= 2) {
            bytes[0] = static_cast<uint8_t>(random() % 18);
            bytes[1] = 0;
        }
        minato_address address, again;
        if (minato_address_set_raw(&address, bytes.data(), bytes.size()) < 0) continue;
        uint32_t length = 0;
        const void *inside = minato_address_bytes(&address, &length);
        CHECK_INT(minato_address_set_raw(&again, inside, length), 0);
        CHECK_INT(minato_address_compare(&address, &again), 0);
        CHECK(!format(address).empty());
    }
}

} // namespace

const check_test text_tests[] = {
    {"C++: mutations of texts", mutations},
    {"C++: raw bytes", raw_bytes},
    {nullptr, nullptr},
};
