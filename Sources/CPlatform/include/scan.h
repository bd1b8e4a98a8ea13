#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>
#endif

/// How many of sixteen bytes, from the first on, are printable ASCII but quote and backslash: what a JSON string is passed
/// over by. In C, as Swift's SIMD types have no way from a vector of booleans to a number. Inline, so that no call is left.
static inline unsigned hs_plain16(const void *_Nonnull bytes) {
#if defined(__SSE2__)
    __m128i v = _mm_loadu_si128((const __m128i *)bytes);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x22));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8(0x5C));
    // Signed: what is 0x80 or more is less than zero.
    __m128i other = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    int hits = _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, slash), other));
    return hits ? (unsigned)__builtin_ctz((unsigned)hits) : 16;
#elif defined(__ARM_NEON) && defined(__aarch64__)
    uint8x16_t v = vld1q_u8((const uint8_t *)bytes);
    uint8x16_t hits = vorrq_u8(
        vorrq_u8(vceqq_u8(v, vdupq_n_u8(0x22)), vceqq_u8(v, vdupq_n_u8(0x5C))),
        vcltq_s8(vreinterpretq_s8_u8(v), vdupq_n_s8(0x20)));
    // Four bits for each byte.
    uint64_t bits = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(hits), 4)), 0);
    return bits ? (unsigned)__builtin_ctzll(bits) / 4 : 16;
#else
    const uint8_t *c = (const uint8_t *)bytes;
    unsigned plain = 0;
    while (plain < 16 && c[plain] >= 0x20 && c[plain] < 0x80 && c[plain] != 0x22 && c[plain] != 0x5C) plain++;
    return plain;
#endif
}

/// Whether sixty-four bytes are all plain in the sense of `hs_plain16`. No place is told, so that one such step need not wait for another.
static inline bool hs_is_plain64(const void *_Nonnull bytes) {
#if defined(__SSE2__)
    const __m128i *v = (const __m128i *)bytes;
    __m128i hits = _mm_setzero_si128();
    for (int i = 0; i < 4; i++) {
        __m128i part = _mm_loadu_si128(v + i);
        hits = _mm_or_si128(hits, _mm_cmpeq_epi8(part, _mm_set1_epi8(0x22)));
        hits = _mm_or_si128(hits, _mm_cmpeq_epi8(part, _mm_set1_epi8(0x5C)));
        hits = _mm_or_si128(hits, _mm_cmplt_epi8(part, _mm_set1_epi8(0x20)));
    }
    return _mm_movemask_epi8(hits) == 0;
#else
    const char *c = (const char *)bytes;
    for (int i = 0; i < 64; i += 16) if (hs_plain16(c + i) < 16) return false;
    return true;
#endif
}

/// Whether eight bytes are all printable ASCII but quote and backslash. A borrow from an odd byte may make the one behind it look odd
/// too, never a plain one's neighbour plain.
static inline bool hs_is_plain8(uint64_t bytes) {
    const uint64_t each = 0x0101010101010101u;
    uint64_t odd = bytes | (bytes - each * 0x20) | ((bytes ^ each * 0x22) - each) | ((bytes ^ each * 0x5C) - each)
        | ((bytes ^ each * 0x7F) - each);
    return !(odd & each * 0x80);
}

/// Whether bytes are all printable ASCII but quote and backslash: then a JSON string has them as they are.
static inline bool hs_is_plain(const void *_Nonnull bytes, size_t count) {
    const uint8_t *c = (const uint8_t *)bytes;
    uint64_t eight = 0x6161616161616161u;
    if (count < 8) {
        for (size_t i = 0; i < count; i++) eight = eight << 8 | c[i];
        return hs_is_plain8(eight);
    }
    for (size_t i = 0; i + 8 <= count; i += 8) {
        memcpy(&eight, c + i, 8);
        if (!hs_is_plain8(eight)) return false;
    }
    memcpy(&eight, c + count - 8, 8);
    return hs_is_plain8(eight);
}
