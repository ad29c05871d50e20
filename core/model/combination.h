/* Inside of combinations, for the rest of core/model and for core/score. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/model/metadata.h"
#include "core/model/virtual.h"

/* Words that a field's code takes, and the inputs that they stand for (f->inputs floats). */
size_t mfd_code_length(const struct mfd_field *f, const uint32_t *code);
void mfd_code_expand(const struct mfd_field *f, const uint32_t *code, float *inputs);

/* The combination of a track, given metadata with fields. */
int mfd_combination_of_track(const struct mfd_metadata *md, size_t track,
                             struct mfd_combination *out, struct mfd_error *err) MFD_MUST_CHECK;
/* Where a field's code starts in a combination's. */
const uint32_t *mfd_combination_value(const struct mfd_metadata *md,
                                      const struct mfd_combination *c, size_t field);
/* `base` with the code values[i] in field i, or its own where that is NULL; its bias policy too. */
int mfd_combination_with(const struct mfd_metadata *md, const struct mfd_combination *base,
                         const uint32_t *const *values, struct mfd_combination *out,
                         struct mfd_error *err) MFD_MUST_CHECK;
