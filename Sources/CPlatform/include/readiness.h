// epoll, eventfd and non-blocking sockets (epoll(7), eventfd(2), accept4(2)).
#pragma once
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

int hs_epoll_create(void);
/// Adds (op 1), deletes (op 2) or modifies (op 3) `fd`; `token` comes back with its events. 0, or -1 with errno.
int hs_epoll_control(int epoll, int op, int fd, uint32_t events, uint64_t token);
/// Waits at most `timeout_ms` (-1: without end). The number of events, or -1 with errno.
int hs_epoll_wait(int epoll, struct epoll_event *events, int capacity, int timeout_ms);
uint64_t hs_epoll_token(const struct epoll_event *event);

/// A counter that wakes an epoll: non-blocking, close-on-exec. A descriptor, or -1 with errno.
int hs_eventfd(void);
/// Accepts one connection, non-blocking and close-on-exec; the peer's address is in `address`. A descriptor, or -1.
int hs_accept(int listener, struct sockaddr_storage *address, socklen_t *length);
