#define _GNU_SOURCE
#include "include/sockets.h"
#include <linux/filter.h>
#include <sys/socket.h>

int hs_divert(int listener, uint32_t index) {
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, index)};
    struct sock_fprog program = {.len = 1, .filter = code};
    return setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}
