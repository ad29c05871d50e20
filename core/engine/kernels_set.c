/* One set of kernels. Compiled several times, each with the flags of an instruction set and with
 * MFD_KERNELS defined to the name of the table; plain loops that the compiler turns into vectors.
 *
 * Longer than a file should be, because these loops are one thing: all elementwise work of the
 * network, in the order in which a row meets it. */
#include <math.h>
#include <string.h>

#include "core/engine/kernels.h"
#include "core/engine/kernels_product.h"

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)
#define INLINE static inline __attribute__((always_inline))

extern const struct mfd_kernels MFD_KERNELS;

/* One vector register of floats. */
#if defined(__AVX512F__)
#define LINE 16
#elif defined(__AVX__)
#define LINE 8
#else
#define LINE 4
#endif
typedef float lanes __attribute__((vector_size(4 * LINE)));
typedef float lanes_anywhere __attribute__((vector_size(4 * LINE), aligned(4), may_alias));
#define LOAD(p) (*(const lanes_anywhere *)(const void *)(p))
#define STORE(p, x) (*(lanes_anywhere *)(void *)(p) = (x))

INLINE float clamp(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* 2^x for x in [-126, 127], relative error below 1e-7: 2^n times a polynomial of x - n, which is in
 * [-1/2, 1/2], with the least largest relative error (Lawson's iteration). */
INLINE float exp2_in_range(float x)
{
    /* adding 1.5 * 2^23 rounds to an integer, and 127 makes the low bits the exponent of 2^n */
    const float magic = 12582912.0f + 127.0f;
    float n = x + magic, two_n;
    uint32_t bits;
    memcpy(&bits, &n, sizeof bits);
    bits <<= 23;
    memcpy(&two_n, &bits, sizeof two_n);
    float r = x - (n - magic);
    float p = 1.5345811e-4f;
    p = p * r + 1.3399931e-3f;
    p = p * r + 9.6184891e-3f;
    p = p * r + 5.5503286e-2f;
    p = p * r + 2.4022646e-1f;
    p = p * r + 6.9314718e-1f;
    p = p * r + 1.0f;
    return p * two_n;
}

/* 1 + 2^x for any x that is a number */
INLINE float one_and_exp2(float x)
{
    return 1.0f + exp2_in_range(clamp(x, -126.0f, 127.0f));
}

/* tanh form of GELU: 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3) */
INLINE float gelu(float x)
{
    return x / one_and_exp2(x * (-2.3022082f - 0.10294324f * (x * x)));
}

INLINE float relu(float x)
{
    return x > 0.0f ? x : 0.0f;
}

INLINE float maximum(float a, float b)
{
    return a > b ? a : b;
}

/* Two loops, one an activation, over the same expression of i. */
#define NORM_ACT_LOOP(f, n, X, OUT)                                                                \
    do {                                                                                           \
        const float *restrict scale = (f).scale, *restrict shift = (f).shift;                      \
        if ((f).activation == MFD_RELU)                                                            \
            for (size_t i = 0; i < (n); i++)                                                       \
                OUT = relu((X)*scale[i] + shift[i]);                                               \
        else                                                                                       \
            for (size_t i = 0; i < (n); i++)                                                       \
                OUT = gelu((X)*scale[i] + shift[i]);                                               \
    } while (0)

static void norm_act(float *out, const float *x, struct mfd_norm_act f, size_t n)
{
    NORM_ACT_LOOP(f, n, x[i], out[i]);
}

static void pool_norm_act(float *restrict out, const float *restrict a, const float *restrict b,
                          struct mfd_norm_act f, size_t n)
{
    NORM_ACT_LOOP(f, n, maximum(a[i], b[i]), out[i]);
}

static void pool(float *restrict out, const float *restrict a, const float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = maximum(a[i], b[i]);
}

static void affine(float *restrict x, const float *restrict scale, const float *restrict shift,
                   size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] * scale[i] + shift[i];
}

static void sigmoid(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = 1.0f / one_and_exp2(x[i] * -1.44269504f);
}

/* The one-hot convolution as 15 row additions, STEM_LINES lines of channels at a time so that the
 * sums stay in registers. */
#define STEM_LINES 8

/* `lines` is a constant where this is inlined. */
INLINE void stem_block(size_t lines, float *out, const uint16_t *codes, const float *table,
                       size_t letters, const float *bias, size_t n)
{
    lanes sum[STEM_LINES];
#pragma GCC unroll 8
    for (size_t i = 0; i < lines; i++)
        sum[i] = LOAD(bias + i * LINE);
    for (size_t tap = 0; tap < MFD_STEM_WIDTH; tap++) {
        const float *row = table + (tap * letters + codes[tap]) * n;
#pragma GCC unroll 8
        for (size_t i = 0; i < lines; i++)
            sum[i] += LOAD(row + i * LINE);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < lines; i++)
        STORE(out + i * LINE, sum[i]);
}

static void stem(float *restrict out, const uint16_t *restrict codes, size_t rows,
                 const float *restrict table, size_t letters, const float *restrict bias, size_t n)
{
    for (size_t r = 0; r < rows; r++) {
        size_t c = 0;
        for (; c + STEM_LINES * LINE <= n; c += STEM_LINES * LINE)
            stem_block(STEM_LINES, out + r * n + c, codes + r, table + c, letters, bias + c, n);
        for (; c < n; c += LINE)
            stem_block(1, out + r * n + c, codes + r, table + c, letters, bias + c, n);
    }
}

/* In the transforms below: a line of channels of a row of the network, and of a point. */
#define ROW(p, r) (*(lanes_anywhere *)(uintptr_t)((p) + (r)*n + i))
#define POINT(p, r) (*(lanes_anywhere *)(uintptr_t)((p) + (r)*stride + i))

/* F(4,5) with the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity (Winograd 1980; Lavin and Gray
 * 2016). Rows of the input transform are the coefficients of prod (x - other points); those of +-a
 * share their even and odd halves. */
static void f45_in(float *restrict y, size_t stride, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i += LINE) {
        lanes x0 = ROW(x, 0), x1 = ROW(x, 1), x2 = ROW(x, 2), x3 = ROW(x, 3);
        lanes x4 = ROW(x, 4), x5 = ROW(x, 5), x6 = ROW(x, 6), x7 = ROW(x, 7);
        lanes even1 = x6 - 4.25f * x4 + x2, odd1 = x5 - 4.25f * x3 + x1;
        lanes even2 = x6 - 1.25f * x4 + 0.25f * x2, odd2 = x5 - 1.25f * x3 + 0.25f * x1;
        lanes even3 = x6 - 5.0f * x4 + 4.0f * x2, odd3 = x5 - 5.0f * x3 + 4.0f * x1;
        POINT(y, 0) = (x6 - x0) + 5.25f * (x2 - x4);
        POINT(y, 1) = even1 + odd1;
        POINT(y, 2) = even1 - odd1;
        POINT(y, 3) = even2 + 2.0f * odd2;
        POINT(y, 4) = even2 - 2.0f * odd2;
        POINT(y, 5) = even3 + 0.5f * odd3;
        POINT(y, 6) = even3 - 0.5f * odd3;
        POINT(y, 7) = (x7 - x1) + 5.25f * (x3 - x5);
    }
}

