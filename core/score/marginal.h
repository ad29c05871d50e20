/* Predictions averaged over columns of metadata, and differences between settings of them.
 *
 * Both make a head whose rows are virtual tracks, to be scored like any other head (mfd_score_bins,
 * mfd_score_variants, ...), and reduce what comes out. Because the reduction is linear in each
 * output, an average of logits equals the logit of averaged weights (`mean`), and an average of
 * probabilities is one of probabilities. Immutable once made; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/model/virtual.h"

#define MFD_MAX_SETTINGS 20000 /* settings times bases of one request */

/* How the nuisance columns are distributed. */
enum mfd_over {
    MFD_OVER_TRAINING, /* jointly, as among the trained tracks (held-out ones do not count) */
    MFD_OVER_UNIFORM,  /* every label that a trained track carries alike, columns independently */
    MFD_OVER_GIVEN,    /* the values that given combinations have there */
};

/* A joint value of the nuisance columns. */
struct mfd_setting {
    double weight;                   /* all together 1 */
    size_t tracks;                   /* trained tracks that have it */
    struct mfd_combination combined; /* with its values in place of base 0's */
};

struct mfd_marginal {
    size_t bases, settings;
    size_t n_over;
    size_t *over; /* (n_over), fields averaged over */
    struct mfd_setting *setting;
    struct mfd_head *all;  /* (bases * settings) rows; row b * settings + s: base b in setting s */
    struct mfd_head *mean; /* (bases) rows: averages of weights and biases, so of logits */
    size_t n_bio, n_tech;  /* distinct halves among `all`, each embedded once */
};

/* Average `bases` combinations over the fields `over` (indices as in mfd_fields_at, each once). The
 * biases are those of the base's policy, in each setting by itself. `given` (n_given combinations;
 * weights may be NULL: alike) is for MFD_OVER_GIVEN, else ignored. MFD_EINVAL "invalid-value" where
 * a column of numbers is to be averaged uniformly, a weight is negative or all are 0; MFD_ELIMIT
 * "over-limit" for more than MFD_MAX_SETTINGS rows. */
int mfd_marginal_new(struct mfd_marginal **out, const struct mfd_model *model,
                     const struct mfd_combination *bases, size_t n_bases, const size_t *over,
                     size_t n_over, enum mfd_over distribution, const struct mfd_combination *given,
                     const double *weights, size_t n_given, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_marginal_free(struct mfd_marginal *m);

/* From values of `all`, (rows, bases * settings), the weighted mean and the population standard
 * deviation over settings, (rows, bases); `sd` may be NULL. The per-setting values are the input
 * itself. */
void mfd_marginal_reduce(const struct mfd_marginal *m, const float *values, size_t rows,
                         float *mean, float *sd);

/* ---- contrasts ---- */

enum mfd_held {
    MFD_HELD_NOTHING,    /* all that differs between a and b counts */
    MFD_HELD_TECHNICAL,  /* b is given a's technical weights and bias: biology alone differs */
    MFD_HELD_BIOLOGICAL, /* b is given a's biological weights and bias */
};

struct mfd_contrast {
    size_t pairs;
    struct mfd_head *all;        /* (2 * pairs) rows: 2i is a, 2i + 1 is b */
    struct mfd_head *difference; /* (pairs) rows: a minus b, in weights and biases, so in logits */
};

/* Contrast combination a[i] with b[i] at the same place. Columns that both groups read are held
 * equal in the group held only. */
int mfd_contrast_new(struct mfd_contrast **out, const struct mfd_model *model,
                     const struct mfd_combination *a, const struct mfd_combination *b, size_t pairs,
                     enum mfd_held held, struct mfd_error *err) MFD_MUST_CHECK;
void mfd_contrast_free(struct mfd_contrast *c);

/* From values of `all`, (rows, 2 * pairs), a minus b, (rows, pairs). Given effects of variants
 * (alternative minus reference), the difference in differences. */
void mfd_contrast_reduce(const struct mfd_contrast *c, const float *values, size_t rows,
                         float *difference);
