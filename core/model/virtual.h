/* Virtual tracks: output weights for combinations of metadata that no experiment had.
 *
 * A combination names a value for every field. Many combinations share their biological or their
 * technical half, so weights are kept once a distinct half: combination i has weights w_bio[bio[i]]
 * and w_tech[tech[i]], and logits are computed once a half and then added. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "core/base/error.h"
#include "core/model/cache.h"
#include "core/model/combination.h"
#include "core/model/model.h"
#include "core/model/virtual_set.h"

#define MFD_MAX_VIRTUAL 100000 /* combinations of one request */

/* Code {"column": value, ...}. A value is a label, several as "a,b" or ["a", "b"], a number (for a
 * column of labels: the label that prints so), true, false, or null for what the table has where a
 * cell is empty. Columns left out are taken from track `defaults`, or where that is MFD_NONE are an
 * error that lists them. Slugs: "unknown-label" and "unknown-column" (the closest ones named),
 * "missing-column", "wrong-type", "invalid-value"; "unsupported" for a baseline. `column` (NULL, or
 * MFD_MAX_NAME bytes) receives the column at fault, or "". */
int mfd_virtual_code(const struct mfd_model *model, const json_t *metadata, size_t defaults,
                     struct mfd_combination *out, char *column,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* The combination that a track has. */
int mfd_virtual_of_track(const struct mfd_model *model, size_t track, struct mfd_combination *out,
                         struct mfd_error *err) MFD_MUST_CHECK;

/* Weights of n combinations: the distinct halves through the embedding networks in blocks of matrix
 * products, or from the model's cache where the same were asked for before (by content). The
 * weights are bare: what learn_signal_to_noise learned is left out. Where the bias is to be matched
 * and no track matches: MFD_ENOTFOUND, slug "no-track-matches", *bad (may be NULL) the
 * combination's index. */
int mfd_virtual_weights(const struct mfd_model *model, const struct mfd_combination *combinations,
                        size_t n, const struct mfd_virtual **out, size_t *bad,
                        struct mfd_error *err) MFD_MUST_CHECK;
/* w (n, E_g): weights of one group alone, a row a combination, each distinct half through the
 * networks once. Nothing is looked up in the model's cache or put there, so that who asks for
 * thousands of them drops nobody's. */
int mfd_virtual_half(const struct mfd_model *model, const struct mfd_combination *combinations,
                     size_t n, enum mfd_group group, float *w,
                     struct mfd_error *err) MFD_MUST_CHECK;

/* The cache of a model. */
void mfd_virtual_stats(const struct mfd_model *model, struct mfd_virtual_stats *stats);
/* Change its limit in bytes; what is over it is dropped at once. */
void mfd_virtual_limit(const struct mfd_model *model, size_t bytes);
