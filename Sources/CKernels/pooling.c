#include "ckernels.h"
#include "clones.h"

CK_CLONES
void ck_pool_abs(const float *restrict y, size_t rows, size_t units, const float *restrict scale,
                 const float *restrict offset, float *restrict sums) {
    for (size_t p = 0; p < rows; p++, y += units)
        for (size_t k = 0; k < units; k++) sums[k] += __builtin_elementwise_abs(scale[p] * y[k] - offset[k]);
}

CK_CLONES
void ck_pool_smooth(const float *restrict y, size_t rows, size_t units, const float *restrict scale,
                    const float *restrict offset, float epsilon, float *restrict sums) {
    for (size_t p = 0; p < rows; p++, y += units)
        for (size_t k = 0; k < units; k++) {
            float v = scale[p] * y[k] - offset[k];
            sums[k] += __builtin_elementwise_sqrt(v * v + epsilon);
        }
}

CK_CLONES
void ck_pool_rectified(const float *restrict y, size_t rows, size_t units, const float *restrict scale,
                       const float *restrict offset, float threshold, float *restrict sums) {
    for (size_t p = 0; p < rows; p++, y += units)
        for (size_t k = 0; k < units; k++) {
            float v = scale[p] * y[k] - offset[k];
            sums[k] += __builtin_elementwise_max(v - threshold, 0.0f);
            sums[units + k] += __builtin_elementwise_max(-v - threshold, 0.0f);
        }
}
