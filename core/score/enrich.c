#include "core/score/enrich.h"

#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"

/* Which bin x is of: as many as there are lower edges, the first aside, at or below it. */
static size_t bin_of(const struct mfd_enrich_bin *bins, size_t n, double x)
{
    size_t low = 0, high = n;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (bins[middle].low <= x)
            low = middle;
        else
            high = middle;
    }
    return low;
}

int mfd_enrich_bins(const double *x, const uint8_t *positive, size_t n, const double *cuts,
                    size_t n_cuts, struct mfd_enrich_bin *bins, struct mfd_error *err)
{
    MFD_AUTO_FREE double *sorted = mfd_calloc(n, sizeof *sorted);
    uint64_t cases = 0;
    if (n == 0)
        return mfd_fail(err, MFD_EINVAL, "there are no values to bin");
    if (!sorted)
        return mfd_fail_nomem(err);
    memcpy(sorted, x, n * sizeof *x);
    mfd_stats_sort(sorted, n);
    for (size_t b = 0; b <= n_cuts; b++) {
        double from = b ? cuts[b - 1] : 0, to = b < n_cuts ? cuts[b] : 1;
        bins[b] = (struct mfd_enrich_bin){
            .from = from,
            .to = to,
            .low = mfd_stats_quantile(sorted, n, from),
            .high = mfd_stats_quantile(sorted, n, to),
        };
    }
    for (size_t i = 0; i < n; i++) {
        struct mfd_enrich_bin *bin = &bins[bin_of(bins, n_cuts + 1, x[i])];
        cases += positive[i] != 0;
        *(positive[i] ? &bin->counts.a : &bin->counts.c) += 1;
    }
    for (size_t b = 0; b <= n_cuts; b++) {
        struct mfd_contingency *t = &bins[b].counts;
        t->b = cases - t->a;
        t->d = n - cases - t->c;
        bins[b].odds_ratio = mfd_stats_odds_ratio(*t);
        bins[b].log_p = mfd_stats_fisher_log(*t, MFD_TWO_SIDED);
        bins[b].log_less = mfd_stats_fisher_log(*t, MFD_LESS);
        bins[b].log_greater = mfd_stats_fisher_log(*t, MFD_GREATER);
    }
    return MFD_OK;
}
