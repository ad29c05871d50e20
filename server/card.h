/* What a model says of itself, as JSON. */
#pragma once

#include <jansson.h>

#include "core/model/model.h"

/* Sizes, subspaces, window and bin, provenance, and the disentanglement card that the bundle keeps,
 * but for its tracks; null where it keeps none, or (logged) a damaged one. New references, NULL on
 * lack of memory. */
json_t *mfd_card_of_model(const struct mfd_model *model);
/* A metadata column: group, role, type, labels and counts, mean and sd. */
json_t *mfd_card_of_field(const struct mfd_model *model, size_t field);
/* The row of the metadata table; missing cells are null. */
json_t *mfd_card_of_track(const struct mfd_model *model, size_t track);
