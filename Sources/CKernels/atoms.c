// Convolutions of every channel with the same few atoms: sums of a block of pixels × atoms, for a vector of channels,
// stay in registers while all taps go by. Bits differ between kinds of processors, as convolution.c's do.
#include "blocks.h"
#include "ckernels.h"
#include "clones.h"

#pragma STDC FP_CONTRACT ON

#define WIDTH 4
#define ATOMS 2
#define NAMED(x) x##_plain
#define TARGET
#include "atoms_loops.h"

#ifdef CK_SEVERAL
#define WIDTH 8
#define ATOMS 2
#define NAMED(x) x##_v3
#define TARGET __attribute__((target("arch=x86-64-v3")))
#include "atoms_loops.h"

// Clang would cut vectors of 16 in two for this processor.
#define WIDTH 16
#define ATOMS 4
#define NAMED(x) x##_v4
#define TARGET __attribute__((target("arch=x86-64-v4"), min_vector_width(512)))
#include "atoms_loops.h"
#endif

void ck_convolve_atoms(
    int width, const float *x, size_t x_row, size_t x_step, const size_t *offsets, size_t taps, const float *u,
    size_t atoms, float *y, size_t y_row, size_t rows, size_t columns, size_t channels) {
#ifdef CK_SEVERAL
    if (width == 16)
        return atoms_v4(x, x_row, x_step, offsets, taps, u, atoms, y, y_row, rows, columns, channels);
    if (width == 8)
        return atoms_v3(x, x_row, x_step, offsets, taps, u, atoms, y, y_row, rows, columns, channels);
#endif
    atoms_plain(x, x_row, x_step, offsets, taps, u, atoms, y, y_row, rows, columns, channels);
}
