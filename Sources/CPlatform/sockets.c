#define _GNU_SOURCE
#include "include/sockets.h"
#include <linux/filter.h>
#include <sys/socket.h>

int hs_divert(int listener, uint32_t index) {
    struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, index)};
    struct sock_fprog program = {.len = 1, .filter = code};
    return setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

ssize_t hs_send_both(int socket, const void *one, size_t one_length, const void *other, size_t other_length, size_t from) {
    size_t before = from < one_length ? from : one_length;
    size_t behind = from - before;
    struct iovec parts[] = {
        {(char *)one + before, one_length - before},
        {(char *)other + behind, other_length - behind},
    };
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
