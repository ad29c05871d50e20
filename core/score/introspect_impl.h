/* Tracks that effects are averaged over. Private to core/score. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/model/virtual.h"
#include "core/score/introspect.h"

struct mfd_panel {
    struct mfd_combination track[MFD_PANEL]; /* trained ones, evenly spaced */
    size_t n;
};

/* On failure, deinit takes what there is. */
int mfd_panel_init(struct mfd_panel *b, const struct mfd_model *model,
                   struct mfd_error *err) MFD_MUST_CHECK;
void mfd_panel_deinit(struct mfd_panel *b);
/* mean (E_g): of the panel's weights of one group, with the code values[i] in field i where
 * that is not NULL. */
int mfd_panel_mean(const struct mfd_panel *b, const struct mfd_model *model, enum mfd_group group,
                   const uint32_t *const *values, double *mean,
                   struct mfd_error *err) MFD_MUST_CHECK;
