#include "include/memory.h"
#include <malloc.h>

void hs_keep_memory_small(void) {
    // An arena a thread would each keep what that thread once needed (mallopt(3)).
    mallopt(M_ARENA_MAX, 2);
    // Set once, the threshold no longer grows with what is freed, so that large buffers stay apart from the heap.
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    mallopt(M_TRIM_THRESHOLD, 256 << 10);
}

void hs_give_memory_back(void) { malloc_trim(0); }
