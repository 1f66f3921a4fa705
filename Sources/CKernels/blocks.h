// How loops are cut into blocks (internal).
#ifndef COLONNADE_BLOCKS_H
#define COLONNADE_BLOCKS_H

#include <stddef.h>

// The size of blocks that are as even as possible, at most `most`.
static inline size_t even(size_t count, size_t most) {
    size_t blocks = (count + most - 1) / most;
    return blocks == 0 ? 1 : (count + blocks - 1) / blocks;
}

#endif
