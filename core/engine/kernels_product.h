/* The matrix product of the set of kernels that is being compiled. Private to the sets. */
#pragma once

#include <stddef.h>

#ifdef __AVX512F__
#define MFD_WIDE 16 /* floats of a register */
#else
#define MFD_WIDE 8
#endif
#define MFD_PANEL_LINES 2 /* registers across a panel of weights */

#if defined(__AVX__) && defined(MFD_KERNELS_PRODUCT)
void MFD_KERNELS_PRODUCT(size_t rows, size_t columns, size_t k, const float *a, size_t lda,
                         const float *w, float *c, size_t ldc, int add);
#endif
