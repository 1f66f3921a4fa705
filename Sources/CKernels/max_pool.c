#include "ckernels.h"
#include "clones.h"

CK_CLONES
void ck_max_pool(
    const float *restrict x, size_t columns, size_t channels, size_t size, size_t stride, size_t y_rows,
    size_t y_columns, float *restrict y, int32_t *restrict which) {
    for (size_t r = 0; r < y_rows; r++)
        for (size_t c = 0; c < y_columns; c++, y += channels, which += channels) {
            const float *window = x + (r * columns + c) * stride * channels;
            for (size_t m = 0; m < channels; m++) {
                y[m] = window[m];
                which[m] = 0;
            }
            for (size_t t = 1; t < size * size; t++) {
                const float *from = window + (t / size * columns + t % size) * channels;
                for (size_t m = 0; m < channels; m++) {
                    float v = from[m];
                    // The first NaN stays, so that a diverged net is seen.
                    int larger = (v > y[m]) | ((v != v) & (y[m] == y[m]));
                    y[m] = larger ? v : y[m];
                    which[m] = larger ? (int32_t)t : which[m];
                }
            }
        }
}

CK_CLONES
void ck_max_pool_back(
    const float *restrict g, const int32_t *restrict which, size_t y_rows, size_t y_columns, size_t channels,
    size_t size, size_t stride, float *restrict dx, size_t columns) {
    for (size_t r = 0; r < y_rows; r++)
        for (size_t c = 0; c < y_columns; c++, g += channels, which += channels) {
            float *window = dx + (r * columns + c) * stride * channels;
            for (size_t t = 0; t < size * size; t++) {
                float *to = window + (t / size * columns + t % size) * channels;
                for (size_t m = 0; m < channels; m++) to[m] += which[m] == (int32_t)t ? g[m] : 0;
            }
        }
}
