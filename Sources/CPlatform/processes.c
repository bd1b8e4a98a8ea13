#define _GNU_SOURCE
#include "include/processes.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int limit(int resource, uint64_t value) {
    if (!value) return 0;
    struct rlimit both = {value, value};
    return setrlimit(resource, &both);
}

static void close_others(void) {
    if (!syscall(SYS_close_range, 3U, ~0U, 0U)) return;
    // Linux before 5.9.
    for (long fd = sysconf(_SC_OPEN_MAX) - 1; fd > 2; fd--) close((int)fd);
}

// In the child of vfork, which shares its parent's memory: system calls alone, and users by the raw ones, since glibc's would
// change all threads of the parent. Answers the name of what failed, with errno; does not return if nothing does.
static const char *become(
    const char *program, char *const arguments[], char *const environment[], const hs_spawn_options *options) {
    // By the system call, since glibc keeps two of them from its callers; all zeros is the default.
    static const char usual[64] = {0};
    for (int number = 1; number <= 64; number++) syscall(SYS_rt_sigaction, number, usual, NULL, (size_t)8);
    if (setpgid(0, 0)) return "setpgid";
    // Moved out of the way first, so that none is overwritten before it is used.
    int input = fcntl(options->input, F_DUPFD, 3), output = fcntl(options->output, F_DUPFD, 3),
        error = fcntl(options->error, F_DUPFD, 3);
    if (input < 0 || output < 0 || error < 0) return "dup";
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0) return "dup2";
    close_others();
    if (limit(RLIMIT_CPU, options->cpu_seconds)) return "setrlimit cpu";
    if (limit(RLIMIT_NOFILE, options->files)) return "setrlimit files";
    if (options->changes_user) {
        if (syscall(SYS_setgroups, 1, &options->group)) return "setgroups";
        if (syscall(SYS_setresgid, options->group, options->group, options->group)) return "setgid";
        if (syscall(SYS_setresuid, options->user, options->user, options->user)) return "setuid";
    }
    if (options->directory && chdir(options->directory)) return "chdir";
    // Last, since what follows must still fit into it.
    if (limit(RLIMIT_AS, options->memory_bytes)) return "setrlimit memory";
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvpe(program, arguments, environment);
    return "exec";
}

int hs_spawn(
    const char *program, char *const arguments[], char *const environment[], const hs_spawn_options *options,
    pid_t *pid, const char **step) {
    // No handler of the parent's may run in the child before it has none.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const char *volatile failed = NULL;
    volatile int code = 0;
    pid_t child = vfork();
    if (child == 0) {
        failed = become(program, arguments, environment, options);
        code = errno;
        _exit(127);
    }
    int why = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    *step = failed ? failed : "vfork";
    if (child < 0) return why;
    if (failed) {
        waitpid(child, NULL, 0);
        return code ? code : EIO;
    }
    *pid = child;
    return 0;
}

int hs_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

int hs_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int hs_set_nonblocking(int fd) { return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

int hs_adopt_orphans(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

int hs_adopts_orphans(void) {
    int is = 0;
    return !prctl(PR_GET_CHILD_SUBREAPER, &is, 0, 0, 0) && is;
}

int hs_reap(pid_t pid, int *code) {
    int status;
    pid_t found = waitpid(pid, &status, WNOHANG);
    if (found <= 0) return found == 0 ? 0 : -1;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return WIFEXITED(status) ? 1 : 2;
}
