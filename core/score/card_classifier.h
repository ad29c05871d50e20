/* Does a classifier tell true pairs of subspaces from shuffled ones? Private to core/score. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

#define MFD_CARD_COMPONENTS 8 /* of each subspace, whitened principal ones */

struct mfd_pairs_result {
    double accuracy; /* on the test pairs */
    size_t train, test;
};

/* Features of biology x (n, p) and technique y (n, q), both standardised over all windows, columns
 * without variance 0. What it does is said in card.h, and done again in NumPy by
 * tests/unit/score/card_twin.py. */
int mfd_pairs_classify(const double *x, size_t p, const double *y, size_t q, size_t n,
                       uint64_t seed, struct mfd_pairs_result *out,
                       struct mfd_error *err) MFD_MUST_CHECK;