static void f45_out(float *restrict out, float *restrict g, const float *restrict z, size_t stride,
                    struct mfd_norm_act f, size_t n)
{
    for (size_t i = 0; i < n; i += LINE) {
        lanes z1 = POINT(z, 1), z2 = POINT(z, 2), z3 = POINT(z, 3);
        lanes z4 = POINT(z, 4), z5 = POINT(z, 5), z6 = POINT(z, 6);
        lanes s1 = z1 + z2, d1 = z1 - z2, s2 = z3 + z4, d2 = z3 - z4, s3 = z5 + z6, d3 = z5 - z6;
        ROW(out, 0) = POINT(z, 0) + s1 + s2 + s3;
        ROW(out, 1) = d1 + 2.0f * d2 + 0.5f * d3;
        ROW(out, 2) = s1 + 4.0f * s2 + 0.25f * s3;
        ROW(out, 3) = d1 + 8.0f * d2 + 0.125f * d3 + POINT(z, 7);
    }
    for (size_t r = 0; r < 4; r++)
        norm_act(g + r * n, out + r * n, f, n);
}

/* F(2,5) with the points 0, 1, -1, 2, -1/2 and infinity. The polynomials, lowest coefficient first:
 * without 0: (x^2-1)(x-2)(x+1/2) = 1 + 1.5x - 2x^2 - 1.5x^3 + x^4; and so on. */
static void f25_in(float *restrict y, size_t stride, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i += LINE) {
        lanes x0 = ROW(x, 0), x1 = ROW(x, 1), x2 = ROW(x, 2), x3 = ROW(x, 3);
        lanes x4 = ROW(x, 4), x5 = ROW(x, 5);
        POINT(y, 0) = x0 + 1.5f * (x1 - x3) - 2.0f * x2 + x4;
        POINT(y, 1) = -x1 - 2.5f * x2 - 0.5f * x3 + x4;
        POINT(y, 2) = x1 + 0.5f * x2 - 2.5f * x3 + x4;
        POINT(y, 3) = -0.5f * x1 - x2 + 0.5f * x3 + x4;
        POINT(y, 4) = 2.0f * x1 - x2 - 2.0f * x3 + x4;
        POINT(y, 5) = x1 + 1.5f * (x2 - x4) - 2.0f * x3 + x5;
    }
}

