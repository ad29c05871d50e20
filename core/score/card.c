#include "core/score/card.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/memory.h"
#include "core/score/card_classifier.h"
#include "core/tensor/blas.h"

#define DEGENERATE 1e-7 /* share of the largest variance below which a direction is dropped */

MFD_DEFINE_CLEANUP(struct mfd_card, mfd_card_free);

void mfd_card_free(struct mfd_card *card)
{
    if (!card)
        return;
    free(card->canonical);
    free(card->track);
    free(card);
}

/* Columns [from, from + p) of the features, by population mean and sd; a column whose sd is within
 * rounding of 0 becomes 0. Returns how many did. */
static size_t standardise(const float *features, size_t n, size_t embed, size_t from, size_t p,
                          double *z)
{
    size_t constant = 0;
    for (size_t j = 0; j < p; j++) {
        double mean = 0, square = 0;
        for (size_t i = 0; i < n; i++)
            mean += (double)features[i * embed + from + j] / (double)n;
        for (size_t i = 0; i < n; i++) {
            double d = (double)features[i * embed + from + j] - mean;
            square += d * d / (double)n;
        }
        double sd = sqrt(square);
        bool still = !(sd > 1e-6 * fabs(mean)) || sd < 1e-30;
        constant += still;
        for (size_t i = 0; i < n; i++)
            z[i * p + j] = still ? 0 : ((double)features[i * embed + from + j] - mean) / sd;
    }
    return constant;
}

/* w (p, *rank): columns that whiten z (n, p), directions without variance left out. */
static int whiten(const double *z, size_t n, size_t p, double *w, size_t *rank,
                  struct mfd_error *err)
{
    MFD_AUTO_FREE double *gram = mfd_calloc(p, p * sizeof *gram);
    MFD_AUTO_FREE double *values = mfd_calloc(p, sizeof *values);
    if (!gram || !values)
        return mfd_fail_nomem(err);
    mfd_blas_cross(n, p, p, z, z, gram);
    int status = mfd_blas_eigen(p, gram, values, err);
    if (status)
        return status;
    size_t r = 0;
    while (r < p && values[p - 1 - r] > 0 && values[p - 1 - r] > DEGENERATE * values[p - 1])
        r++;
    for (size_t c = 0; c < r; c++)
        for (size_t j = 0; j < p; j++)
            w[j * r + c] = gram[(p - 1 - c) * p + j] / sqrt(values[p - 1 - c] / (double)n);
    *rank = r;
    return MFD_OK;
}

/* Canonical correlations out of cross (p, q), the z-scored cross-covariance. */
static int correlate(struct mfd_card *card, const double *x, const double *y, const double *cross,
                     struct mfd_error *err)
{
    size_t n = card->windows, p = card->biological, q = card->technical;
    size_t *rx = &card->rank_biological, *ry = &card->rank_technical;
    MFD_AUTO_FREE double *wx = mfd_calloc(p, p * sizeof *wx);
    MFD_AUTO_FREE double *wy = mfd_calloc(q, q * sizeof *wy);
    MFD_AUTO_FREE double *half = mfd_calloc(p, q * sizeof *half);
    MFD_AUTO_FREE double *white = mfd_calloc(p, q * sizeof *white);
    card->canonical = mfd_calloc(p < q ? p : q, sizeof *card->canonical);
    if (!wx || !wy || !half || !white || !card->canonical)
        return mfd_fail_nomem(err);
    int status = whiten(x, n, p, wx, rx, err);
    if (!status)
        status = whiten(y, n, q, wy, ry, err);
    if (status || !*rx || !*ry)
        return status;
    mfd_blas_multiply(p, q, *ry, cross, wy, half);
    mfd_blas_cross(p, *rx, *ry, wx, half, white);
    card->n_canonical = *rx < *ry ? *rx : *ry;
    card->trivial = *rx + *ry > n - 1 ? *rx + *ry - (n - 1) : 0;
    if (card->trivial > card->n_canonical)
        card->trivial = card->n_canonical;
    status = mfd_blas_singular(*rx, *ry, white, card->canonical, err);
    for (size_t i = 0; i < card->n_canonical && !status; i++) {
        card->canonical[i] = fmin(1, card->canonical[i]); /* within rounding */
        card->canonical_mean += card->canonical[i] / (double)card->n_canonical;
    }
    return status;
}

static int relate(struct mfd_card *card, const float *features, size_t embed, struct mfd_error *err)
{
    size_t n = card->windows, p = card->biological, q = card->technical;
    struct mfd_pairs_result pairs = { .accuracy = NAN };
    MFD_AUTO_FREE double *x = mfd_calloc(n, p * sizeof *x);
    MFD_AUTO_FREE double *y = mfd_calloc(n, q * sizeof *y);
    MFD_AUTO_FREE double *cross = mfd_calloc(p, q * sizeof *cross);
    if (!x || !y || !cross)
        return mfd_fail_nomem(err);
    card->constant_biological = standardise(features, n, embed, q, p, x);
    card->constant_technical = standardise(features, n, embed, 0, q, y);
    mfd_blas_cross(n, p, q, x, y, cross);
    for (size_t i = 0; i < p * q; i++) {
        cross[i] /= (double)n;
        card->cross_norm += cross[i] * cross[i];
        card->cross_mean_abs += fabs(cross[i]) / (double)(p * q);
    }
    card->cross_norm = sqrt(card->cross_norm);
    int status = correlate(card, x, y, cross, err);
    if (!status && n >= MFD_CARD_MIN_PAIRS)
        status = mfd_pairs_classify(x, p, y, q, n, card->seed, &pairs, err);
    card->classifier_accuracy = pairs.accuracy;
    card->classifier_train = pairs.train;
    card->classifier_test = pairs.test;
    return status;
}

