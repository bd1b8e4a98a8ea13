// Starting commands and watching them end (vfork(2), pidfd_open(2)).
#pragma once
#include <stdint.h>
#include <sys/types.h>

/// How a program is started, beside its arguments and environment.
typedef struct hs_spawn_options {
    /// Its working directory; may be null.
    const char *directory;
    /// What become its descriptors 0, 1 and 2.
    int input, output, error;
    /// Whether it becomes another user: then of that one group alone.
    int changes_user;
    uid_t user;
    gid_t group;
    /// Limits of processor time in seconds, address space in bytes and open files; 0 for those of the relay.
    uint64_t cpu_seconds, memory_bytes, files;
} hs_spawn_options;

/// Starts a program in a process group of its own, with no descriptor but 0, 1 and 2, all signals at their defaults and
/// unblocked. 0, or the errno of what failed, exec included; `*step` then names what that was.
int hs_spawn(
    const char *program, char *const arguments[], char *const environment[], const hs_spawn_options *options,
    pid_t *pid, const char **step);
/// A descriptor that is readable once the process has ended. -1 with errno.
int hs_pidfd_open(pid_t pid);
/// A pipe, both ends close-on-exec: 0 reads, 1 writes. 0, or -1 with errno.
int hs_pipe(int ends[2]);
/// Makes a descriptor non-blocking. 0, or -1 with errno.
int hs_set_nonblocking(int fd);
/// Makes this process the parent of those whose own parent has ended, among all that come of it (PR_SET_CHILD_SUBREAPER). 0, or
/// -1 with errno.
int hs_adopt_orphans(void);
/// Whether it was made so.
int hs_adopts_orphans(void);
/// Collects a process that has ended: 0 it has not, 1 it exited with `*code`, 2 signal `*code` killed it, -1 no such child.
int hs_reap(pid_t pid, int *code);
