// All patches of one image, for the encoder (internal).
#ifndef COLONNADE_PATCHES_H
#define COLONNADE_PATCHES_H

#include <stddef.h>
#include <stdint.h>

// Every size×size patch at stride 1, position by position in row-major order; a patch is ordered channel, row, column.
// Row p of `out` starts at out + p·stride.
void ck_extract_patches(
    const uint8_t *planes, size_t channels, size_t height, size_t width, size_t size, float *out, size_t stride);

// 1/√(var + offset) of every patch, var over n − 1 of its n = channels·size² values, from exact integer sums.
void ck_patch_scales(
    const uint8_t *planes, size_t channels, size_t height, size_t width, size_t size, double offset, float *out);

#endif
