/* One set of kernels. Compiled several times, each with the flags of an instruction set and with
 * MFD_KERNELS defined to the name of the table; plain loops that the compiler turns into vectors.
 *
 * Longer than a file should be, because these loops are one thing: all elementwise work of the
 * network, in the order in which a row meets it. */
#include <math.h>
#include <string.h>

#include "core/engine/kernels.h"

#define STRINGIFY_(x) #x
#define STRINGIFY(x) STRINGIFY_(x)
#define INLINE static inline __attribute__((always_inline))

extern const struct mfd_kernels MFD_KERNELS;

/* One vector register of floats. */
#ifdef __AVX__
#define LINE 8
#else
#define LINE 4
#endif
typedef float lanes __attribute__((vector_size(4 * LINE)));
typedef float lanes_anywhere __attribute__((vector_size(4 * LINE), aligned(4), may_alias));
#define LOAD(p) (*(const lanes_anywhere *)(const void *)(p))

/* exp(x) for x in [-87, 88], relative error below 2e-7: 2^n times a polynomial on
 * [-ln2/2, ln2/2] (Cephes expf). */
INLINE float exp_in_range(float x)
{
    const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds to an integer */
    float n = x * 1.44269504f + magic;
    int32_t bits;
    memcpy(&bits, &n, sizeof bits);
    n -= magic;
    float r = x - n * 0.693359375f;
    r = r - n * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    uint32_t scale = ((uint32_t)bits + 127u) << 23;
    float two_n;
    memcpy(&two_n, &scale, sizeof two_n);
    return p * two_n;
}

INLINE float clamp(float x, float low, float high)
{
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* tanh form of GELU: 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3) */
INLINE float gelu(float x)
{
    float u = x * (-1.5957691216f - 0.0713548162726f * x * x);
    return x / (1.0f + exp_in_range(clamp(u, -87.0f, 88.0f)));
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
        x[i] = 1.0f / (1.0f + exp_in_range(clamp(-x[i], -87.0f, 88.0f)));
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
        memcpy(out + i * LINE, &sum[i], sizeof sum[i]);
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

/* F(4,5) with the points 0, 1, -1, 2, -2, 1/2, -1/2 and infinity (Winograd 1980; Lavin and Gray
 * 2016). Rows of the input transform are the coefficients of prod (x - other points); those of +-a
 * share their even and odd halves. */
static void f45_in(float *restrict y, size_t stride, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x0 = x[i], x1 = x[n + i], x2 = x[2 * n + i], x3 = x[3 * n + i];
        float x4 = x[4 * n + i], x5 = x[5 * n + i], x6 = x[6 * n + i], x7 = x[7 * n + i];
        float even1 = x6 - 4.25f * x4 + x2, odd1 = x5 - 4.25f * x3 + x1;
        float even2 = x6 - 1.25f * x4 + 0.25f * x2, odd2 = x5 - 1.25f * x3 + 0.25f * x1;
        float even3 = x6 - 5.0f * x4 + 4.0f * x2, odd3 = x5 - 5.0f * x3 + 4.0f * x1;
        y[i] = (x6 - x0) + 5.25f * (x2 - x4);
        y[stride + i] = even1 + odd1;
        y[2 * stride + i] = even1 - odd1;
        y[3 * stride + i] = even2 + 2.0f * odd2;
        y[4 * stride + i] = even2 - 2.0f * odd2;
        y[5 * stride + i] = even3 + 0.5f * odd3;
        y[6 * stride + i] = even3 - 0.5f * odd3;
        y[7 * stride + i] = (x7 - x1) + 5.25f * (x3 - x5);
    }
}

