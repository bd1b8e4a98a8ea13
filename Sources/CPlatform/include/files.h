// File calls that Glibc's module lacks or cannot express (pwritev(2), flock(2), statx(2)).
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/// O_DIRECT, whose value differs by processor (open(2)).
extern const int hs_o_direct;
/// 64 KiB of zeros that begin at a page.
const void *hs_zeros(void);

/// Writes all buffers one behind the other at an offset (pwritev(2)). The bytes written, or -1 with errno.
ssize_t hs_pwritev(int fd, const struct iovec *buffers, int count, int64_t offset);
/// Takes an exclusive advisory lock without waiting (flock(2)). 0, or -1 with errno.
int hs_lock(int fd);
/// What is free on the file system of `path` for an unprivileged process, in bytes; -1 with errno.
int64_t hs_free_bytes(const char *path);
/// How many names an open file has (statx(2)); -1 with errno. fstat(2) asks for the time of the last change too, and has
/// the kernel note a new one at the next write, which the next sync then has to write with the inode.
int64_t hs_link_count(int fd);
