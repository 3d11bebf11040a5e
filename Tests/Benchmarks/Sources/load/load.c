#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

uint64_t load_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

bool load_grant(struct load *load, uint64_t now) {
    bool granted = load->messages > 0 ? load->granted < load->messages : now < load->end;
    if (granted) load->granted += 1;
    return granted;
}

void load_done(struct load *load, uint64_t sent, uint64_t now) {
    load->done += 1;
    histogram_add(&load->latencies, now - sent);
}

void load_error(struct load *load, const char *what) {
    if (load->errors == 0) fprintf(stderr, "load: %s\n", what);
    load->errors += 1;
}

_Noreturn void load_give_up(const char *operation) {
    fprintf(stderr, "load: %s: %s\n", operation, strerror(errno));
    exit(EXIT_FAILURE);
}

void load_watch(struct load *load, int descriptor, uint32_t number) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u32 = number};
    if (epoll_ctl(load->poller, EPOLL_CTL_ADD, descriptor, &event) < 0) load_give_up("epoll_ctl");
}
