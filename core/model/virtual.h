/* Virtual tracks: output weights for combinations of metadata that no experiment had.
 *
 * A combination names a value for every field. Many combinations share their biological or their
 * technical half, so weights are kept once a distinct half: combination i has weights w_bio[bio[i]]
 * and w_tech[tech[i]], and logits are computed once a half and then added. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/embedding.h"
#include "core/model/head.h"
#include "core/model/model.h"

#define MFD_MAX_VIRTUAL 100000 /* combinations of one request */
#define MFD_VIRTUAL_CACHE                                                                          \
    ((size_t)96 << 20) /* bytes of weights a model keeps, unless told otherwise */

/* `bias`, `stn_bio` and `stn_tech` belong to training tracks; no combination has its own. */
enum mfd_bias_policy {
    MFD_BIAS_NONE, /* 0 */
    MFD_BIAS_MEAN, /* mean over the trained tracks (held-out ones, never trained, do not count) */
    MFD_BIAS_MATCHED, /* mean over the trained tracks that share every biological value */
    MFD_BIAS_NUMBER,  /* as given */
};

#define MFD_HALF_KEY 32 /* hex digits of a SHA-256 */

/* A coded combination. Made by the functions below; `bias_policy` and `bias` are the caller's. */
struct mfd_combination {
    uint32_t *code; /* a field after the other: number of labels and their indices, or float bits */
    size_t n;       /* words of it */
    char key[MFD_GROUPS][MFD_HALF_KEY]; /* digests of the halves: equal where they are */
    enum mfd_bias_policy bias_policy;
    double bias; /* for MFD_BIAS_NUMBER */
};
#define MFD_COMBINATION_INIT                                                                       \
    {                                                                                              \
        0                                                                                          \
    }
void mfd_combination_deinit(struct mfd_combination *c);

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

/* Immutable and reference counted; any thread. Used while its model is. */
struct mfd_virtual {
    size_t tracks;                /* combinations */
    size_t n_bio, n_tech;         /* distinct halves */
    size_t biological, technical; /* widths */
    const float *w_bio;           /* (n_bio, biological), or with a basis its rows */
    const float *w_tech;          /* (n_tech, technical), likewise; both 64-byte aligned */
    const struct mfd_basis *bio_basis, *tech_basis; /* of the model, or NULL */
    const struct mfd_embedding *embedding;          /* of the model */
    const uint32_t *bio, *tech;                     /* (tracks), rows of the two */
    const float *bias;                              /* (tracks) */
};

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
const struct mfd_virtual *mfd_virtual_ref(const struct mfd_virtual *v);
void mfd_virtual_unref(const struct mfd_virtual *v);

/* The same weights as a plain head, a row a combination; NULL on lack of memory. */
struct mfd_head *mfd_virtual_head(const struct mfd_virtual *v);
/* The same as a head that shares halves (struct mfd_head, bio_row): nothing is copied, it holds a
 * reference on v. For who goes through bio_row and tech_row, as core/score does. */
struct mfd_head *mfd_virtual_shared_head(const struct mfd_virtual *v);

/* The cache of a model: what it holds and what it was asked. */
struct mfd_virtual_stats {
    uint64_t hits, misses;
    size_t entries, bytes, limit;
};
void mfd_virtual_stats(const struct mfd_model *model, struct mfd_virtual_stats *stats);
/* Change its limit in bytes; what is over it is dropped at once. */
void mfd_virtual_limit(const struct mfd_model *model, size_t bytes);
