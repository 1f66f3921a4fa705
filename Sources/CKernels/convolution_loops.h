// The loops of convolution.c for one width of vectors, included once for each (internal). Needs WIDTH, floats of a
// vector; BLOCK, the most pixels or taps whose sums stay in registers; NAMED(x), the name of x; TARGET, the attributes
// of a function.

// Adding up two vectors of maps for each pixel takes 2·BLOCK + 3 registers.
typedef float NAMED(vector) __attribute__((vector_size(4 * WIDTH), aligned(4)));
#define VECTOR(p) (*(NAMED(vector) *)(p))
#define INLINE static inline __attribute__((always_inline)) TARGET

// The numbers of pixels and of vectors are constants of each inlined copy.
INLINE void NAMED(pixels)(
    const int pixels, const int vectors, const float *x, size_t x_step, const ck_run *runs, size_t run_count,
    const float *w, size_t maps, const float *bias, float *y) {
    NAMED(vector) sums[BLOCK][2];
    for (int p = 0; p < pixels; p++)
        for (int v = 0; v < vectors; v++) sums[p][v] = VECTOR(bias + v * WIDTH);
    for (size_t r = 0; r < run_count; r++) {
        const float *from = x + runs[r].offset, *end = from + runs[r].count;
        for (; from < end; from++, w += maps) {
            NAMED(vector) first = VECTOR(w), second = vectors > 1 ? VECTOR(w + WIDTH) : first;
#pragma clang loop unroll(full)
            for (int p = 0; p < pixels; p++) {
                float value = from[p * x_step];
                sums[p][0] += value * first;
                if (vectors > 1) sums[p][1] += value * second;
            }
        }
    }
    for (int p = 0; p < pixels; p++)
        for (int v = 0; v < vectors; v++) VECTOR(y + p * maps + v * WIDTH) = sums[p][v];
}

INLINE void NAMED(taps)(
    const int taps, const int vectors, const float *x, size_t x_row, size_t x_step, const float *g, size_t g_row,
    size_t maps, size_t rows, size_t columns, float *w) {
    NAMED(vector) sums[BLOCK][2];
    for (int t = 0; t < taps; t++)
        for (int v = 0; v < vectors; v++) sums[t][v] = VECTOR(w + t * maps + v * WIDTH);
    for (size_t r = 0; r < rows; r++) {
        const float *from = x + r * x_row, *of = g + r * g_row;
        for (size_t c = 0; c < columns; c++, from += x_step, of += maps) {
            NAMED(vector) first = VECTOR(of), second = vectors > 1 ? VECTOR(of + WIDTH) : first;
#pragma clang loop unroll(full)
            for (int t = 0; t < taps; t++) {
                sums[t][0] += from[t] * first;
                if (vectors > 1) sums[t][1] += from[t] * second;
            }
        }
    }
    for (int t = 0; t < taps; t++)
        for (int v = 0; v < vectors; v++) VECTOR(w + t * maps + v * WIDTH) = sums[t][v];
}

// CASES(f): f for each number of things in a block.
#if BLOCK == 14
#define CASES(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14)
#else
#define CASES(f) f(1) f(2) f(3) f(4) f(5) f(6)
#endif

static TARGET __attribute__((noinline)) void NAMED(convolve)(
    const float *x, size_t x_row, size_t x_step, const ck_run *runs, size_t run_count, const float *w, size_t maps,
    const float *bias, float *y, size_t y_row, size_t rows, size_t columns) {
    // A choice at every block would cost registers.
    static const float none[2 * WIDTH];
    size_t block = even(columns, BLOCK);
    for (size_t m = 0; m < maps; m += 2 * WIDTH) {
        const int pair = maps - m >= 2 * WIDTH;
        const float *start = bias ? bias + m : none;
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c += block) {
                const float *from = x + r * x_row + c * x_step;
                float *to = y + r * y_row + c * maps + m;
#define PIXELS(n)                                                                                      \
    case n:                                                                                            \
        if (pair) NAMED(pixels)(n, 2, from, x_step, runs, run_count, w + m, maps, start, to);          \
        else NAMED(pixels)(n, 1, from, x_step, runs, run_count, w + m, maps, start, to);               \
        break;
                switch (columns - c < block ? columns - c : block) { CASES(PIXELS) }
#undef PIXELS
            }
    }
}

static TARGET __attribute__((noinline)) void NAMED(gradient)(
    const float *x, size_t x_row, size_t x_step, const ck_run *runs, size_t run_count, float *w, size_t maps,
    const float *g, size_t g_row, size_t rows, size_t columns) {
    for (size_t r = 0; r < run_count; w += runs[r].count * maps, r++) {
        size_t count = runs[r].count, block = even(count, BLOCK);
        for (size_t i = 0; i < count; i += block)
            for (size_t m = 0; m < maps; m += 2 * WIDTH) {
                const int pair = maps - m >= 2 * WIDTH;
                const float *from = x + runs[r].offset + i;
                float *to = w + i * maps + m;
#define TAPS(n)                                                                                      \
    case n:                                                                                          \
        if (pair) NAMED(taps)(n, 2, from, x_row, x_step, g + m, g_row, maps, rows, columns, to);     \
        else NAMED(taps)(n, 1, from, x_row, x_step, g + m, g_row, maps, rows, columns, to);          \
        break;
                switch (count - i < block ? count - i : block) { CASES(TAPS) }
#undef TAPS
            }
    }
}

#undef CASES
#undef VECTOR
#undef INLINE
#undef WIDTH
#undef BLOCK
#undef NAMED
#undef TARGET
