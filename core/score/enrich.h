/* Enrichment of cases over controls by the size of an effect: odds ratios and Fisher's exact p in
 * quantile bins, as the publication ranks rare against common variants (Rakowski et al. 2024). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/score/stats.h"

/* One bin of a column: values x with low <= x < high (<= high in the last). */
struct mfd_enrich_bin {
    double from, to;               /* fractions of the values, 0..1 */
    double low, high;              /* their quantiles, over cases and controls together */
    struct mfd_contingency counts; /* in the bin and outside */
    double odds_ratio;
    double log_p, log_less, log_greater; /* natural logarithms */
};

/* Bins of the finite values x (n) between the quantiles at `cuts` (n_cuts, ascending, inside 0..1);
 * positive (n) is non-zero for cases. `bins` receives n_cuts + 1. Ties fall into one bin, so bins
 * of a column with many equal values may be empty: their odds ratio is NaN and p is 1. MFD_EINVAL
 * where n is 0. */
int mfd_enrich_bins(const double *x, const uint8_t *positive, size_t n, const double *cuts,
                    size_t n_cuts, struct mfd_enrich_bin *bins,
                    struct mfd_error *err) MFD_MUST_CHECK;
