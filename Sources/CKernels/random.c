// Philox4x32-10, Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#include "ckernels.h"
#include "clones.h"
#include <math.h>
#include <string.h>

typedef struct {
    uint32_t v[4];
} block;

static inline __attribute__((always_inline)) block philox(
    uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t index) {
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

// Where every number needs 32 bits only, a block serves four: number i is word i mod 4 of block i/4. Blocks are made 16
// at a time, so that they fill vectors.
enum { run = 64 };

// The words of the blocks from that of number `index` on; returns where in them the number is.
static inline __attribute__((always_inline)) size_t words(
    uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t index, uint32_t out[run]) {
    for (uint64_t l = 0; l < run / 4; l++) {
        block b = philox(seed, purpose, stream, index / 4 + l);
        for (int k = 0; k < 4; k++) out[4 * l + k] = b.v[k];
    }
    return index % 4;
}

CK_CLONES
void ck_random_uniform(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t start, float *out, size_t count,
                       float low, float width, float highest) {
    uint32_t bits[run];
    float values[run];
    while (count > 0) {
        size_t first = words(seed, purpose, stream, start, bits), n = run - first < count ? run - first : count;
        for (int i = 0; i < run; i++) {
            float value = low + width * ((float)(int32_t)(bits[i] >> 8) * 0x1p-24f);
            values[i] = value > highest ? highest : value;
        }
        memcpy(out, values + first, n * sizeof(float));
        start += n;
        out += n;
        count -= n;
    }
}

CK_CLONES
void ck_dropout(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t start, float *x, size_t stride, size_t rows,
                size_t columns, uint32_t threshold, float scale) {
    uint32_t bits[run];
    float factors[run];
    for (size_t r = 0; r < rows; r++, x += stride) {
        for (size_t i = 0; i < columns;) {
            size_t first = words(seed, purpose, stream, start, bits), left = columns - i;
            size_t n = run - first < left ? run - first : left;
            for (int k = 0; k < run; k++) factors[k] = bits[k] < threshold ? 0 : scale;
            for (size_t k = 0; k < n; k++) x[i + k] *= factors[first + k];
            start += n;
            i += n;
        }
    }
}
