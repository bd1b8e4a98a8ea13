// How the C library keeps memory.
#pragma once
#include <stddef.h>

/// Keeps the process small rather than its allocations a little faster: few arenas, and large blocks given back when they are freed.
void hs_keep_memory_small(void);

/// Asks for memory in huge pages where the system has them for those who ask (madvise(2), MADV_HUGEPAGE): a write past the page cache then is
/// one piece for the disk instead of one for each page.
void hs_prefer_huge_pages(void *start, size_t count);

/// Gives back what was freed in the middle of the heap: what a big configuration was read from.
void hs_give_memory_back(void);

/// Lets go of the pages of code and constants that only the start has needed, and of free memory. They stay in the page
/// cache, and what is needed again comes back by itself (madvise(2), MADV_DONTNEED).
void hs_forget_startup_code(void);
