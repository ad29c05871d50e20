/* Statistics of effects between labelled sets, agreeing with SciPy and scikit-learn to 1e-6 or
 * better.
 *
 * No state, any thread. Functions that need memory return MFD_ENOMEM; those that cannot say
 * anything (too few values, one set empty, a constant) answer NaN. Inputs must be finite unless
 * said otherwise. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* Counts:          in the bin   outside
 *     cases            a           b
 *     controls         c           d       */
struct mfd_contingency {
    uint64_t a, b, c, d;
};

enum mfd_side { MFD_TWO_SIDED, MFD_LESS, MFD_GREATER };

/* Sample odds ratio ad/bc: infinite where b or c is 0, NaN where a margin is. */
double mfd_stats_odds_ratio(struct mfd_contingency t);
/* Natural logarithm of Fisher's exact p (0 where a margin is 0). Two-sided: the sum over all tables
 * of the same margins that are no more likely than this one, as scipy.stats.fisher_exact; LESS and
 * GREATER: odds ratio below or above 1. Exact to about 1e-12 relative for counts up to 1e6, and
 * does not underflow. */
double mfd_stats_fisher_log(struct mfd_contingency t, enum mfd_side side);

/* Adjust p (n) by Benjamini and Hochberg (1995) into q (n), which may be p itself. NaN stays NaN
 * and does not count as a test. */
int mfd_stats_fdr(const double *p, size_t n, double *q, struct mfd_error *err) MFD_MUST_CHECK;

/* Area under the ROC curve and average precision of scores (n) for telling `positive` (n, non-zero
 * = case) from the rest: as sklearn.metrics.roc_auc_score and average_precision_score, ties
 * included. Either output may be NULL; NaN where one of the sets is empty. */
int mfd_stats_auroc(const double *score, const uint8_t *positive, size_t n, double *auroc,
                    double *precision, struct mfd_error *err) MFD_MUST_CHECK;

/* Correlation and its two-sided p (NULL: not wanted) under the null of normal, independent values:
 * as scipy.stats.pearsonr and spearmanr. NaN where n < 2 or either is constant. */
double mfd_stats_pearson(const double *x, const double *y, size_t n, double *p);
int mfd_stats_spearman(const double *x, const double *y, size_t n, double *r, double *p,
                       struct mfd_error *err) MFD_MUST_CHECK;

/* Regularised incomplete beta function I_x(a, b), a and b > 0 (DLMF 8.17). */
double mfd_stats_beta(double x, double a, double b);

/* Sort x (n) ascending, in place. */
void mfd_stats_sort(double *x, size_t n);
/* Quantile at fraction f in [0, 1] of sorted x (n > 0), linear between neighbours as
 * numpy.quantile. */
double mfd_stats_quantile(const double *sorted, size_t n, double f);
