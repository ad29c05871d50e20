/* Elementwise work over channels, compiled once for each instruction set and chosen at run time.
 *
 * Every row of channels is padded to a multiple of MFD_LANES floats and starts on a 64-byte
 * boundary; `n` is the padded width. Padding channels have scale and shift 0 and so stay 0. Buffers
 * do not overlap except where a kernel says so. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/engine/geometry.h"
#include "core/model/config.h"

#define MFD_LANES 16
#define MFD_PANEL_MOST 32

/* A folded batch norm and the activation behind it: act(x * scale + shift). */
struct mfd_norm_act {
    const float *scale, *shift; /* (n) */
    enum mfd_activation activation;
};

struct mfd_kernels {
    const char *name;

    /* out (rows, n): bias + the rows of table (15, 4^k + 1, n) that codes[r] ... codes[r + 14]
     * pick. */
    void (*stem)(float *out, const uint16_t *codes, size_t rows, const float *table, size_t letters,
                 const float *bias, size_t n);

    /* out (n) = act(norm(x)); out may be x. */
    void (*norm_act)(float *out, const float *x, struct mfd_norm_act f, size_t n);

    /* out (n) = act(norm(max(a, b))). */
    void (*pool_norm_act)(float *out, const float *a, const float *b, struct mfd_norm_act f,
                          size_t n);

    /* out (n) = max(a, b). */
    void (*pool)(float *out, const float *a, const float *b, size_t n);

    /* One Cook-Toom tile in: x (span, n) -> point p at y + p * stride. */
    void (*tile_in[3])(float *y, size_t stride, const float *x, size_t n);

    /* One tile out: point p at z + p * stride -> out (tile, n), and g (tile, n) = act(norm(out)).
     */
    void (*tile_out[3])(float *out, float *g, const float *z, size_t stride, struct mfd_norm_act f,
                        size_t n);

    /* out = sum of `points` rows at z + p * stride: a direct convolution of any width. */
    void (*sum_out)(float *out, float *g, const float *z, size_t stride, size_t points,
                    struct mfd_norm_act f, size_t n);

    /* x (n) = x * scale + shift, in place */
    void (*affine)(float *x, const float *scale, const float *shift, size_t n);

    /* x (n, any n) = 1 / (1 + exp(-x)), in place */
    void (*sigmoid)(float *x, size_t n);

    /* out[r * out_stride + t] = x (rows, k) . w (tracks, k): every pair summed in one fixed order,
     * whatever the number of rows and tracks; k any. */
    void (*dots)(float *out, size_t out_stride, const float *x, size_t x_stride, size_t rows,
                 const float *w, size_t w_stride, size_t tracks, size_t k);

    /* c (rows, columns) = a (rows, k) times a packed matrix, added to c where `add`. `w` is its
     * first panel (mfd_matrix); columns a multiple of MFD_LANES. Every number is one sum over k in
     * order, so it depends on its row and column alone. NULL in a set that leaves products to BLAS.
     */
    void (*product)(size_t rows, size_t columns, size_t k, const float *a, size_t lda,
                    const float *w, float *c, size_t ldc, int add);
    size_t panel; /* columns of a panel: MFD_LANES times a power of two, MFD_PANEL_MOST at most */
};

/* The best set that this processor has; `name` (may be NULL) asks for one of "avx512", "avx2",
 * "portable" and gives NULL where the processor lacks it. */
const struct mfd_kernels *mfd_kernels_choose(const char *name);

/* Compare a set with the portable one on random numbers: a few milliseconds, done whenever an
 * engine starts, since not every processor was at hand when the kernels were tested. */
int mfd_kernels_check(const struct mfd_kernels *kernels, struct mfd_error *err) MFD_MUST_CHECK;
