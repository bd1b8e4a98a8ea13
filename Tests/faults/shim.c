/* A library that is loaded before all others (LD_PRELOAD) and stands between a program and its disk and clock.
 *
 * FAULTS_DIR     what lies below it is watched; everything else goes through untouched
 * FAULTS_CONTROL a file of one `struct control`, mapped: whoever writes to it decides what happens from now on
 * FAULTS_LOG     a file: each change below FAULTS_DIR is appended to it, in the order in which it came about
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct control {
    int32_t write_errno;   /* write, pwrite, pwritev and ftruncate fail with this; 0: they do not */
    int32_t sync_errno;    /* fdatasync and fsync */
    int32_t create_errno;  /* open with O_CREAT */
    int32_t name_errno;    /* rename, unlink and mkdir */
    int32_t times;         /* so many calls fail, and the next do not; 0: all */
    int32_t sync_delay_ms; /* a sync takes so much longer */
    int64_t clock_ms;      /* what the wall clock is set on by */
    int64_t syncs;         /* syncs that came to their end, counted here */
    int32_t sync_hangs;    /* a sync does not come back as long as this is set */
    int32_t write_hangs;   /* nor a write */
};

enum { descriptors = 65536 };

static struct control *control;
static const char *directory;
static int log_descriptor = -1;
static char watched[descriptors];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_CONTROL");
    directory = getenv("FAULTS_DIR");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd >= 0) {
        void *page = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED) control = page;
        syscall(SYS_close, fd);
    }
    path = getenv("FAULTS_LOG");
    if (path)
        log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_below(const char *path) {
    return directory && path && strncmp(path, directory, strlen(directory)) == 0;
}

static int is_watched(int fd) { return fd >= 0 && fd < descriptors && watched[fd]; }

/* Whether a call that could fail with `code` is to. */
static int fails(int32_t code) {
    if (!control || code == 0) return 0;
    if (control->times > 0 && --control->times == 0) {
        control->write_errno = control->sync_errno = control->create_errno = control->name_errno = 0;
    }
    errno = code;
    return 1;
}

/* One change: kind u8, inode u64, offset or size u64, two lengths u32, then two pieces of bytes. */
static void note(char kind, uint64_t inode, uint64_t number, const void *one, uint32_t first, const void *two, uint32_t second) {
    if (log_descriptor < 0) return;
    char head[25];
    head[0] = kind;
    memcpy(head + 1, &inode, 8);
    memcpy(head + 9, &number, 8);
    memcpy(head + 17, &first, 4);
    memcpy(head + 21, &second, 4);
    struct iovec parts[3] = {{head, 25}, {(void *)one, first}, {(void *)two, second}};
    syscall(SYS_writev, log_descriptor, parts, 3);
}

static void hang_while(int32_t *flag) {
    while (*(volatile int32_t *)flag) usleep(1000);
}

