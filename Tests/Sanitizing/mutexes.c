/* For ThreadSanitizer: a library that is loaded before all others (LD_PRELOAD) and tells it of the Mutex of Swift's Synchronization.
 *
 * A mutex that nobody else holds is taken and given back by atomic instructions inlined into our code, which the sanitizer sees. One that
 * somebody holds is taken, and given to whoever waits, inside libswiftSynchronization, which is not built with the sanitizer: it
 * sees neither, and reports what the mutex orders as races. So each of these slow ways says here what it has done. Nothing is
 * silenced by it: a race that the mutex does not order is reported as ever. In a program without the sanitizer it does nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

__attribute__((weak)) void __tsan_acquire(void *address);
__attribute__((weak)) void __tsan_release(void *address);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*Lock)(uint32_t, __attribute__((swift_context)) void *);
typedef __attribute__((swiftcall)) bool (*TryLock)(__attribute__((swift_context)) void *);
typedef __attribute__((swiftcall)) void (*Unlock)(__attribute__((swift_context)) void *);

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, __attribute__((swift_context)) void *handle) __asm__(LOCK);
__attribute__((swiftcall)) bool try_slowly(__attribute__((swift_context)) void *handle) __asm__(TRY_LOCK);
__attribute__((swiftcall)) void unlock_slowly(__attribute__((swift_context)) void *handle) __asm__(UNLOCK);

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, __attribute__((swift_context)) void *handle) {
    static Lock next;
    if (!next) next = (Lock)dlsym(RTLD_NEXT, LOCK);
    next(thread, handle);
    if (__tsan_acquire) __tsan_acquire(handle);
}

__attribute__((swiftcall)) bool try_slowly(__attribute__((swift_context)) void *handle) {
    static TryLock next;
    if (!next) next = (TryLock)dlsym(RTLD_NEXT, TRY_LOCK);
    bool is_taken = next(handle);
    if (is_taken && __tsan_acquire) __tsan_acquire(handle);
    return is_taken;
}

__attribute__((swiftcall)) void unlock_slowly(__attribute__((swift_context)) void *handle) {
    static Unlock next;
    if (!next) next = (Unlock)dlsym(RTLD_NEXT, UNLOCK);
    if (__tsan_release) __tsan_release(handle);
    next(handle);
}
