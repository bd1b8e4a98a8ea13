#define _GNU_SOURCE
#include "include/search.h"
#include <string.h>

void *hs_find(const void *haystack, size_t length, const void *needle, size_t needle_length) {
    return memmem(haystack, length, needle, needle_length);
}
