// Socket options whose arguments Swift can't express (socket(7)).
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/// Turns new connections of an address that several sockets share to the one that was bound as number `index`, counted from
/// 0; where there is none, the kernel goes on spreading them (SO_ATTACH_REUSEPORT_CBPF). 0, or -1 with errno.
int hs_divert(int listener, uint32_t index);

/// Sends two pieces of memory as one, without the first `from` bytes of both together. How many were sent, or -1 with errno.
ssize_t hs_send_both(int socket, const void *one, size_t one_length, const void *other, size_t other_length, size_t from);
