#include "patches.h"
#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

// A row of positions at a time: one image row is made float in a strip that stays in L1, and each position takes its
// `size` values from there. With a constant size the copy is two or three moves.
static inline __attribute__((always_inline)) void extract(
    const uint8_t *planes, size_t channels, size_t height, size_t width, size_t size, float *out, size_t stride) {
    size_t across = width - size + 1, down = height - size + 1;
    float strip[width];
    for (size_t r = 0; r < down; r++) {
        float *row = out + r * across * stride;
        for (size_t channel = 0; channel < channels; channel++) {
            for (size_t i = 0; i < size; i++) {
                const uint8_t *pixels = planes + (channel * height + r + i) * width;
                for (size_t c = 0; c < width; c++) strip[c] = pixels[c];
                float *to = row + (channel * size + i) * size;
                for (size_t c = 0; c < across; c++, to += stride) memcpy(to, strip + c, size * sizeof(float));
            }
        }
    }
}

void ck_extract_patches(
    const uint8_t *planes, size_t channels, size_t height, size_t width, size_t size, float *out, size_t stride) {
    switch (size) {
    case 5: extract(planes, channels, height, width, 5, out, stride); break;
    case 6: extract(planes, channels, height, width, 6, out, stride); break;
    case 7: extract(planes, channels, height, width, 7, out, stride); break;
    case 8: extract(planes, channels, height, width, 8, out, stride); break;
    case 10: extract(planes, channels, height, width, 10, out, stride); break;
    default: extract(planes, channels, height, width, size, out, stride);
    }
}

// Sums of a window slide: the column sums take in one image row and drop another, the window takes in one column sum
// and drops another.
void ck_patch_scales(
    const uint8_t *planes, size_t channels, size_t height, size_t width, size_t size, double offset, float *out) {
    size_t across = width - size + 1;
    int64_t n = (int64_t)(channels * size * size);
    double pairs = n > 1 ? (double)(n * (n - 1)) : 1;
    uint32_t sums[width], squares[width];
    memset(sums, 0, width * sizeof *sums);
    memset(squares, 0, width * sizeof *squares);
    for (size_t y = 0; y < height; y++) {
        for (size_t channel = 0; channel < channels; channel++) {
            const uint8_t *in = planes + (channel * height + y) * width;
            for (size_t c = 0; c < width; c++) {
                sums[c] += in[c];
                squares[c] += (uint32_t)in[c] * in[c];
            }
            if (y < size) continue;
            const uint8_t *gone = in - size * width;
            for (size_t c = 0; c < width; c++) {
                sums[c] -= gone[c];
                squares[c] -= (uint32_t)gone[c] * gone[c];
            }
        }
        if (y + 1 < size) continue;
        float *row = out + (y + 1 - size) * across;
        int64_t sum = 0, square = 0;
        for (size_t c = 0; c < size; c++) {
            sum += sums[c];
            square += squares[c];
        }
        for (size_t c = 0; c < across; c++) {
            row[c] = (float)(1 / sqrt((double)(n * square - sum * sum) / pairs + offset));
            if (c + 1 == across) break;
            sum += (int64_t)sums[c + size] - sums[c];
            square += (int64_t)squares[c + size] - squares[c];
        }
    }
}