static void f45_out(float *restrict out, float *restrict g, const float *restrict z, size_t stride,
                    struct mfd_norm_act f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float z1 = z[stride + i], z2 = z[2 * stride + i], z3 = z[3 * stride + i];
        float z4 = z[4 * stride + i], z5 = z[5 * stride + i], z6 = z[6 * stride + i];
        float s1 = z1 + z2, d1 = z1 - z2, s2 = z3 + z4, d2 = z3 - z4, s3 = z5 + z6, d3 = z5 - z6;
        out[i] = z[i] + s1 + s2 + s3;
        out[n + i] = d1 + 2.0f * d2 + 0.5f * d3;
        out[2 * n + i] = s1 + 4.0f * s2 + 0.25f * s3;
        out[3 * n + i] = d1 + 8.0f * d2 + 0.125f * d3 + z[7 * stride + i];
    }
    for (size_t r = 0; r < 4; r++)
        norm_act(g + r * n, out + r * n, f, n);
}

/* F(2,5) with the points 0, 1, -1, 2, -1/2 and infinity. The polynomials, lowest coefficient first:
 * without 0: (x^2-1)(x-2)(x+1/2) = 1 + 1.5x - 2x^2 - 1.5x^3 + x^4; and so on. */
static void f25_in(float *restrict y, size_t stride, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float x0 = x[i], x1 = x[n + i], x2 = x[2 * n + i], x3 = x[3 * n + i];
        float x4 = x[4 * n + i], x5 = x[5 * n + i];
        y[i] = x0 + 1.5f * (x1 - x3) - 2.0f * x2 + x4;
        y[stride + i] = -x1 - 2.5f * x2 - 0.5f * x3 + x4;
        y[2 * stride + i] = x1 + 0.5f * x2 - 2.5f * x3 + x4;
        y[3 * stride + i] = -0.5f * x1 - x2 + 0.5f * x3 + x4;
        y[4 * stride + i] = 2.0f * x1 - x2 - 2.0f * x3 + x4;
        y[5 * stride + i] = x1 + 1.5f * (x2 - x4) - 2.0f * x3 + x5;
    }
}

