// Naming a thread, so that `top -H` and a debugger show what it is (pthread_setname_np(3)), and how many may run at once.
#pragma once

/// Names the calling thread; at most 15 bytes.
void hs_name_thread(const char *name);
/// The processors that this process may run on (sched_getaffinity(2)); at least 1.
int hs_processors(void);
