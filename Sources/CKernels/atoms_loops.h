// The loops of atoms.c for one width of vectors, included once for each (internal). Needs WIDTH, floats of a vector;
// ATOMS, the most atoms of a block; NAMED(x), the name of x; TARGET, the attributes of a function.

// The most pixels of a block, with several atoms and with one.
#define SEVERAL 6
#define ALONE 12

typedef float NAMED(vector) __attribute__((vector_size(4 * WIDTH), aligned(4)));
#define VECTOR(p) (*(NAMED(vector) *)(p))
#define INLINE static inline __attribute__((always_inline)) TARGET

// The numbers of pixels and of atoms are constants of each inlined copy.
INLINE void NAMED(block)(
    const int pixels, const int many, const float *x, size_t x_step, const size_t *offsets, size_t taps,
    const float *u, size_t atoms, float *y, size_t channels) {
    NAMED(vector) sums[ALONE][ATOMS];
    for (int p = 0; p < pixels; p++)
        for (int a = 0; a < many; a++) sums[p][a] = (NAMED(vector)){0};
    for (size_t t = 0; t < taps; t++, u += atoms) {
        const float *from = x + offsets[t];
#pragma clang loop unroll(full)
        for (int p = 0; p < pixels; p++) {
            NAMED(vector) value = VECTOR(from + p * x_step);
#pragma clang loop unroll(full)
            for (int a = 0; a < many; a++) sums[p][a] += u[a] * value;
        }
    }
    for (int p = 0; p < pixels; p++)
        for (int a = 0; a < many; a++) VECTOR(y + (p * atoms + a) * channels) = sums[p][a];
}

// CASES(f, a): f for each number of pixels in a block of a atoms.
#define CASES(f, a) f(1, a) f(2, a) f(3, a) f(4, a) f(5, a) f(6, a)
#define MORE(f, a) f(7, a) f(8, a) f(9, a) f(10, a) f(11, a) f(12, a)

static TARGET __attribute__((noinline)) void NAMED(atoms)(
    const float *x, size_t x_row, size_t x_step, const size_t *offsets, size_t taps, const float *u, size_t atoms,
    float *y, size_t y_row, size_t rows, size_t columns, size_t channels) {
    size_t together = even(atoms, ATOMS), block = even(columns, together == 1 ? ALONE : SEVERAL);
    for (size_t v = 0; v < channels; v += WIDTH)
        for (size_t r = 0; r < rows; r++)
            for (size_t c = 0; c < columns; c += block) {
                size_t pixels = columns - c < block ? columns - c : block;
                for (size_t a = 0; a < atoms; a += together) {
                    const float *from = x + r * x_row + c * x_step + v;
                    float *to = y + r * y_row + (c * atoms + a) * channels + v;
                    size_t many = atoms - a < together ? atoms - a : together;
#define PIXELS(n, m)                                                                            \
    case n: NAMED(block)(n, m, from, x_step, offsets, taps, u + a, atoms, to, channels); break;
                    if (many == 1) {
                        switch (pixels) { CASES(PIXELS, 1) MORE(PIXELS, 1) }
                    } else if (many == 2) {
                        switch (pixels) { CASES(PIXELS, 2) }
                    }
#if ATOMS == 4
                    else if (many == 3) {
                        switch (pixels) { CASES(PIXELS, 3) }
                    } else {
                        switch (pixels) { CASES(PIXELS, 4) }
                    }
#endif
#undef PIXELS
                }
            }
}

#undef CASES
#undef MORE
#undef SEVERAL
#undef ALONE
#undef VECTOR
#undef INLINE
#undef WIDTH
#undef ATOMS
#undef NAMED
#undef TARGET
