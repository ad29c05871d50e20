/* A value of metadata for every field of a model, coded. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/metadata.h"

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

/* Words that a field's code takes, and the inputs that they stand for (f->inputs floats). */
size_t mfd_code_length(const struct mfd_field *f, const uint32_t *code);
void mfd_code_expand(const struct mfd_field *f, const uint32_t *code, float *inputs);

/* As mfd_virtual_code and mfd_virtual_of_track, given metadata with fields. */
int mfd_combination_code(const struct mfd_metadata *md, const json_t *metadata, size_t defaults,
                         struct mfd_combination *out, char *column,
                         struct mfd_error *err) MFD_MUST_CHECK;
int mfd_combination_of_track(const struct mfd_metadata *md, size_t track,
                             struct mfd_combination *out, struct mfd_error *err) MFD_MUST_CHECK;
/* Where a field's code starts in a combination's. */
const uint32_t *mfd_combination_value(const struct mfd_metadata *md,
                                      const struct mfd_combination *c, size_t field);
/* `base` with the code values[i] in field i, or its own where that is NULL; its bias policy too. */
int mfd_combination_with(const struct mfd_metadata *md, const struct mfd_combination *base,
                         const uint32_t *const *values, struct mfd_combination *out,
                         struct mfd_error *err) MFD_MUST_CHECK;