static void f25_out(float *restrict out, float *restrict g, const float *restrict z, size_t stride,
                    struct mfd_norm_act f, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float z1 = z[stride + i], z2 = z[2 * stride + i], z3 = z[3 * stride + i];
        float z4 = z[4 * stride + i];
        out[i] = z[i] + z1 + z2 + z3 + z4;
        out[n + i] = z1 - z2 + 2.0f * z3 - 0.5f * z4 + z[5 * stride + i];
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
#define DOT_ROWS 3
#define DOT_TRACKS 4

INLINE float fold(lanes s)
{
    float total[LINE];
    memcpy(total, &s, sizeof s);
    for (size_t n = LINE / 2; n > 0; n /= 2)
        for (size_t i = 0; i < n; i++)
            total[i] += total[i + n];
    return total[0];
}

/* `rows` and `tracks` are constants where this is inlined. */
INLINE void dot_block(float *out, size_t out_stride, const float *x, size_t x_stride, size_t rows,
                      const float *w, size_t w_stride, size_t tracks, size_t k)
{
    lanes sum[DOT_ROWS][DOT_TRACKS] = { 0 };
    size_t whole = k / LINE * LINE;
    for (size_t j = 0; j < whole; j += LINE) {
        lanes a[DOT_ROWS];
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++)
            a[r] = LOAD(x + r * x_stride + j);
#pragma GCC unroll 4
        for (size_t t = 0; t < tracks; t++) {
            lanes b = LOAD(w + t * w_stride + j);
#pragma GCC unroll 4
            for (size_t r = 0; r < rows; r++)
                sum[r][t] += a[r] * b;
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
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

/* ---- matrix products ----
 *
 * A block of rows against one or two panels of MFD_LANES columns, which lie together for each k:
 * per k the lines of weights are loaded and each row's number broadcast; the sums stay in
 * registers. Two vectors of columns a row make as many loads as multiplications cost, or fewer; one
 * alone would wait for its broadcasts. Weights are packed once and for all, so a product of few
 * rows is as quick as one of many, and a number's sum runs over k in order whatever block it is in.
 */
#ifdef __AVX__
#ifdef __AVX512F__
#define WIDE 16
#define BLOCK_ROWS 12
#define BLOCK_PANELS 2
#else
#define WIDE 8
#define BLOCK_ROWS 6
#define BLOCK_PANELS 1
#endif
#define PARTS (MFD_LANES / WIDE)
#define CACHED_ROWS (16 * BLOCK_ROWS) /* rows that meet all panels while they are in cache */

typedef float wide __attribute__((vector_size(4 * WIDE)));
typedef float wide_anywhere __attribute__((vector_size(4 * WIDE), aligned(4)));

/* `rows` and `panels` are constants where this is inlined. */
INLINE void product_block(size_t rows, size_t panels, size_t k, const float *a, size_t lda,
                          const float *w, float *c, size_t ldc, int add)
{
    wide sum[BLOCK_ROWS][BLOCK_PANELS * PARTS];
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t i = 0; i < panels * PARTS; i++)
            sum[r][i] = (wide){ 0 };
    for (size_t j = 0; j < k; j++) {
        wide line[BLOCK_PANELS * PARTS];
#pragma GCC unroll 2
        for (size_t i = 0; i < panels * PARTS; i++)
            line[i] = *(const wide *)(const void *)(w + (i / PARTS * k + j) * MFD_LANES +
                                                    i % PARTS * WIDE);
#pragma GCC unroll 12
        for (size_t r = 0; r < rows; r++) {
            wide x = (wide){ 0 } + a[r * lda + j];
#pragma GCC unroll 2
            for (size_t i = 0; i < panels * PARTS; i++)
                sum[r][i] += x * line[i];
        }
    }
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t i = 0; i < panels * PARTS; i++) {
            wide_anywhere *to = (wide_anywhere *)(void *)(c + r * ldc + i * WIDE);
            *to = add ? *to + sum[r][i] : sum[r][i];
        }
}

/* clang-format off */
#define CASE(n)                                                                                    \
    case n:                                                                                        \
        product_block(n, panels, k, a, lda, w, c, ldc, add);                                       \
        break;

/* Fewer rows than a block's. */
INLINE void product_rest(size_t rows, size_t panels, size_t k, const float *a, size_t lda,
                         const float *w, float *c, size_t ldc, int add)
{
    switch (rows) {
        CASE(1)
        CASE(2) CASE(3) CASE(4) CASE(5)
#if BLOCK_ROWS > 6
            CASE(6) CASE(7) CASE(8) CASE(9) CASE(10) CASE(11)
#endif
                default : break;
    }
}

/* clang-format on */

/* All rows against `panels` panels. */
INLINE void product_rows(size_t rows, size_t panels, size_t k, const float *a, size_t lda,
                         const float *w, float *c, size_t ldc, int add)
{
    size_t r = 0;
    for (; r + BLOCK_ROWS <= rows; r += BLOCK_ROWS)
        product_block(BLOCK_ROWS, panels, k, a + r * lda, lda, w, c + r * ldc, ldc, add);
    product_rest(rows - r, panels, k, a + r * lda, lda, w, c + r * ldc, ldc, add);
}

static void panel_product(size_t rows, size_t columns, size_t k, const float *a, size_t lda,
                          const float *w, float *c, size_t ldc, int add)
{
    for (size_t first = 0; first < rows;
         first += CACHED_ROWS, a += CACHED_ROWS * lda, c += CACHED_ROWS * ldc) {
        size_t tall = rows - first < CACHED_ROWS ? rows - first : CACHED_ROWS, n = 0;
        for (; n + BLOCK_PANELS * MFD_LANES <= columns; n += BLOCK_PANELS * MFD_LANES)
            product_rows(tall, BLOCK_PANELS, k, a, lda, w + n * k, c + n, ldc, add);
        for (; n < columns; n += MFD_LANES)
            product_rows(tall, 1, k, a, lda, w + n * k, c + n, ldc, add);
    }
}
#else
#define panel_product NULL
#endif

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
    .product = panel_product,
};