static uint64_t inode(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

static int opened(const char *path, int flags, mode_t mode) {
    int below = is_below(path);
    if (below && (flags & O_CREAT) && control && fails(control->create_errno)) return -1;
    pthread_mutex_lock(&lock);
    struct stat before;
    int is_new = below && (flags & O_CREAT) && stat(path, &before) != 0;
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    int code = errno;
    if (fd >= 0 && fd < descriptors) watched[fd] = (char)below;
    if (fd >= 0 && is_new) note('o', inode(fd), 0, path, (uint32_t)strlen(path), NULL, 0);
    if (fd >= 0 && below && !is_new && (flags & O_TRUNC)) note('t', inode(fd), 0, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = code;
    return fd;
}

int open(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(path, flags, mode);
}

int close(int fd) {
    if (fd >= 0 && fd < descriptors) watched[fd] = 0;
    return (int)syscall(SYS_close, fd);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
    if (!is_watched(fd)) return REAL(pwritev)(fd, parts, count, offset);
    if (control) hang_while(&control->write_hangs);
    if (control && fails(control->write_errno)) return -1;
    pthread_mutex_lock(&lock);
    ssize_t written = REAL(pwritev)(fd, parts, count, offset);
    int code = errno;
    uint64_t place = (uint64_t)offset;
    for (ssize_t left = written; left > 0; parts++) {
        uint32_t length = (uint32_t)(left < (ssize_t)parts->iov_len ? left : (ssize_t)parts->iov_len);
        if (length) note('w', inode(fd), place, parts->iov_base, length, NULL, 0);
        place += length;
        left -= length;
    }
    pthread_mutex_unlock(&lock);
    errno = code;
    return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    if (!is_watched(fd)) return REAL(pwrite)(fd, bytes, count, offset);
    struct iovec part = {(void *)bytes, count};
    return pwritev(fd, &part, 1, offset);
}

ssize_t write(int fd, const void *bytes, size_t count) {
    if (!is_watched(fd)) return (ssize_t)syscall(SYS_write, fd, bytes, count);
    if (control) hang_while(&control->write_hangs);
    if (control && fails(control->write_errno)) return -1;
    pthread_mutex_lock(&lock);
    struct stat status;
    off_t place = fcntl(fd, F_GETFL) & O_APPEND ? (fstat(fd, &status) == 0 ? status.st_size : 0) : lseek(fd, 0, SEEK_CUR);
    ssize_t written = (ssize_t)syscall(SYS_write, fd, bytes, count);
    int code = errno;
    if (written > 0) note('w', inode(fd), (uint64_t)place, bytes, (uint32_t)written, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = code;
    return written;
}

int ftruncate(int fd, off_t size) {
    if (!is_watched(fd)) return REAL(ftruncate)(fd, size);
    if (control && fails(control->write_errno)) return -1;
    pthread_mutex_lock(&lock);
    int result = REAL(ftruncate)(fd, size);
    int code = errno;
    if (result == 0) note('t', inode(fd), (uint64_t)size, NULL, 0, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

static int synced(int fd, int (*real)(int)) {
    if (control) hang_while(&control->sync_hangs);
    if (control && control->sync_delay_ms > 0) usleep((useconds_t)control->sync_delay_ms * 1000);
    if (control && fails(control->sync_errno)) return -1;
    pthread_mutex_lock(&lock);
    int result = real(fd);
    int code = errno;
    struct stat status;
    if (result == 0 && fstat(fd, &status) == 0) {
        char path[4096], link[64];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t length = S_ISDIR(status.st_mode) ? readlink(link, path, sizeof path) : 0;
        note(length > 0 ? 'd' : 's', status.st_ino, 0, path, length > 0 ? (uint32_t)length : 0, NULL, 0);
        if (control) control->syncs++;
    }
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int fdatasync(int fd) {
    if (!is_watched(fd)) return REAL(fdatasync)(fd);
    return synced(fd, REAL(fdatasync));
}

int fsync(int fd) {
    if (!is_watched(fd)) return REAL(fsync)(fd);
    return synced(fd, REAL(fsync));
}

int rename(const char *path, const char *new_path) {
    if (!is_below(path)) return REAL(rename)(path, new_path);
    if (control && fails(control->name_errno)) return -1;
    pthread_mutex_lock(&lock);
    int result = REAL(rename)(path, new_path);
    int code = errno;
    if (result == 0) note('r', 0, 0, path, (uint32_t)strlen(path), new_path, (uint32_t)strlen(new_path));
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int unlink(const char *path) {
    if (!is_below(path)) return REAL(unlink)(path);
    if (control && fails(control->name_errno)) return -1;
    pthread_mutex_lock(&lock);
    int result = REAL(unlink)(path);
    int code = errno;
    if (result == 0) note('u', 0, 0, path, (uint32_t)strlen(path), NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = code;
    return result;
}

int mkdir(const char *path, mode_t mode) {
    if (is_below(path) && control && fails(control->name_errno)) return -1;
    return REAL(mkdir)(path, mode);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && control && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        time->tv_sec += control->clock_ms / 1000;
    return result;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