/* ---- variance of logits ---- */

/* cov (p + q, p + q) of the features, as they are; the variance of a linear function follows. */
static double quadratic(const double *cov, size_t side, size_t row, size_t column, const float *a,
                        size_t n, const float *b, size_t m)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double inner = 0;
        for (size_t j = 0; j < m; j++)
            inner += cov[(row + i) * side + column + j] * (double)b[j];
        sum += (double)a[i] * inner;
    }
    return sum;
}

static double share_of(const struct mfd_card_track *t)
{
    double both = t->biological + t->technical;
    return both > 0 ? t->biological / both : NAN;
}

static int covariance(const float *features, size_t n, size_t e, double *cov, struct mfd_error *err)
{
    MFD_AUTO_FREE double *centred = mfd_calloc(n, e * sizeof *centred);
    if (!centred)
        return mfd_fail_nomem(err);
    for (size_t j = 0; j < e; j++) {
        double mean = 0;
        for (size_t i = 0; i < n; i++)
            mean += (double)features[i * e + j] / (double)n;
        for (size_t i = 0; i < n; i++)
            centred[i * e + j] = (double)features[i * e + j] - mean;
    }
    mfd_blas_cross(n, e, e, centred, centred, cov);
    for (size_t i = 0; i < e * e; i++)
        cov[i] /= (double)n;
    return MFD_OK;
}

static int divide(struct mfd_card *card, const struct mfd_head *h, const float *features,
                  size_t embed, struct mfd_error *err)
{
    size_t p = card->biological, q = card->technical;
    MFD_AUTO_FREE double *cov = mfd_calloc(embed, embed * sizeof *cov);
    if (!cov || !(card->track = mfd_calloc(card->tracks, sizeof *card->track)))
        return mfd_fail_nomem(err);
    int status = covariance(features, card->windows, embed, cov, err);
    if (status)
        return status;
    for (size_t t = 0; t < card->tracks; t++) {
        const float *bio = h->w_bio + t * p, *tech = h->w_tech + t * q;
        struct mfd_card_track *one = &card->track[t];
        one->biological = quadratic(cov, embed, q, q, bio, p, bio, p);
        one->technical = quadratic(cov, embed, 0, 0, tech, q, tech, q);
        one->covariance = 2 * quadratic(cov, embed, q, 0, bio, p, tech, q);
        one->total = one->biological + one->technical + one->covariance;
        one->share = share_of(one);
        card->mean.biological += one->biological / (double)card->tracks;
        card->mean.technical += one->technical / (double)card->tracks;
        card->mean.covariance += one->covariance / (double)card->tracks;
        card->mean.total += one->total / (double)card->tracks;
    }
    card->mean.share = share_of(&card->mean);
    return MFD_OK;
}

static int check(const struct mfd_config *c, const float *features, size_t windows,
                 struct mfd_error *err)
{
    if (c->model_class == MFD_BASELINE)
        return mfd_fail_as(err, MFD_EUNSUPPORTED, "unsupported",
                           "this model is a baseline: it has one space of features, so nothing can "
                           "be said of two");
    if (windows < MFD_MIN_CARD_WINDOWS || windows > MFD_MAX_CARD_WINDOWS)
        return mfd_fail_as(err, MFD_EINVAL, "invalid-value",
                           "%zu windows make no card; give %d to %d", windows, MFD_MIN_CARD_WINDOWS,
                           MFD_MAX_CARD_WINDOWS);
    for (size_t i = 0; i < windows * c->embed; i++)
        if (!isfinite(features[i]))
            return mfd_fail(err, MFD_EINVAL, "feature %zu of window %zu is not finite",
                            i % c->embed, i / c->embed);
    return mfd_blas_init(err);
}

int mfd_card_new(struct mfd_card **out, const struct mfd_config *config,
                 const struct mfd_head *head, const float *features, size_t windows, uint64_t seed,
                 struct mfd_error *err)
{
    int status = check(config, features, windows, err);
    if (status)
        return status;
    MFD_CLEANUP(mfd_card_free_p) struct mfd_card *card = mfd_calloc(1, sizeof *card);
    if (!card)
        return mfd_fail_nomem(err);
    card->windows = windows;
    card->biological = config->biological;
    card->technical = config->technical;
    card->tracks = head->tracks;
    card->seed = seed;
    if ((status = relate(card, features, config->embed, err)) ||
        (status = divide(card, head, features, config->embed, err)))
        return status;
    *out = mfd_steal(card);
    return MFD_OK;
}
