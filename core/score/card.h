/* The disentanglement card: how independent the two subspaces are on given windows, and how much of
 * the logits each of them makes.
 *
 * After Rakowski et al. 2024 (btae403): norm of the z-scored cross-covariance, canonical
 * correlations, and a classifier that tells true pairs of subspaces from shuffled ones. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/config.h"
#include "core/model/head.h"

#define MFD_MAX_CARD_WINDOWS 100000
#define MFD_MIN_CARD_WINDOWS 8
#define MFD_CARD_MIN_PAIRS 40 /* windows below which no classifier is trained */

/* Population variances over the windows. */
struct mfd_card_track {
    double biological, technical; /* of each part of the logits */
    double covariance;            /* twice their covariance */
    double total;                 /* of the logits: the three together */
    double share;                 /* biological / (biological + technical); NaN where both are 0 */
};

struct mfd_card {
    size_t windows, biological, technical, tracks;
    size_t constant_biological, constant_technical; /* features without variance: left out */

    /* C = Z_bio' Z_tech / windows, Z standardised by population mean and sd: correlations. */
    double cross_norm;     /* Frobenius */
    double cross_mean_abs; /* over all pairs of features; what chance gives: about
                              sqrt(2 / (pi * windows)) */

    /* Singular values of the whitened C, largest first. No ridge: directions of either subspace
     * whose variance is below 1e-7 of its largest are dropped, which leaves the ranks. With few
     * windows some must be 1: `trivial` of them, max(0, ranks together - (windows - 1)). */
    size_t rank_biological, rank_technical, n_canonical, trivial;
    double *canonical; /* (n_canonical) */
    double canonical_mean;

    /* Logistic regression (ridge 1, Newton's method) on the products p_i q_j and
     * (p_i^2 - 1)(q_j^2 - 1) of the first MFD_CARD_COMPONENTS whitened principal components p of
     * biology and q of technique, clipped to +-3; all of it learned on a random half of the
     * windows. Accuracy on true and shuffled pairs of the other half; 0.5 is chance. What so small
     * a classifier does not find may still be there. NaN below MFD_CARD_MIN_PAIRS windows. */
    double classifier_accuracy;
    size_t classifier_train, classifier_test; /* pairs, half of them shuffled */
    uint64_t seed;

    struct mfd_card_track *track; /* (tracks) */
    struct mfd_card_track mean;   /* over tracks; share is that of the means */
};

/* Compute the card of `windows` feature rows (windows, embed; technical first). Any thread; keeps
 * nothing. MFD_EUNSUPPORTED for a baseline, MFD_EINVAL for too few windows or values that are not
 * finite. */
int mfd_card_new(struct mfd_card **out, const struct mfd_config *config,
                 const struct mfd_head *head, const float *features, size_t windows, uint64_t seed,
                 struct mfd_error *err) MFD_MUST_CHECK;
void mfd_card_free(struct mfd_card *card);
