/* Products of many rows with one packed matrix of weights.
 *
 * Two ways. Where the processor has AVX2 or AVX-512, the kernels' own product: weights packed once
 * into panels, so that a few rows are as quick as many, and reproducible by construction.
 * Elsewhere, or when asked for, OpenBLAS, single threaded inside and called side by side; its
 * kernels treat the last rows of a product differently where the height is no multiple of their own
 * unit, so heights are then multiples of a quantum that is found by trial on this machine.
 *
 * Measured on one Zen 3 core, GFLOP/s at 6, 24, 240 rows of (384, 432): own 98, 99, 99; OpenBLAS
 * 0.3.21 35, 74, 88, of which packing the weights again at every call is the difference. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"
#include "core/engine/kernels.h"
#include "core/tensor/blas.h"

struct mfd_products {
    const struct mfd_kernels *kernels; /* NULL: OpenBLAS */
    size_t quantum;                    /* heights are multiples of this many rows */
};

/* `openblas` asks for the library where both ways exist. MFD_EUNSUPPORTED where OpenBLAS is needed
 * and gives a row different bits at different heights whatever the unit. */
int mfd_products_init(struct mfd_products *products, const struct mfd_kernels *kernels,
                      int openblas, struct mfd_error *err) MFD_MUST_CHECK;

/* A matrix (k, n), n a multiple of MFD_LANES, in k * n floats at `data`: panels of the kernels'
 * width, the last perhaps narrower, row by row within; or plain row-major for OpenBLAS. */
struct mfd_matrix {
    size_t k, n;
    float *data;
};

/* Where element (i, j) lives in data. */
static inline size_t mfd_matrix_at(const struct mfd_products *p, const struct mfd_matrix *m,
                                   size_t i, size_t j)
{
    if (!p->kernels)
        return i * m->n + j;
    size_t panel = p->kernels->panel, first = j - j % panel;
    size_t width = panel < m->n - first ? panel : m->n - first;
    return first * m->k + i * width + j % panel;
}

/* c (rows, columns) = a (rows, k) times columns [first, first + columns) of m, added to c where
 * `add`. rows a multiple of the quantum; first one of MFD_PANEL_MOST, and columns too
 * unless they are the last. Seconds spent are added to *seconds. */
void mfd_product(const struct mfd_products *p, size_t rows, const struct mfd_matrix *m,
                 size_t first, size_t columns, const float *a, size_t lda, float *c, size_t ldc,
                 int add, double *seconds);
