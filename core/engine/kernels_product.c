/* Matrix products of one set of kernels; compiled with kernels_set.c, several times.
 *
 * A block of rows against a panel of columns, which lie together for each k: per k a line or two of
 * weights are loaded and each row's number broadcast; the sums stay in registers. Weights are
 * packed once and for all, so a product of few rows is as quick as one of many, and a number's sum
 * runs over k in order whatever block it is in.
 *
 * Measured on one Zen 5 core, whose multipliers do 268 GFLOP/s, at 13 and 119 rows of (432, 496):
 * 267 and 268 with the weights in the last cache, 246 and 265 with the weights in memory. Without
 * the prefetch the latter are 108 and 227. */
#include "core/engine/kernels_product.h"

#ifdef __AVX__
#define INLINE static inline __attribute__((always_inline))

/* Sums of a block, its lines of weights and a broadcast number fill the registers: 14 * 2 + 3 of
 * 32, 6 * 2 + 3 of 16. */
#ifdef __AVX512F__
#define BLOCK_ROWS 14
#else
#define BLOCK_ROWS 6
#endif
#define WIDE MFD_WIDE
#define LINES MFD_PANEL_LINES
#define CACHED_ROWS (16 * BLOCK_ROWS) /* rows that meet all panels while they are in cache */
#define AHEAD 128                     /* lines of weights fetched so many k before their use */

typedef float wide __attribute__((vector_size(4 * WIDE)));
typedef float wide_anywhere __attribute__((vector_size(4 * WIDE), aligned(4)));

/* `rows` and `lines` are constants where this is inlined. */
INLINE void block(size_t rows, size_t lines, size_t k, const float *a, size_t lda, const float *w,
                  float *c, size_t ldc, int add)
{
    wide sum[BLOCK_ROWS][LINES];
#pragma GCC unroll 14
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t i = 0; i < lines; i++)
            sum[r][i] = (wide){ 0 };
    for (size_t j = 0; j < k; j++, w += lines * WIDE) {
        wide line[LINES];
#pragma GCC unroll 2
        for (size_t i = 0; i < lines; i++) {
            line[i] = *(const wide *)(const void *)(w + i * WIDE);
            __builtin_prefetch(w + (AHEAD * LINES + i) * WIDE); /* may lie behind the matrix */
        }
#pragma GCC unroll 14
        for (size_t r = 0; r < rows; r++) {
            wide x = (wide){ 0 } + a[r * lda + j];
#pragma GCC unroll 2
            for (size_t i = 0; i < lines; i++)
                sum[r][i] += x * line[i];
        }
    }
#pragma GCC unroll 14
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t i = 0; i < lines; i++) {
            wide_anywhere *to = (wide_anywhere *)(void *)(c + r * ldc + i * WIDE);
            *to = add ? *to + sum[r][i] : sum[r][i];
        }
}

/* clang-format off */
#define CASE(n)                                                                                    \
    case n:                                                                                        \
        block(n, lines, k, a, lda, w, c, ldc, add);                                                \
        break;

INLINE void any_block(size_t rows, size_t lines, size_t k, const float *a, size_t lda,
                      const float *w, float *c, size_t ldc, int add)
{
    switch (rows) {
        CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6)
#if BLOCK_ROWS > 6
        CASE(7) CASE(8) CASE(9) CASE(10) CASE(11) CASE(12) CASE(13) CASE(14)
#endif
        default: break;
    }
}
/* clang-format on */

/* A few rows against every panel, in blocks of about one height. */
static void few_rows(size_t rows, size_t columns, size_t k, const float *a, size_t lda,
                     const float *w, float *c, size_t ldc, int add)
{
    size_t blocks = (rows + BLOCK_ROWS - 1) / BLOCK_ROWS, height = (rows + blocks - 1) / blocks, n;
    for (n = 0; n + LINES * WIDE <= columns; n += LINES * WIDE)
        for (size_t r = 0; r < rows; r += height)
            any_block(height < rows - r ? height : rows - r, LINES, k, a + r * lda, lda, w + n * k,
                      c + r * ldc + n, ldc, add);
    for (size_t r = 0; n < columns && r < rows; r += height) /* half a panel is left */
        any_block(height < rows - r ? height : rows - r, 1, k, a + r * lda, lda, w + n * k,
                  c + r * ldc + n, ldc, add);
}

void MFD_KERNELS_PRODUCT(size_t rows, size_t columns, size_t k, const float *a, size_t lda,
                         const float *w, float *c, size_t ldc, int add)
{
    size_t parts = (rows + CACHED_ROWS - 1) / CACHED_ROWS;
    for (size_t part = 0; part < parts; part++) {
        size_t first = rows * part / parts, last = rows * (part + 1) / parts;
        few_rows(last - first, columns, k, a + first * lda, lda, w, c + first * ldc, ldc, add);
    }
}
#endif
