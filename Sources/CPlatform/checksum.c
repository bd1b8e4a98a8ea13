#include "include/checksum.h"
#include <string.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

static uint32_t table[256];

/* Of a stretch that is read as three at once, a third's bytes; and what a sum is multiplied by to stand so many bytes, and twice as
   many, further to the front: x^(8n-33) modulo the polynomial, bits reflected. The product of two reflected numbers is one x too low,
   and the instruction brings the other 32. */
struct thirds {
    size_t bytes;
    uint32_t one;
    uint32_t two;
};
static struct thirds thirds[] = {{512, 0, 0}, {64, 0, 0}};

static uint32_t power(size_t bytes) {
    uint32_t r = 0x80000000u;
    for (size_t k = 8 * bytes - 33; k > 0; k--) r = r & 1 ? (r >> 1) ^ 0x82F63B78u : r >> 1;
    return r;
}

__attribute__((constructor)) static void fill_table(void) {
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++) c = c & 1 ? (c >> 1) ^ 0x82F63B78u : c >> 1;
        table[i] = c;
    }
    for (size_t i = 0; i < sizeof thirds / sizeof *thirds; i++) {
        thirds[i].one = power(thirds[i].bytes);
        thirds[i].two = power(2 * thirds[i].bytes);
    }
}

static uint32_t by_table(uint32_t crc, const uint8_t *p, size_t n) {
    while (n--) crc = table[(crc ^ *p++) & 0xFF] ^ (crc >> 8);
    return crc;
}

#if defined(__x86_64__)
static uint64_t word(const uint8_t *p) {
    uint64_t word;
    memcpy(&word, p, 8);
    return word;
}

__attribute__((target("sse4.2"))) static uint32_t by_instruction(uint32_t crc, const uint8_t *p, size_t n) {
    uint64_t wide = crc;
    for (; n >= 8; n -= 8, p += 8) wide = _mm_crc32_u64(wide, word(p));
    crc = (uint32_t)wide;
    while (n--) crc = _mm_crc32_u8(crc, *p++);
    return crc;
}

__attribute__((target("sse4.2,pclmul"))) static uint64_t moved(uint64_t crc, uint32_t by) {
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi64_si128(by), 0);
    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/* The instruction takes three cycles and can begin each cycle: three stretches, each independent of the others, keep it busy. */
__attribute__((target("sse4.2,pclmul"))) static uint32_t by_three(uint32_t crc, const uint8_t *p, size_t n) {
    for (size_t i = 0; i < sizeof thirds / sizeof *thirds; i++) {
        size_t third = thirds[i].bytes;
        for (; n >= 3 * third; n -= 3 * third, p += 3 * third) {
            uint64_t a = crc, b = 0, c = 0;
            for (size_t at = 0; at < third; at += 8) {
                a = _mm_crc32_u64(a, word(p + at));
                b = _mm_crc32_u64(b, word(p + third + at));
                c = _mm_crc32_u64(c, word(p + 2 * third + at));
            }
            crc = (uint32_t)(moved(a, thirds[i].two) ^ moved(b, thirds[i].one) ^ c);
        }
    }
    return by_instruction(crc, p, n);
}
#endif

uint32_t hs_crc32c(uint32_t crc, const void *bytes, size_t count) {
    crc = ~crc;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2"))
        return ~(__builtin_cpu_supports("pclmul") ? by_three : by_instruction)(crc, bytes, count);
#endif
    return ~by_table(crc, bytes, count);
}
