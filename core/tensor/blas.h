/* Matrix products in single precision, and a little of LAPACK: the only file that includes cblas.h.
 *
 * OpenBLAS runs single threaded inside; our workers call it side by side. A row's result must not
 * depend on the height of the product nor on its place in it. Kernels treat the last rows of a
 * product differently where the height is no multiple of their own unit, and some treat rows within
 * a unit differently; so heights are multiples of mfd_blas_quantum(), found by trial on this
 * machine, and where no quantum will do at every height, the library is given that many rows at a
 * time. */
#pragma once

#include <stddef.h>

#include "core/base/error.h"

/* Set OpenBLAS to one thread and find the quantum: a height of which all multiples tried give every
 * row the same bits, wherever it stands; or else one that does so by itself. Idempotent, any
 * thread. MFD_EUNSUPPORTED where no height up to 96 will do. */
int mfd_blas_init(struct mfd_error *err) MFD_MUST_CHECK;
size_t mfd_blas_quantum(void); /* rows; 0 before mfd_blas_init */
const char *mfd_blas_name(void);

/* C (m, n) = A (m, k) B (k, n), added to C where `add`. Row-major; strides in floats. m must be a
 * multiple of the quantum. Seconds spent are added to *seconds (may be NULL). */
void mfd_blas_product(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                      size_t ldb, float *c, size_t ldc, int add, double *seconds);

/* The largest height, at most `limit`, of which a product of this width and depth gives a row the
 * same bits at every place: kernels may treat the rows of their unit unlike, so that even at a
 * fixed height a row's place can matter. Found by trial; 0 where it is none of those tried. */
size_t mfd_blas_even_height(size_t n, size_t k, size_t limit);

/* For statistics, in double precision; row-major; call mfd_blas_init first.
 *
 * C (p, q) = A^T B, with A (n, p) and B (n, q). */
void mfd_blas_cross(size_t n, size_t p, size_t q, const double *a, const double *b, double *c);
/* C (n, q) = A (n, p) B (p, q). */
void mfd_blas_multiply(size_t n, size_t p, size_t q, const double *a, const double *b, double *c);
/* Eigenvalues (n), rising, of the symmetric a (n, n), whose rows then are the eigenvectors. */
int mfd_blas_eigen(size_t n, double *a, double *values, struct mfd_error *err) MFD_MUST_CHECK;
/* Singular values (the lesser of m and n), falling, of a (m, n), which is destroyed. */
int mfd_blas_singular(size_t m, size_t n, double *a, double *values,
                      struct mfd_error *err) MFD_MUST_CHECK;

static inline size_t mfd_round_up(size_t n, size_t unit)
{
    return (n + unit - 1) / unit * unit;
}
