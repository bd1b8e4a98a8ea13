// Starting commands and watching them end (posix_spawn(3), pidfd_open(2)); threads' names.
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// Starts a program in a process group of its own, with no descriptor but `input` as 0 and `output` as 1 and 2, all
/// signals at their defaults and unblocked. `directory` may be null. 0, or the errno of what failed, exec included.
int hs_spawn(
    const char *program, char *const arguments[], char *const environment[], const char *directory, int input,
    int output, pid_t *pid);
/// A descriptor that is readable once the process has ended. -1 with errno.
int hs_pidfd_open(pid_t pid);
/// A pipe, both ends close-on-exec: 0 reads, 1 writes. 0, or -1 with errno.
int hs_pipe(int ends[2]);
/// Makes a descriptor non-blocking. 0, or -1 with errno.
int hs_set_nonblocking(int fd);
/// Collects a process that has ended: 0 it has not, 1 it exited with `*code`, 2 signal `*code` killed it, -1 no such child.
int hs_reap(pid_t pid, int *code);
