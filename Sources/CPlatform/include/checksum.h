// CRC32C (Castagnoli, RFC 3720 appendix B.4), by the processor's instruction where it has one.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// The checksum of `bytes`, continuing from `crc` (0 to begin).
uint32_t hs_crc32c(uint32_t crc, const void *bytes, size_t count);
