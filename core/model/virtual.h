/* Virtual tracks: output weights for combinations of metadata that no experiment had.
 *
 * Many combinations share their biological or their technical half, so weights are kept a distinct
 * half: combination i has weights w_bio[bio[i]] and w_tech[tech[i]], and logits may be computed
 * once a half and then added. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/head.h"
#include "core/model/model.h"

enum mfd_bias_policy {
    MFD_BIAS_NONE,    /* 0 */
    MFD_BIAS_MEAN,    /* mean over the trained tracks */
    MFD_BIAS_MATCHED, /* mean over the trained tracks that share every biological value */
    MFD_BIAS_NUMBER,  /* as given */
};

/* A combination of metadata, coded: one for every field, in mfd_fields order. Value semantics
 * through the functions below; `inputs` is (sum of all fields' inputs) wide. */
struct mfd_combination {
    float *inputs; /* multi-hot labels, standardised numbers: the fields' var_vals side by side */
    size_t n;
    enum mfd_bias_policy bias_policy;
    double bias; /* where the policy is MFD_BIAS_NUMBER */
};
#define MFD_COMBINATION_INIT                                                                       \
    {                                                                                              \
        0                                                                                          \
    }
void mfd_combination_deinit(struct mfd_combination *c);

/* Code {"column": value, ...}: a value is a label, several as "a,b" or ["a", "b"], a number, or
 * null for the label "nan". Columns left out take those of track `defaults`, or where that is
 * MFD_NONE are an error that lists them ("missing-column"). An unknown label is slug
 * "unknown-label" and names the closest ones; an unknown column is "unknown-column". `column` (may
 * be NULL, else 128 bytes) receives the column at fault, or "". */
int mfd_virtual_code(const struct mfd_model *model, const json_t *metadata, size_t defaults,
                     struct mfd_combination *out, char *column,
                     struct mfd_error *err) MFD_MUST_CHECK;
/* The combination that a track has. */
int mfd_virtual_of_track(const struct mfd_model *model, size_t track, struct mfd_combination *out,
                         struct mfd_error *err) MFD_MUST_CHECK;

/* Immutable and reference counted. Shapes: see the head of this file. */
struct mfd_virtual {
    size_t tracks;                /* combinations */
    size_t n_bio, n_tech;         /* distinct halves */
    size_t biological, technical; /* widths */
    float *w_bio;                 /* (n_bio, biological), 64-byte aligned */
    float *w_tech;                /* (n_tech, technical) */
    uint32_t *bio, *tech;         /* (tracks), rows of the two */
    float *bias;                  /* (tracks) */
    /* private */
    unsigned refs;
    size_t bytes;
    char key[65];
};

/* Weights of n combinations, all distinct halves through the embedding networks together; served
 * from the model's cache where the same ones were asked for before (by content, any thread). The
 * weights are bare: what learn_signal_to_noise learned belongs to a training track and is left out.
 * *bad (may be NULL) receives the index of the combination at fault. */
int mfd_virtual_weights(const struct mfd_model *model, const struct mfd_combination *combinations,
                        size_t n, const struct mfd_virtual **out, size_t *bad,
                        struct mfd_error *err) MFD_MUST_CHECK;
const struct mfd_virtual *mfd_virtual_ref(const struct mfd_virtual *v);
void mfd_virtual_unref(const struct mfd_virtual *v);

/* The same as a plain head, a row a combination; NULL on lack of memory. */
struct mfd_head *mfd_virtual_head(const struct mfd_virtual *v);

/* The cache, for metrics: what it holds and what it was asked. */
struct mfd_virtual_stats {
    uint64_t hits, misses;
    size_t entries, bytes, limit;
};
void mfd_virtual_stats(const struct mfd_model *model, struct mfd_virtual_stats *stats);
