// What the fuzzed readers are watched with: their memory, and gzip by zlib's own hand.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Begins to count what is allocated.
void heap_begin(void);
/// Ends that: the most bytes that were there at a time beyond those at the beginning.
size_t heap_end(void);

/// One gzip member of some bytes. Returns its size; 0 where `room` is too small.
size_t gzip_member(const uint8_t *bytes, size_t count, uint8_t *into, size_t room);
/// The content of a .gz file by zlib's gzread, at most `room` bytes. Returns how many; -1 where it is damaged.
long gzip_content(const char *path, uint8_t *into, size_t room);
