// AI_PASSIVE, beside the standard library.
#define _POSIX_C_SOURCE 200809L

#include "echo.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int echo_fail(const char *what, const minato_address *address, int64_t result) {
    char text[MINATO_ADDRESS_TEXT_MAX] = "";
    char message[128];
    const char *name = minato_error_name((int32_t)result);
    if (address != NULL) minato_address_format(address, text, sizeof text);
    minato_error_message((int32_t)result, message, sizeof message);
    fprintf(stderr, "echo: %s%s%s: %s (%s)\n", what, *text ? " " : "", text, message, name == NULL ? "?" : name);
    return 1;
}

static int32_t look_up(struct echo_target *target, const char *host, const char *port, int32_t family, int32_t *code) {
    minato_resolution *answer;
    const char *name = *host ? host : NULL;
    int32_t result = minato_resolve(
        name, strlen(host), port, strlen(port), family, target->type, 0, AI_PASSIVE, &answer, code);
    if (result < 0) return result;
    size_t limit = sizeof target->addresses / sizeof *target->addresses;
    for (size_t i = 0; i < minato_resolution_count(answer) && target->count < limit; i++) {
        minato_resolution_get(answer, i, &target->addresses[target->count++], NULL, NULL, NULL);
    }
    minato_resolution_free(answer);
    return 0;
}

/// A server takes the first address of a name, IPv4 before IPv6; a client tries all.
static int name_ip(struct echo_target *target, bool serving, const char *host, const char *port) {
    int32_t code = 0;
    int32_t result = look_up(target, host, port, serving ? AF_INET : AF_UNSPEC, &code);
    if (result < 0 && serving) result = look_up(target, host, port, AF_UNSPEC, &code);
    if (result >= 0) return 0;
    if (code == 0) return echo_fail(host, NULL, result);
    fprintf(stderr, "echo: %s %s: %s\n", host, port, minato_error_resolver_message(code));
    return 1;
}

static int name_unix(struct echo_target *target, const char *path) {
    minato_address *address = &target->addresses[target->count++];
    int32_t result = *path == '@'
                         ? minato_address_set_unix_abstract(address, (const uint8_t *)path + 1, strlen(path + 1))
                         : minato_address_set_unix_path(address, path, strlen(path));
    return result < 0 ? echo_fail(path, NULL, result) : 0;
}

static int usage(void) {
    fputs("usage: echo serve|send tcp HOST PORT | udp HOST PORT | unix PATH | unixgram PATH\n", stderr);
    return 64;
}

int main(int argc, char **argv) {
    struct echo_target target = {.type = SOCK_STREAM, .count = 0};
    if (argc < 4) return usage();
    bool serving = strcmp(argv[1], "serve") == 0;
    bool datagrams = strcmp(argv[2], "udp") == 0 || strcmp(argv[2], "unixgram") == 0;
    bool ip = strcmp(argv[2], "tcp") == 0 || strcmp(argv[2], "udp") == 0;
    bool unix_path = strcmp(argv[2], "unix") == 0 || strcmp(argv[2], "unixgram") == 0;
    if (!serving && strcmp(argv[1], "send") != 0) return usage();
    if (!(ip && argc == 5) && !(unix_path && argc == 4)) return usage();
    if (datagrams) target.type = SOCK_DGRAM;

    int status = ip ? name_ip(&target, serving, argv[3], argv[4]) : name_unix(&target, argv[3]);
    if (status != 0) return status;
    return serving ? echo_serve(&target) : echo_send(&target);
}
