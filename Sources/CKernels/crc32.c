#include "ckernels.h"

// Carry-less products fold 64 bytes into 64 at a time, which zlib takes byte by byte through tables: Gopal et al.,
// "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009, with its constants for the
// polynomial of gzip, bits reflected.
#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("pclmul")))
static inline __m128i fold(__m128i sum, __m128i next, __m128i powers) {
    __m128i low = _mm_clmulepi64_si128(sum, powers, 0x00), high = _mm_clmulepi64_si128(sum, powers, 0x11);
    return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

__attribute__((target("pclmul")))
static size_t fold_all(uint32_t crc, const uint8_t *bytes, size_t count, uint8_t folded[16]) {
    const __m128i by_64 = _mm_set_epi64x(0x1c6e41596, 0x154442bd4), by_16 = _mm_set_epi64x(0x0ccaa009e, 0x1751997d0);
    __m128i sums[4];
    for (int i = 0; i < 4; i++) sums[i] = _mm_loadu_si128((const __m128i *)bytes + i);
    sums[0] = _mm_xor_si128(sums[0], _mm_cvtsi32_si128((int)~crc));
    size_t done = 64;
    for (; done + 64 <= count; done += 64)
        for (int i = 0; i < 4; i++)
            sums[i] = fold(sums[i], _mm_loadu_si128((const __m128i *)(bytes + done) + i), by_64);
    for (int i = 1; i < 4; i++) sums[i] = fold(sums[i - 1], sums[i], by_16);
    _mm_storeu_si128((__m128i *)folded, sums[3]);
    return done;
}

size_t ck_crc32_fold(uint32_t crc, const void *bytes, size_t count, uint8_t folded[16]) {
    return count >= 64 && __builtin_cpu_supports("pclmul") ? fold_all(crc, bytes, count, folded) : 0;
}
#else
size_t ck_crc32_fold(uint32_t crc, const void *bytes, size_t count, uint8_t folded[16]) { return 0; }
#endif
