// For ThreadSanitizer: tells it of the Mutex of Swift's Synchronization. A mutex that nobody else holds is taken by instructions that the
// sanitizer sees; one that is held is taken, and given to whoever waits, by the kernel, in a library that it does not see into.
// Built as a library that is loaded before all others: see Tests/run.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef __attribute__((swiftcall)) void (*Lock)(uint32_t, __attribute__((swift_context)) void *);
typedef __attribute__((swiftcall)) void (*Unlock)(__attribute__((swift_context)) void *);

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, __attribute__((swift_context)) void *handle) __asm__(LOCK);
__attribute__((swiftcall)) void unlock_slowly(__attribute__((swift_context)) void *handle) __asm__(UNLOCK);

__attribute__((swiftcall)) void lock_slowly(uint32_t thread, __attribute__((swift_context)) void *handle) {
    static Lock next;
    if (!next) next = (Lock)dlsym(RTLD_NEXT, LOCK);
    next(thread, handle);
    __tsan_acquire(handle);
}

__attribute__((swiftcall)) void unlock_slowly(__attribute__((swift_context)) void *handle) {
    static Unlock next;
    if (!next) next = (Unlock)dlsym(RTLD_NEXT, UNLOCK);
    __tsan_release(handle);
    next(handle);
}
