#include "options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: load --port PORT [OPTION...]\n"
    "\n"
    "Sends messages to an echo server on 127.0.0.1, checks every reply, and prints one line of JSON: messages, seconds,\n"
    "rate, latencies in microseconds, errors. Exit status 1 when there were errors.\n"
    "\n"
    "  --mode stream     a connection lives as long as the run (the default)\n"
    "         connect    connect, one echo, close\n"
    "         udp        datagrams; one that does not come back in half a second is counted as lost\n"
    "  --connections N   so many at a time: 1 to 100000; default 64\n"
    "  --bytes N         to a message: 1 to 65536, udp: 16 to 1472; default 64\n"
    "  --in-flight N     messages without a reply on each connection: 1 to 64; default 1\n"
    "  --messages N      stop after so many, or ...\n"
    "  --seconds S       ... after this time, with what is in flight then; default 1\n"
    "  --hold            when all connections are open and have had one reply, print \"ready\" and wait for a line on\n"
    "                    standard input; at the end, before closing, wait for its end\n"
    "  --idle            print \"ready\", wait for the end of standard input, and send nothing more\n"
    "  --limit SECONDS   end with status 2 after this time in any case: 1 to 3600; default 60\n";

_Noreturn static void reject(const char *option) {
    fprintf(stderr, "load: bad value of --%s; without any option load tells what there is\n", option);
    exit(64);
}

static double number(const char *option, const char *text, double least, double most) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || !(value >= least && value <= most)) reject(option);
    return value;
}

static const struct mode *find_mode(const char *name) {
    static const struct mode *const modes[] = {&stream_mode, &connect_mode, &udp_mode};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i]->name, name) == 0) return modes[i];
    }
    reject("mode");
}

void options_read(struct load *load, int argument_count, char **arguments) {
    static const struct option options[] = {
        {"port", required_argument, NULL, 'p'},
        {"mode", required_argument, NULL, 'm'},
        {"connections", required_argument, NULL, 'c'},
        {"bytes", required_argument, NULL, 'b'},
        {"in-flight", required_argument, NULL, 'f'},
        {"messages", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 's'},
        {"limit", required_argument, NULL, 'l'},
        {"hold", no_argument, NULL, 'h'},
        {"idle", no_argument, NULL, 'i'},
        {0},
    };
    load->mode = &stream_mode;
    load->connections = 64;
    load->bytes = 64;
    load->in_flight = 1;
    load->seconds = 1;
    load->limit = 60;
    int port = 0, option;
    while ((option = getopt_long(argument_count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case 'p':
            port = (int)number("port", optarg, 1, 65535);
            break;
        case 'm':
            load->mode = find_mode(optarg);
            break;
        case 'c':
            load->connections = (int)number("connections", optarg, 1, 100000);
            break;
        case 'b':
            load->bytes = (size_t)number("bytes", optarg, 1, MAX_MESSAGE);
            break;
        case 'f':
            load->in_flight = (int)number("in-flight", optarg, 1, MAX_IN_FLIGHT);
            break;
        case 'n':
            load->messages = (uint64_t)number("messages", optarg, 1, 1e12);
            break;
        case 's':
            load->seconds = number("seconds", optarg, 0.001, 3600);
            break;
        case 'l':
            load->limit = (unsigned int)number("limit", optarg, 1, 3600);
            break;
        case 'h':
            load->hold = true;
            break;
        case 'i':
            load->idle = true;
            break;
        default:
            fputs(usage, stderr);
            exit(64);
        }
    }
    if (port == 0 || optind < argument_count) {
        fputs(usage, stderr);
        exit(64);
    }
    if (load->mode == &udp_mode && (load->bytes < 16 || load->bytes > 1472)) reject("bytes");
    load->server = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}
