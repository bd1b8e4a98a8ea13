#define _GNU_SOURCE
#include "include/memory.h"
#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void hs_keep_memory_small(void) {
    // An arena a thread would each keep what that thread once needed (mallopt(3)).
    mallopt(M_ARENA_MAX, 2);
    // Set once, the threshold no longer grows with what is freed, so that large buffers stay apart from the heap.
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    mallopt(M_TRIM_THRESHOLD, 256 << 10);
}

void hs_prefer_huge_pages(void *start, size_t count) { madvise(start, count, MADV_HUGEPAGE); }

void hs_give_memory_back(void) { malloc_trim(0); }

static int forget_code(struct dl_phdr_info *object, size_t size, void *page) {
    (void)size;
    uintptr_t mask = *(uintptr_t *)page - 1;
    for (int i = 0; i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &object->dlpi_phdr[i];
        // Only what was never written: what the linker has changed would be read from the file again, as it was.
        if (part->p_type != PT_LOAD || part->p_flags & PF_W) continue;
        uintptr_t start = (object->dlpi_addr + part->p_vaddr) & ~mask;
        uintptr_t end = (object->dlpi_addr + part->p_vaddr + part->p_memsz + mask) & ~mask;
        // The kernel's own object (vdso) refuses, which does no harm.
        madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

void hs_forget_startup_code(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    dl_iterate_phdr(forget_code, &page);
    hs_give_memory_back();
}
