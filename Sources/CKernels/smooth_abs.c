#include "ckernels.h"
#include "clones.h"
#include <math.h>

typedef float lanes __attribute__((ext_vector_type(16), aligned(4)));

CK_CLONES
double ck_smooth_abs(float *y, size_t count, float epsilon) {
    double sum = 0;
    size_t i = 0;
    while (i + 16 <= count) {
        lanes run = 0; // Float within a run of 32, Double between runs
        size_t end = i + 16 * 32 <= count ? i + 16 * 32 : i + (count - i) / 16 * 16;
        for (; i < end; i += 16) {
            lanes v = *(lanes *)(y + i);
            lanes s = __builtin_elementwise_sqrt(v * v + epsilon);
            run += s;
            *(lanes *)(y + i) = v / s;
        }
        for (int l = 0; l < 16; l++) sum += (double)run[l];
    }
    for (; i < count; i++) {
        float s = sqrtf(y[i] * y[i] + epsilon);
        sum += (double)s;
        y[i] /= s;
    }
    return sum;
}
