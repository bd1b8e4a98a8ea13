// Naming a thread, so that `top -H` and a debugger show what it is (pthread_setname_np(3)).
#pragma once

/// Names the calling thread; at most 15 bytes.
void hs_name_thread(const char *name);
