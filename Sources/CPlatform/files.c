#define _GNU_SOURCE
#include "include/files.h"
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

const int hs_o_direct = O_DIRECT;

const void *hs_zeros(void) {
    // Not const: so it takes no room in the binary.
    static unsigned char zeros[65536] __attribute__((aligned(4096)));
    return zeros;
}

ssize_t hs_pwritev(int fd, const struct iovec *buffers, int count, int64_t offset) {
    return pwritev(fd, buffers, count, offset);
}

int hs_lock(int fd) { return flock(fd, LOCK_EX | LOCK_NB); }

int64_t hs_free_bytes(const char *path) {
    struct statvfs status;
    if (statvfs(path, &status) != 0) return -1;
    return (int64_t)status.f_bavail * (int64_t)status.f_frsize;
}

int64_t hs_link_count(int fd) {
    struct statx status;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_NLINK, &status) != 0) return -1;
    return status.stx_nlink;
}
