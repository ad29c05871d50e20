/* A registered model as the API shows it. */
#pragma once

#include <jansson.h>

#include "server/registry.h"

#define MFD_MODEL_ETAG 64

/* The entity tag of what is told of a model: it changes with the bundle, its state, and whether it
 * is the default. */
void mfd_model_etag(const struct mfd_model_info *info, char tag[MFD_MODEL_ETAG]);
/* Name, version, digest, state and the card; takes over the reference on `card` (may be NULL). */
json_t *mfd_model_json(const struct mfd_model_info *info, json_t *card);
