#include "ckernels.h"
#include "clones.h"
#include <string.h>

// To nearest, ties to even; what is not a number stays so, where rounding up could make it infinite.
static inline __attribute__((always_inline)) uint16_t rounded(float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    uint32_t up = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    return (bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : (uint16_t)up;
}

static inline __attribute__((always_inline)) float widened(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

CK_CLONES
void ck_bfloat16_round(const float *values, uint16_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = rounded(values[i]);
}

CK_CLONES
void ck_bfloat16_round_feedback(const float *values, float *restrict feedback, uint16_t *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float whole = values[i] + feedback[i];
        out[i] = rounded(whole);
        feedback[i] = whole - widened(out[i]);
    }
}

CK_CLONES
void ck_bfloat16_widen(const uint16_t *halves, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = widened(halves[i]);
}

CK_CLONES
void ck_bfloat16_add(const uint16_t *halves, float *restrict out, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] += widened(halves[i]);
}
