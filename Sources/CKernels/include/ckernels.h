// Loops that the compiler cannot make fast from Swift, built for several instruction sets (internal).
#ifndef COLONNADE_CKERNELS_H
#define COLONNADE_CKERNELS_H

#include <stddef.h>
#include <stdint.h>

// random.c: Philox4x32-10. 64 bits as a function of (seed, purpose, stream, index).
uint64_t ck_random_bits(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t index);

// Standard normals for the indices start ..< start + count.
void ck_random_normal(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t start, float *out, size_t count);

// low + width·u for the indices start ..< start + count, at most `highest`; u has 24 bits and lies in [0, 1). Index i
// reads word i mod 4 of the block that ck_random_bits reads at i/4.
void ck_random_uniform(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t start, float *out, size_t count,
                       float low, float width, float highest);

// x ← scale·x where the word (as above) of its index is at least threshold, 0·x elsewhere; element (r, c) has the
// index start + r·columns + c.
void ck_dropout(uint64_t seed, uint32_t purpose, uint32_t stream, uint64_t start, float *x, size_t stride, size_t rows,
                size_t columns, uint32_t threshold, float scale);

// sums.c: Σ a·b in Double.
double ck_dot(const float *a, const float *b, size_t count);

// out ← Σ_k weights[k]·rows[k], in Double; row k starts at rows + k·stride.
void ck_combine(const float *rows, size_t stride, size_t count, const double *weights, float *out, size_t width);

// smooth_abs.c: y ← y/√(y²+ε); returns Σ√(y²+ε).
double ck_smooth_abs(float *y, size_t count, float epsilon);

// pooling.c: for every row p of y (rows × units) and unit k, with v = scale[p]·y[p][k] − offset[k]:
// adds to sums |v|, √(v²+ε), or max(0, v−t) at k and max(0, −v−t) at units + k.
void ck_pool_abs(const float *y, size_t rows, size_t units, const float *scale, const float *offset, float *sums);
void ck_pool_smooth(const float *y, size_t rows, size_t units, const float *scale, const float *offset, float epsilon,
                    float *sums);
void ck_pool_rectified(const float *y, size_t rows, size_t units, const float *scale, const float *offset,
                       float threshold, float *sums);

// pixels.c: out ← scale·in.
void ck_scale_bytes(const uint8_t *in, float scale, float *out, size_t count);

// activations.c: x ← 1/(1 + e⁻ˣ), max(0, x), tanh x; row r of a matrix starts at r·stride. Off by at most 1e-7,
// and 2e-7 of the result where that is not denormal (sigmoid), or 2.1e-7 and 3.7e-7 (tanh): the largest errors over all
// Floats are 8.9e-8, 1.5e-7, 2.04e-7 and 3.64e-7.
void ck_sigmoid(float *x, size_t stride, size_t rows, size_t columns);
void ck_rectify(float *x, size_t stride, size_t rows, size_t columns);
void ck_tanh(float *x, size_t stride, size_t rows, size_t columns);

// g ← g·f′, from the output y = keep·(what stands in `y`): y(1 − y), [y > 0], 1 − y².
void ck_sigmoid_slope(
    float *g, size_t g_stride, const float *y, size_t y_stride, size_t rows, size_t columns, float keep);
void ck_rectify_slope(float *g, size_t g_stride, const float *y, size_t y_stride, size_t rows, size_t columns);
void ck_tanh_slope(float *g, size_t g_stride, const float *y, size_t y_stride, size_t rows, size_t columns, float keep);

// momentum.c: v ← momentum·v − rate·(g + decay·w), w ← w + v, for every row; decay for the first `weights`
// values of a row only. Where their norm is above max_norm they are scaled back to it.
void ck_momentum_step(
    float *w, size_t w_stride, float *v, size_t v_stride, const float *g, size_t g_stride, size_t rows, size_t columns,
    size_t weights, float rate, float momentum, float decay, double max_norm);

// bfloat16.c: to the upper half of a Float, to nearest, and back. With error feedback: of values + feedback, which
// becomes what rounding took.
void ck_bfloat16_round(const float *values, uint16_t *out, size_t count);
void ck_bfloat16_round_feedback(const float *values, float *feedback, uint16_t *out, size_t count);
void ck_bfloat16_widen(const uint16_t *halves, float *out, size_t count);
void ck_bfloat16_add(const uint16_t *halves, float *out, size_t count);

// convolution.c: floats of an input that follow each other: the channels of one tap, or of several side by side.
typedef struct {
    ptrdiff_t offset; // where the first is, counted from the pixel
    size_t count;
} ck_run;

// Floats of the widest vectors that this processor has: the first argument of the two below, which take 4 and 8, too,
// where they are no more than that.
int ck_convolution_width(void);

// y[r][c][m] ← bias[m] + Σ_t x_t(r, c)·w[t][m] for one sample, where x_t(r, c) is the t-th float of the runs from
// x + r·x_row + c·x_step on. Row r of y starts at r·y_row, and has columns × maps; maps is a multiple of 16; bias
// may be NULL. 2 flops for every t, r, c and m.
void ck_convolve(
    int width, const float *x, size_t x_row, size_t x_step, const ck_run *runs, size_t run_count, const float *w,
    size_t maps, const float *bias, float *y, size_t y_row, size_t rows, size_t columns);

// w[t][m] ← w[t][m] + Σ_{r,c} x_t(r, c)·g[r][c][m], as above.
void ck_convolution_gradient(
    int width, const float *x, size_t x_row, size_t x_step, const ck_run *runs, size_t run_count, float *w, size_t maps,
    const float *g, size_t g_row, size_t rows, size_t columns);

// atoms.c: y[r][c][a][v] ← Σ_t u[t][a]·x[r·x_row + c·x_step + offsets[t] + v] for one sample, the same sums for
// each channel v. Row r of y starts at r·y_row, and has columns × atoms × channels; channels is a multiple of 16.
// `width` as above. 2 flops for every t and element of y.
void ck_convolve_atoms(
    int width, const float *x, size_t x_row, size_t x_step, const size_t *offsets, size_t taps, const float *u,
    size_t atoms, float *y, size_t y_row, size_t rows, size_t columns, size_t channels);

// blur.c: y[i] ← Σ_t k[t]·x[i + t·step]. 2·taps·count flops.
void ck_blur(const float *x, size_t step, const float *k, size_t taps, float *y, size_t count);

// max_pool.c: windows of size × size pixels, stride apart, of maps whose channels are innermost; x has `columns`
// pixels a row, all windows lie inside. y ← the largest value of each channel (NaN counts as larger), which ← where
// in the window it is, row by row from 0 on: the first of equal ones.
void ck_max_pool(
    const float *x, size_t columns, size_t channels, size_t size, size_t stride, size_t y_rows, size_t y_columns,
    float *y, int32_t *which);

// dx ← dx + g where a window had its largest value.
void ck_max_pool_back(
    const float *g, const int32_t *which, size_t y_rows, size_t y_columns, size_t channels, size_t size, size_t stride,
    float *dx, size_t columns);

// crc32.c: folds the first bytes, a multiple of 64 of them, to 16: their CRC-32 (zlib's), with `crc` that of what came
// before, is that of `folded` after the CRC ffffffff. Returns how many bytes it took: none where there are fewer than
// 64, or the processor has no carry-less product. 25 GB/s where the bytes are in the cache.
size_t ck_crc32_fold(uint32_t crc, const void *bytes, size_t count, uint8_t folded[16]);

#endif
