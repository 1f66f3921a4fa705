// Blur along one axis: a row is read at shifts of whole pixels, so that channels, however many, are lanes of vectors.
#include "ckernels.h"
#include "clones.h"

// Contracted as those of convolution.c: these sums are part of one.
#pragma STDC FP_CONTRACT ON

CK_CLONES
void ck_blur(const float *x, size_t step, const float *k, size_t taps, float *y, size_t count) {
    enum { block = 64 };
    size_t i = 0;
    for (; i + block <= count; i += block) {
        float sums[block] = {0};
        for (size_t t = 0; t < taps; t++) {
            const float *from = x + t * step + i;
            for (int l = 0; l < block; l++) sums[l] += k[t] * from[l];
        }
        for (int l = 0; l < block; l++) y[i + l] = sums[l];
    }
    for (; i < count; i++) {
        float sum = 0;
        for (size_t t = 0; t < taps; t++) sum += k[t] * x[t * step + i];
        y[i] = sum;
    }
}
