#include "ckernels.h"
#include "clones.h"

CK_CLONES void ck_scale_bytes(const uint8_t *in, float scale, float *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = (float)in[i] * scale;
}
