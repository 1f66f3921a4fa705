#include "ckernels.h"
#include "clones.h"
#include <math.h>

// n values of a row; adds the squares of the new ones to as many sums.
static inline __attribute__((always_inline)) void step(
    float *restrict w, float *restrict v, const float *restrict g, double *restrict squares, size_t n, float rate,
    float momentum, float decay) {
    for (size_t i = 0; i < n; i++) {
        float velocity = momentum * v[i] - rate * (g[i] + decay * w[i]);
        float value = w[i] + velocity;
        v[i] = velocity;
        w[i] = value;
        squares[i] += (double)value * (double)value;
    }
}

CK_CLONES
void ck_momentum_step(
    float *w, size_t w_stride, float *v, size_t v_stride, const float *g, size_t g_stride, size_t rows, size_t columns,
    size_t weights, float rate, float momentum, float decay, double max_norm) {
    for (size_t r = 0; r < rows; r++, w += w_stride, v += v_stride, g += g_stride) {
        double squares[16] = {0}, sum = 0;
        size_t i = 0;
        for (; i + 16 <= weights; i += 16) step(w + i, v + i, g + i, squares, 16, rate, momentum, decay);
        step(w + i, v + i, g + i, squares, weights - i, rate, momentum, decay);
        for (i = weights; i < columns; i++) {
            v[i] = momentum * v[i] - rate * g[i];
            w[i] += v[i];
        }
        for (int l = 0; l < 16; l++) sum += squares[l];
        double norm = sqrt(sum);
        if (norm > max_norm) {
            float factor = (float)(max_norm / norm);
            for (i = 0; i < weights; i++) w[i] *= factor;
        }
    }
}
