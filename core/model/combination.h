/* Inside of combinations, for the rest of core/model. */
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