static void f25_out(float *restrict out, float *restrict g, const float *restrict z, size_t stride,
                    struct mfd_norm_act f, size_t n)
{
    for (size_t i = 0; i < n; i += LINE) {
        lanes z1 = POINT(z, 1), z2 = POINT(z, 2), z3 = POINT(z, 3);
        lanes z4 = POINT(z, 4);
        ROW(out, 0) = POINT(z, 0) + z1 + z2 + z3 + z4;
        ROW(out, 1) = z1 - z2 + 2.0f * z3 - 0.5f * z4 + POINT(z, 5);
    }
    for (size_t r = 0; r < 2; r++)
        norm_act(g + r * n, out + r * n, f, n);
}

static void sum_out(float *restrict out, float *restrict g, const float *restrict z, size_t stride,
                    size_t points, struct mfd_norm_act f, size_t n)
{
    memcpy(out, z, n * sizeof *out);
    for (size_t p = 1; p < points; p++)
        for (size_t i = 0; i < n; i++)
            out[i] += z[p * stride + i];
    norm_act(g, out, f, n);
}

/* Dot products of every row with every track, a block of pairs at a time: each pair has partial
 * sums of its own, folded in a fixed order, and a tail added last; so a pair's result does not
 * depend on its block. */
#ifdef __AVX512F__ /* sums, rows and one line of weights fill the registers */
#define DOT_ROWS 4
#define DOT_TRACKS 6
#else
#define DOT_ROWS 3
#define DOT_TRACKS 4
#endif
#define DOT_AHEAD 3 /* blocks */

typedef float four __attribute__((vector_size(16)));

/* The sum of a line, by halves. */
INLINE float fold(lanes s)
{
    four part[LINE / 4];
    memcpy(part, &s, sizeof s);
#pragma GCC unroll 2
    for (size_t n = LINE / 8; n > 0; n /= 2)
#pragma GCC unroll 2
        for (size_t i = 0; i < n; i++)
            part[i] += part[i + n];
    return (part[0][0] + part[0][2]) + (part[0][1] + part[0][3]);
}

/* `rows` and `tracks` are constants where this is inlined. */
INLINE void dot_block(float *out, size_t out_stride, const float *x, size_t x_stride, size_t rows,
                      const float *w, size_t w_stride, size_t tracks, size_t k)
{
    lanes sum[DOT_ROWS][DOT_TRACKS] = { 0 };
    size_t whole = k / LINE * LINE;
    for (size_t j = 0; j < whole; j += LINE) {
        lanes a[DOT_ROWS];
#pragma GCC unroll 6
        for (size_t r = 0; r < rows; r++)
            a[r] = LOAD(x + r * x_stride + j);
#pragma GCC unroll 6
        for (size_t t = 0; t < tracks; t++) {
            lanes b = LOAD(w + t * w_stride + j);
            /* lines of a block to come, into the second cache: a row of x reads w once, as fast as
             * memory gives it; may lie behind the weights */
            __builtin_prefetch(w + (t + DOT_AHEAD * tracks) * w_stride + j, 0, 2);
#pragma GCC unroll 6
            for (size_t r = 0; r < rows; r++)
                sum[r][t] += a[r] * b;
        }
    }
#pragma GCC unroll 6
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 6
        for (size_t t = 0; t < tracks; t++) {
            float total = fold(sum[r][t]);
            for (size_t j = whole; j < k; j++)
                total += x[r * x_stride + j] * w[t * w_stride + j];
            out[r * out_stride + t] = total;
        }
}

static void dots(float *out, size_t out_stride, const float *x, size_t x_stride, size_t rows,
                 const float *w, size_t w_stride, size_t tracks, size_t k)
{
    size_t t = 0;
    for (; t + DOT_TRACKS <= tracks; t += DOT_TRACKS) {
        const float *b = w + t * w_stride;
        size_t r = 0;
        for (; r + DOT_ROWS <= rows; r += DOT_ROWS)
            dot_block(out + r * out_stride + t, out_stride, x + r * x_stride, x_stride, DOT_ROWS, b,
                      w_stride, DOT_TRACKS, k);
        for (; r < rows; r++)
            dot_block(out + r * out_stride + t, out_stride, x + r * x_stride, x_stride, 1, b,
                      w_stride, DOT_TRACKS, k);
    }
    for (; t < tracks; t++)
        for (size_t r = 0; r < rows; r++)
            dot_block(out + r * out_stride + t, out_stride, x + r * x_stride, x_stride, 1,
                      w + t * w_stride, w_stride, 1, k);
}

const struct mfd_kernels MFD_KERNELS = {
    .name = STRINGIFY(MFD_KERNELS_NAME),
    .stem = stem,
    .norm_act = norm_act,
    .pool_norm_act = pool_norm_act,
    .pool = pool,
    .tile_in = { [MFD_CONV_F25] = f25_in, [MFD_CONV_F45] = f45_in },
    .tile_out = { [MFD_CONV_F25] = f25_out, [MFD_CONV_F45] = f45_out },
    .sum_out = sum_out,
    .affine = affine,
    .sigmoid = sigmoid,
    .dots = dots,
#ifdef __AVX__
    .product = MFD_KERNELS_PRODUCT,
    .panel = MFD_WIDE * MFD_PANEL_LINES,
#endif
};
