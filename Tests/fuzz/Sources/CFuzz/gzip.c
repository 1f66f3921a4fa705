#include "cfuzz.h"
#include <zlib.h>

size_t gzip_member(const uint8_t *bytes, size_t count, uint8_t *into, size_t room) {
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)count, .next_out = into, .avail_out = (uInt)room};
    // 9: the smallest window, 16 more: with a gzip header; 1: the least memory. Both are quickly made.
    if (deflateInit2(&stream, 1, Z_DEFLATED, 9 + 16, 1, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
    int isWhole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
    size_t size = stream.total_out;
    deflateEnd(&stream);
    return isWhole ? size : 0;
}

long gzip_content(const char *path, uint8_t *into, size_t room) {
    gzFile file = gzopen(path, "rb");
    if (!file) return -1;
    long size = gzread(file, into, (unsigned)room);
    return gzclose(file) == Z_OK ? size : -1;
}
