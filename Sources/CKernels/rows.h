// The way through matrices with gaps between their rows (internal).
#ifndef COLONNADE_ROWS_H
#define COLONNADE_ROWS_H

#include <stddef.h>

// x ← f(x, y, keep), element by element; y may be x. Runs of 16 fill whole vectors. The last run of a row ends where
// the row ends, so it overlaps the one before it: it is computed first, from what stood there.
static inline __attribute__((always_inline)) void ck_rows(
    float *x, size_t x_stride, const float *y, size_t y_stride, size_t rows, size_t columns, float keep,
    float (*f)(float, float, float)) {
    for (size_t r = 0; r < rows; r++, x += x_stride, y += y_stride) {
        if (columns < 16) {
            for (size_t i = 0; i < columns; i++) x[i] = f(x[i], y[i], keep);
            continue;
        }
        float run[16], last[16];
        size_t end = columns - 16;
        for (int l = 0; l < 16; l++) last[l] = f(x[end + l], y[end + l], keep);
        for (size_t i = 0; i < end; i += 16) {
            for (int l = 0; l < 16; l++) run[l] = f(x[i + l], y[i + l], keep);
            for (int l = 0; l < 16; l++) x[i + l] = run[l];
        }
        for (int l = 0; l < 16; l++) x[end + l] = last[l];
    }
}

#endif
