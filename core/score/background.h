/* How an effect compares with those of common variants.
 *
 * A background is, for each track, the distribution of |effect| (logits, alternative - reference,
 * published protocol) over common variants of real sequence, kept in the bundle at fixed
 * probabilities that grow denser towards 1. A signed quantile is sign(x) times the share of the
 * background below |x|: what "quantile score" is for signed scores elsewhere in the field. */
#pragma once

#include <stdint.h>

#include "core/base/error.h"
#include "core/model/model.h"

#define MFD_BACKGROUND_VARIANTS 10000 /* fewer are not accepted for a bundle */

/* Borrowed from the bundle. */
struct mfd_background {
    size_t points; /* B */
    size_t tracks;
    uint64_t variants;        /* how many it was built from */
    const float *probability; /* (B), rising, first 0 */
    const float *effect;      /* (B, tracks): |effect| at each probability, rising down a column */
    const char *source;       /* text of a JSON object: which variants; NULL where not told */
};

/* The background of a model; MFD_ENOTFOUND where its bundle has none, MFD_EFORMAT where it is of
 * another shape. */
int mfd_background_open(const struct mfd_model *model, struct mfd_background *out,
                        struct mfd_error *err) MFD_MUST_CHECK;

/* Whether its numbers are those of distributions, which takes reading them all. MFD_EFORMAT where
 * they are not. */
int mfd_background_check(const struct mfd_background *b, struct mfd_error *err) MFD_MUST_CHECK;

/* Signed quantile in [-1, 1] of an effect on the logits of a track; NaN of NaN. The largest that
 * can be said is n / (n + 1) of n variants. */
double mfd_background_quantile(const struct mfd_background *b, size_t track, double effect);

/* Write the bundle of `model` again to `path`, with a background made of `effects` (n, tracks), n
 * at least MFD_BACKGROUND_VARIANTS and no NaN among them. `source` (text of a JSON object) is told
 * in the bundle. */
int mfd_background_write(const struct mfd_model *model, const float *effects, size_t n,
                         const char *source, const char *path,
                         struct mfd_error *err) MFD_MUST_CHECK;
