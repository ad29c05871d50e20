/* Tracks that effects are averaged over. Private to core/score. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/model/virtual.h"
#include "core/score/introspect.h"

struct mfd_background {
    struct mfd_combination track[MFD_BACKGROUND]; /* trained ones, evenly spaced */
    size_t n;
};

/* On failure, deinit takes what there is. */
int mfd_background_init(struct mfd_background *b, const struct mfd_model *model,
                        struct mfd_error *err) MFD_MUST_CHECK;
void mfd_background_deinit(struct mfd_background *b);
/* mean (E_g): of the background's weights of one group, with the code values[i] in field i where
 * that is not NULL. */
int mfd_background_mean(const struct mfd_background *b, const struct mfd_model *model,
                        enum mfd_group group, const uint32_t *const *values, double *mean,
                        struct mfd_error *err) MFD_MUST_CHECK;
