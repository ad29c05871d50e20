/* What the latent features of a model stand for. */
#pragma once

#include <jansson.h>

#include "client/mfd/app.h"

/* The features of the model by subspace, in their order there: {"biological": [...], "technical":
 * [...]}, a new reference. */
int meaning_read(struct app *app, json_t **by_subspace, struct mfd_error *err) MFD_MUST_CHECK;
/* Append what a feature (as listed; may be NULL) stands for: "proc_target=CTCF". */
void meaning_add(struct mfd_buffer *out, json_t *feature);
/* Append what a feature that stands for no label alone weighs on most; asks the server. */
int meaning_add_most(struct app *app, struct mfd_buffer *out, json_t *feature,
                     struct mfd_error *err) MFD_MUST_CHECK;
