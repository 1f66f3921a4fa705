#include "ckernels.h"
#include "clones.h"

CK_CLONES
double ck_dot(const float *a, const float *b, size_t count) {
    double lanes[16] = {0};
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int l = 0; l < 16; l++) lanes[l] += (double)a[i + l] * (double)b[i + l];
    double sum = 0;
    for (; i < count; i++) sum += (double)a[i] * (double)b[i];
    for (int l = 0; l < 16; l++) sum += lanes[l];
    return sum;
}

CK_CLONES
void ck_combine(const float *rows, size_t stride, size_t count, const double *weights, float *out, size_t width) {
    enum { block = 256 };
    double sums[block];
    for (size_t start = 0; start < width; start += block) {
        size_t n = width - start < block ? width - start : block;
        for (size_t i = 0; i < n; i++) sums[i] = 0;
        for (size_t k = 0; k < count; k++) {
            const float *row = rows + k * stride + start;
            double w = weights[k];
            if (w != 0)
                for (size_t i = 0; i < n; i++) sums[i] += w * (double)row[i];
        }
        for (size_t i = 0; i < n; i++) out[start + i] = (float)sums[i];
    }
}
