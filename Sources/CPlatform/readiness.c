#define _GNU_SOURCE
#include "include/readiness.h"
#include <sys/eventfd.h>

int hs_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int hs_epoll_control(int epoll, int op, int fd, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, op, fd, &event);
}

int hs_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms) {
    return epoll_wait(epoll, events, capacity, timeout_ms);
}

uint64_t hs_epoll_token(const struct epoll_event *event) { return event->data.u64; }

int hs_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int hs_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}
