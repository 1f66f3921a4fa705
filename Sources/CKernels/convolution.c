// Direct convolution: sums of a block of pixels × two vectors of maps stay in registers while all taps go by. Products
// and sums are contracted where the processor can (FMA), so bits differ between kinds of processors, as OpenBLAS's do.
#include "blocks.h"
#include "ckernels.h"
#include "clones.h"

#pragma STDC FP_CONTRACT ON

#define WIDTH 4
#define BLOCK 6
#define NAMED(x) x##_plain
#define TARGET
#include "convolution_loops.h"

#ifdef CK_SEVERAL
#define WIDTH 8
#define BLOCK 6
#define NAMED(x) x##_v3
#define TARGET __attribute__((target("arch=x86-64-v3")))
#include "convolution_loops.h"

// Clang would cut vectors of 16 in two for this processor.
#define WIDTH 16
#define BLOCK 14
#define NAMED(x) x##_v4
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#include "convolution_loops.h"

int ck_convolution_width(void) {
    if (__builtin_cpu_supports("x86-64-v4")) return 16;
    return __builtin_cpu_supports("x86-64-v3") ? 8 : 4;
}
#else
int ck_convolution_width(void) { return 4; }
#endif

void ck_convolve(
    int width, const float *x, size_t x_row, size_t x_step, const ck_run *runs, size_t run_count, const float *w,
    size_t maps, const float *bias, float *y, size_t y_row, size_t rows, size_t columns) {
#ifdef CK_SEVERAL
    if (width == 16) return convolve_v4(x, x_row, x_step, runs, run_count, w, maps, bias, y, y_row, rows, columns);
    if (width == 8) return convolve_v3(x, x_row, x_step, runs, run_count, w, maps, bias, y, y_row, rows, columns);
#endif
    convolve_plain(x, x_row, x_step, runs, run_count, w, maps, bias, y, y_row, rows, columns);
}

void ck_convolution_gradient(
    int width, const float *x, size_t x_row, size_t x_step, const ck_run *runs, size_t run_count, float *w, size_t maps,
    const float *g, size_t g_row, size_t rows, size_t columns) {
#ifdef CK_SEVERAL
    if (width == 16) return gradient_v4(x, x_row, x_step, runs, run_count, w, maps, g, g_row, rows, columns);
    if (width == 8) return gradient_v3(x, x_row, x_step, runs, run_count, w, maps, g, g_row, rows, columns);
#endif
    gradient_plain(x, x_row, x_step, runs, run_count, w, maps, g, g_row, rows, columns);
}
