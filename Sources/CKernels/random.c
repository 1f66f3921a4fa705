// Philox4x32-10, Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#include "ckernels.h"
#include <math.h>

#pragma STDC FP_CONTRACT OFF

typedef struct {
    uint32_t v[4];
} block;

static inline block philox(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t index) {
    uint32_t c0 = (uint32_t)index, c1 = (uint32_t)(index >> 32), c2 = stream, c3 = purpose;
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return (block){{c0, c1, c2, c3}};
}

uint64_t ck_random_bits(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t index) {
    block b = philox(seed, purpose, stream, index);
    return (uint64_t)b.v[1] << 32 | b.v[0];
}

void ck_random_normal(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t start, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        block b = philox(seed, purpose, stream, start + i);
        // 53 and 32 bits; u1 lies in (0, 1], so that its logarithm is finite.
        double u1 = ((double)(((uint64_t)b.v[1] << 32 | b.v[0]) >> 11) + 1) * 0x1p-53;
        double u2 = (double)b.v[2] * 0x1p-32;
        out[i] = (float)(sqrt(-2 * log(u1)) * cos(6.283185307179586477 * u2));
    }
}
