// Each is accurate to what ckernels.h says; the polynomials are fits of our own (minimax for the relative error).
// Comparisons are written so that NaN stays NaN.
#include "clones.h"
#include "ckernels.h"
#include "rows.h"

// For −87 ≤ x; e⁻⁸⁷ below, infinite from 88.4 on. x = n·ln 2 + r, |r| ≤ ln 2/2, and e^r is a polynomial of
// degree 6, off by 3e-9.
static inline float exponential(float x) {
    x = x < -87.0f ? -87.0f : x;
    x = x > 89.0f ? 89.0f : x;
    // Large enough to leave no bit for a fraction: n stands in the low bits.
    float shifted = x * 0x1.715476p+0f + 0x1.8p+23f;
    float n = shifted - 0x1.8p+23f;
    float r = x - n * 0.693359375f + n * 2.12194440e-4f; // ln 2 in two parts: n times the first is exact
    float square = r * r; // pairs, not Horner: a shorter chain, of which more fit into the processor's window
    float e = 1.3814467e-3f * square + (8.3687808e-3f * r + 4.1668394e-2f);
    e = e * square + (1.6666520e-1f * r + 4.9999993e-1f);
    e = e * square + r + 1;
    union {
        float value;
        uint32_t bits;
    } power = {shifted};
    power.bits = (power.bits + 127) << 23;
    return e * power.value;
}

static inline float sigmoid(float x, float y, float keep) { return 1 / (1 + exponential(-x)); }

static inline float rectified(float x, float y, float keep) { return x < 0 ? 0 : x; }

// tanh x = 2t/(1 + t²) with t = tanh(x/2) = a/2b: ab/(b² + a²/4), off by 7e-9 for |x| ≤ 9, beyond which tanh is
// ±1 in Float. Near ±1 the errors of a and b cancel.
static inline float hyperbolic_tangent(float x, float y, float keep) {
    x = x < -9.0f ? -9.0f : x;
    x = x > 9.0f ? 9.0f : x;
    float z = x * x;
    float a = 1.1412963e-4f;
    a = a * z + 2.9767663e-2f;
    a = (a * z + 1) * x;
    float b = 1.2266018e-6f;
    b = b * z + 1.2059179e-3f;
    b = b * z + 1.1310095e-1f;
    b = b * z + 1;
    float t = a * b / (b * b + 0.25f * a * a);
    t = t < -1.0f ? -1.0f : t;
    return t > 1.0f ? 1.0f : t;
}

static inline float sigmoid_slope(float g, float y, float keep) {
    y *= keep;
    return g * (y * (1 - y));
}

static inline float rectified_slope(float g, float y, float keep) { return y > 0 ? g : 0; }

static inline float tanh_slope(float g, float y, float keep) {
    y *= keep;
    return g * (1 - y * y);
}

CK_CLONES
void ck_sigmoid(float *x, size_t stride, size_t rows, size_t columns) {
    ck_rows(x, stride, x, stride, rows, columns, 1, sigmoid);
}

CK_CLONES
void ck_rectify(float *x, size_t stride, size_t rows, size_t columns) {
    ck_rows(x, stride, x, stride, rows, columns, 1, rectified);
}

CK_CLONES
void ck_tanh(float *x, size_t stride, size_t rows, size_t columns) {
    ck_rows(x, stride, x, stride, rows, columns, 1, hyperbolic_tangent);
}

CK_CLONES
void ck_sigmoid_slope(
    float *g, size_t g_stride, const float *y, size_t y_stride, size_t rows, size_t columns, float keep) {
    ck_rows(g, g_stride, y, y_stride, rows, columns, keep, sigmoid_slope);
}

CK_CLONES
void ck_rectify_slope(float *g, size_t g_stride, const float *y, size_t y_stride, size_t rows, size_t columns) {
    ck_rows(g, g_stride, y, y_stride, rows, columns, 1, rectified_slope);
}

CK_CLONES
void ck_tanh_slope(
    float *g, size_t g_stride, const float *y, size_t y_stride, size_t rows, size_t columns, float keep) {
    ck_rows(g, g_stride, y, y_stride, rows, columns, keep, tanh_slope);
}
