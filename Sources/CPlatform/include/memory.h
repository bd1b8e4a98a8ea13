// How the C library keeps memory.
#pragma once

/// Keeps the process small rather than its allocations a little faster: few arenas, and large blocks given back when they are freed.
void hs_keep_memory_small(void);
/// Lets go of the pages of code and constants that only the start has needed, and of free memory. They stay in the page
/// cache, and what is needed again comes back by itself (madvise(2), MADV_DONTNEED).
void hs_forget_startup_code(void);
