#define _GNU_SOURCE
#include "include/threads.h"
#include <pthread.h>
#include <sched.h>

void hs_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int hs_processors(void) {
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? count : 1;
}
