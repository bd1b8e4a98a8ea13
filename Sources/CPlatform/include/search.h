// Finding bytes in bytes, in linear time.
#pragma once
#include <stddef.h>

/// Where a needle begins in a haystack, or null (memmem(3), which glibc does in time linear in both).
void *hs_find(const void *haystack, size_t length, const void *needle, size_t needle_length);
