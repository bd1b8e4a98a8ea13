// Socket options whose arguments Swift can't express (socket(7)).
#pragma once
#include <stdint.h>

/// Turns new connections of an address that several sockets share to the one that was bound as number `index`, counted from
/// 0; where there is none, the kernel goes on spreading them (SO_ATTACH_REUSEPORT_CBPF). 0, or -1 with errno.
int hs_divert(int listener, uint32_t index);
